/* From crack contours to the polygon that temporal stability looks at. */
#ifndef VOSBENCH_POLYGON_H
#define VOSBENCH_POLYGON_H

#include "kernel.h"

enum { UP, LEFT, DOWN, RIGHT, JUNCTION }; /* bits of a corner's byte: its unused cracks, and whether pieces end here */
#define ALL_CRACKS 15
#define OPPOSITE(direction) ((direction) ^ 2)

typedef struct {
    int32_t start, end; /* junction numbers, from 1 */
    int32_t used;
    size_t first, count; /* its corners, both ends included */
} Piece;

typedef struct {
    int32_t pieces[4]; /* ascending */
    int32_t n, in_path; /* position in the path plus one */
} Junction;

typedef struct {
    int32_t junction, piece;
} Step;

typedef struct {
    double row, column; /* corner coordinates times two: see polygon_simplify() */
} Point;

typedef struct {
    uint8_t *keep;
    int32_t *stack;
    Py_ssize_t room;
} SimplifyScratch;

typedef struct {
    const uint8_t *mask;
    Py_ssize_t width;
    int32_t stride; /* corners in a row */
    uint8_t *cracks;
    int32_t *number; /* of the junction at each corner, 0 for none */
    int32_t n_junctions;
    int32_t *corners;
    size_t n_corners, corner_room;
    Piece *pieces;
    int32_t n_pieces;
    size_t piece_room;
    Junction *junctions;
    Step *path;
    Py_ssize_t length;
    int32_t *curve;
    Point *points;
    size_t curve_room;
    SimplifyScratch scratch;
    Point *best;
    Py_ssize_t best_n;
    size_t best_room;
} Tracer;

/* Make the array that `items` points to hold at least `needed` items of `size` bytes. -1 without memory. */
int polygon_reserve(void *items, size_t *room, size_t needed, size_t size);

/* Fill `pieces` and number the junctions. -1 without memory. */
int polygon_pieces(Tracer *tracer, Py_ssize_t height);

/* Simplify a closed list of points in place. Returns how many remain, -1 without memory. A list that cannot keep more
 * than `floor` points may be returned early with any length of at most `floor`. */
Py_ssize_t polygon_simplify(Point *points, Py_ssize_t n, Py_ssize_t floor, SimplifyScratch *scratch);

#endif

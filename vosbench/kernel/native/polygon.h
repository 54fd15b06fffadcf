/* Closed crack contours on their way to the polygon temporal stability looks at. */
#ifndef VOSBENCH_POLYGON_H
#define VOSBENCH_POLYGON_H

#include "kernel.h"

typedef struct {
    double row, column; /* corner coordinates times two: see simplify() */
} Point;

typedef struct {
    uint8_t *keep;
    int32_t *stack;
    Py_ssize_t room;
} SimplifyScratch;

/* Simplify a closed list of points in place. Returns how many remain, -1 without memory. A list that cannot keep more
 * than `floor` points may be returned early with any length of at most `floor`. */
Py_ssize_t simplify(Point *points, Py_ssize_t n, Py_ssize_t floor, SimplifyScratch *scratch);

#endif

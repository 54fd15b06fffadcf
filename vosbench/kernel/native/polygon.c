/* From a mask to its longest polygon: crack contours, simple closed curves, the curve with most vertices.
 *
 * The order in which curves are found decides their start corners and, among equals, which one is chosen, so it follows
 * the DAVIS toolkit step by step. vosbench/kernel/polygon_twin.py says the same in the open. */
#include "polygon.h"
#include <stdlib.h>

/* ---------------------------------------------------------------- assembly */

/* Bucket counts of a hash table in the published binaries. With this many junctions the table's order, in which the
 * curves are started, is another one. */
static int hash_table_full(int32_t n)
{
    static const int32_t counts[] = {
        2,     3,     5,     7,     11,    13,    17,    19,    23,    29,    31,    37,    41,    43,    47,    53,
        59,    61,    67,    71,    73,    79,    83,    89,    97,    103,   109,   113,   127,   137,   139,   149,
        157,   167,   179,   193,   199,   211,   227,   241,   257,   277,   293,   313,   337,   359,   383,   409,
        439,   467,   503,   541,   577,   619,   661,   709,   761,   823,   887,   953,   1031,  1109,  1193,  1289,
        1381,  1493,  1613,  1741,  1879,  2029,  2179,  2357,  2549,  2753,  2971,  3209,  3469,  3739,  4027,  4349,
        4703,  5087,  5503,  5953,  6427,  6949,  7517,  8123,  8783,  9497,  10273, 11113, 12011, 12983, 14033, 15173,
        16411, 17749, 19183, 20753, 22447, 24281, 26267, 28411, 30727, 33223, 35933, 38873, 42043, 45481, 49201, 53201,
        57557, 62233, 67307, 72817, 78779, 85229, 92203, 99733,
    };
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
        if (counts[k] == n)
            return 1;
    return 0;
}

static int is_vertical(const Tracer *t, int32_t from, int32_t to) { return to - from == t->stride || from - to == t->stride; }

static int leaves_vertically(const Tracer *t, const Piece *piece, int32_t junction)
{
    const int32_t *corner = t->corners + piece->first;
    if (piece->start != junction)
        corner += piece->count - 2;
    return is_vertical(t, corner[0], corner[1]);
}

/* The lowest unused piece at the junction; the second lowest if that one would go straight on from `before`. -1: none. */
static int32_t next_piece(const Tracer *t, int32_t junction, const Piece *before)
{
    const Junction *here = &t->junctions[junction];
    for (int32_t k = 0, skipped = 0; k < here->n; k++) {
        const Piece *piece = &t->pieces[here->pieces[k]];
        if (piece->used)
            continue;
        if (!before || skipped || leaves_vertically(t, piece, junction) != leaves_vertically(t, before, junction))
            return here->pieces[k];
        skipped = 1;
    }
    return -1;
}

static size_t join_pieces(Tracer *t, Py_ssize_t from)
{
    size_t n = 0;
    for (Py_ssize_t k = from; k < t->length; k++) {
        const Piece *piece = &t->pieces[t->path[k].piece];
        const int32_t *corner = t->corners + piece->first;
        const int forward = piece->start == t->path[k].junction;
        for (size_t i = n ? 1 : 0; i < piece->count; i++) /* the corner they share once */
            t->curve[n++] = corner[forward ? i : piece->count - 1 - i];
    }
    return n;
}

/* A curve is a hole iff it lies within an odd number of others. Left of its first vertical crack none of its own cracks is
 * met on the way to the frame, so the pixel there tells. */
static int is_hole(const Tracer *t, size_t n)
{
    int32_t first = INT32_MAX;
    for (size_t k = 0; k + 1 < n; k++) {
        const int32_t top = t->curve[k] < t->curve[k + 1] ? t->curve[k] : t->curve[k + 1];
        if (is_vertical(t, t->curve[k], t->curve[k + 1]) && top < first)
            first = top;
    }
    const Py_ssize_t row = first / t->stride, column = first % t->stride;
    return column > 0 && t->mask[row * t->width + column - 1] != 0;
}

/* Outer curves run clockwise on screen, holes the other way round; the start point stays. */
static void orient(Point *points, Py_ssize_t n, int hole)
{
    double area = 0;
    for (Py_ssize_t k = 0; k + 1 < n; k++)
        area += (points[k + 1].row - points[k].row) * (points[k + 1].column + points[k].column);
    if ((area > 0) != hole)
        return;
    for (Py_ssize_t i = 0, k = n - 1; i < k; i++, k--) {
        const Point swap = points[i];
        points[i] = points[k];
        points[k] = swap;
    }
}

/* Cut the curve that has just closed off the path; keep its polygon if it has more vertices than any before. */
static int close_curve(Tracer *t, Py_ssize_t from)
{
    size_t corners = 0;
    for (Py_ssize_t k = from; k < t->length; k++)
        corners += t->pieces[t->path[k].piece].count;
    size_t room = t->curve_room;
    if (polygon_reserve(&t->curve, &room, corners, sizeof *t->curve) < 0 ||
        polygon_reserve(&t->points, &t->curve_room, corners, sizeof *t->points) < 0)
        return -1;
    const size_t n = join_pieces(t, from);
    for (Py_ssize_t k = from; k < t->length; k++)
        t->junctions[t->path[k].junction].in_path = 0;
    t->length = from;

    const Py_ssize_t floor = t->best_n < 3 ? 3 : t->best_n; /* fewer than 4 points are no polygon */
    for (size_t k = 0; k < n; k++)
        t->points[k] = (Point){2.0 * (t->curve[k] / t->stride), 2.0 * (t->curve[k] % t->stride)};
    const Py_ssize_t kept = polygon_simplify(t->points, (Py_ssize_t)n, floor, &t->scratch);
    if (kept <= floor)
        return kept < 0 ? -1 : 0;
    if (polygon_reserve(&t->best, &t->best_room, (size_t)kept, sizeof *t->best) < 0)
        return -1;
    memcpy(t->best, t->points, (size_t)kept * sizeof *t->best);
    t->best_n = kept;
    orient(t->best, kept, is_hole(t, n));
    return 0;
}

/* Take a piece; returns the junction at its other end. */
static int32_t follow(Tracer *t, int32_t junction, int32_t piece)
{
    t->path[t->length++] = (Step){junction, piece};
    t->junctions[junction].in_path = (int32_t)t->length;
    t->pieces[piece].used = 1;
    return t->pieces[piece].start == junction ? t->pieces[piece].end : t->pieces[piece].start;
}

static int assemble_from(Tracer *t, int32_t junction)
{
    int32_t piece;
    while ((piece = next_piece(t, junction, t->length ? &t->pieces[t->path[t->length - 1].piece] : NULL)) >= 0) {
        junction = follow(t, junction, piece);
        if (t->junctions[junction].in_path && close_curve(t, t->junctions[junction].in_path - 1) < 0)
            return -1;
    }
    return t->length ? -1 : 0; /* always 0: cracks meet in even numbers */
}

static int assemble(Tracer *t)
{
    const int32_t n = t->n_junctions;
    t->junctions = calloc((size_t)n + 1, sizeof *t->junctions);
    t->path = malloc(((size_t)n + 1) * sizeof *t->path);
    if (!t->junctions || !t->path)
        return -1;
    for (int32_t p = 0; p < t->n_pieces; p++) {
        Junction *start = &t->junctions[t->pieces[p].start], *end = &t->junctions[t->pieces[p].end];
        start->pieces[start->n++] = p;
        if (end != start)
            end->pieces[end->n++] = p;
    }
    const int full = hash_table_full(n);
    for (int32_t k = 0; k < n; k++)
        if (assemble_from(t, full && k ? k : n - k) < 0)
            return -1;
    return 0;
}

/* ---------------------------------------------------------------- entry */

static PyObject *polygon_bytes(const Tracer *t)
{
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, t->best_n * 2 * (Py_ssize_t)sizeof(int32_t));
    if (!bytes)
        return NULL;
    int32_t *out = (int32_t *)PyBytes_AsString(bytes);
    for (Py_ssize_t k = 0; k < t->best_n; k++) {
        out[2 * k] = (int32_t)(t->best[k].row / 2);
        out[2 * k + 1] = (int32_t)(t->best[k].column / 2);
    }
    return bytes;
}

static PyObject *longest_polygon(PyObject *self, PyObject *args)
{
    PyObject *object;
    Py_ssize_t height, width;
    Py_buffer mask;
    (void)self;
    if (!PyArg_ParseTuple(args, "Onn", &object, &height, &width))
        return NULL;
    if (height < 1 || width < 1 || width >= INT32_MAX / 8 || height + 1 > INT32_MAX / 8 / (width + 1)) {
        PyErr_SetString(PyExc_ValueError, "a mask has 1 to 2**28 pixels");
        return NULL;
    }
    if (kernel_borrow(object, &mask, 0, height * width, "mask") < 0)
        return NULL;
    Tracer tracer = {.mask = mask.buf, .width = width, .stride = (int32_t)width + 1};
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = polygon_pieces(&tracer, height) < 0 || assemble(&tracer) < 0;
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&mask);
    PyObject *result = failed ? PyErr_NoMemory() : polygon_bytes(&tracer);
    void *owned[] = {tracer.cracks, tracer.number, tracer.corners, tracer.pieces, tracer.junctions, tracer.path, tracer.curve,
                     tracer.points, tracer.scratch.keep, tracer.scratch.stack, tracer.best};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++)
        free(owned[k]);
    return result;
}

PyMethodDef polygon_methods[] = {
    {"longest_polygon", longest_polygon, METH_VARARGS, "longest_polygon(mask, height, width) -> vertices"},
    {NULL, NULL, 0, NULL},
};

/* The two-pass simplification of the DAVIS toolkit: drop points too near the last one kept, then Douglas-Peucker.
 *
 * It runs at tolerance 0.1 and again at 3.0, on corner coordinates times two; in pixels the tolerance is 1.5. */
#include "polygon.h"
#include <stdlib.h>

static const double TOLERANCES[2] = {0.1, 3.0};

static inline double squared(double row, double column) { return row * row + column * column; }

static Py_ssize_t drop_near(Point *points, Py_ssize_t n, double tolerance2)
{
    Py_ssize_t kept = 1;
    for (Py_ssize_t k = 1; k + 1 < n; k++)
        if (squared(points[k].row - points[kept - 1].row, points[k].column - points[kept - 1].column) >= tolerance2)
            points[kept++] = points[k];
    points[kept++] = points[n - 1];
    return kept;
}

/* The interior point of [a, b] farthest from the segment, the last of equals. The ratio is rounded to single precision, as
 * in the original: this decides which of several equally far points wins. */
static Py_ssize_t farthest(const Point *points, Py_ssize_t a, Py_ssize_t b, double *distance2)
{
    const double vr = points[b].row - points[a].row, vc = points[b].column - points[a].column, vv = squared(vr, vc);
    double best = 0;
    Py_ssize_t at = a;
    for (Py_ssize_t k = a + 1; k < b; k++) {
        const double wr = points[k].row - points[a].row, wc = points[k].column - points[a].column;
        const double wv = wr * vr + wc * vc;
        double d2;
        if (wv <= 0)
            d2 = squared(wr, wc);
        else if (vv <= wv)
            d2 = squared(points[k].row - points[b].row, points[k].column - points[b].column);
        else {
            const double t = (float)((float)wv / (float)vv);
            d2 = squared(points[k].row - (points[a].row + t * vr), points[k].column - (points[a].column + t * vc));
        }
        if (d2 >= best) {
            best = d2;
            at = k;
        }
    }
    *distance2 = best;
    return at;
}

static Py_ssize_t douglas_peucker(Point *points, Py_ssize_t n, double tolerance2, SimplifyScratch *scratch)
{
    memset(scratch->keep, 0, (size_t)n);
    scratch->keep[0] = scratch->keep[n - 1] = 1;
    Py_ssize_t a = 0, depth = 0;
    scratch->stack[depth++] = (int32_t)(n - 1); /* right ends of the ranges to do; each starts where the one before ends */
    while (depth) {
        const Py_ssize_t b = scratch->stack[depth - 1];
        double distance2;
        const Py_ssize_t split = farthest(points, a, b, &distance2);
        if (tolerance2 < distance2) {
            scratch->keep[split] = 1;
            scratch->stack[depth++] = (int32_t)split;
        } else {
            a = b;
            depth--;
        }
    }
    Py_ssize_t kept = 0;
    for (Py_ssize_t k = 0; k < n; k++)
        if (scratch->keep[k])
            points[kept++] = points[k];
    return kept;
}

static int make_room(SimplifyScratch *scratch, Py_ssize_t n)
{
    if (n <= scratch->room)
        return 0;
    n += n / 2;
    free(scratch->keep);
    free(scratch->stack);
    scratch->keep = malloc((size_t)n);
    scratch->stack = malloc((size_t)n * sizeof *scratch->stack);
    scratch->room = scratch->keep && scratch->stack ? n : 0;
    return scratch->room ? 0 : -1;
}

Py_ssize_t polygon_simplify(Point *points, Py_ssize_t n, Py_ssize_t floor, SimplifyScratch *scratch)
{
    if (make_room(scratch, n) < 0)
        return -1;
    for (int stage = 0; stage < 2 && n >= 3; stage++) {
        const double tolerance2 = TOLERANCES[stage] * TOLERANCES[stage];
        n = drop_near(points, n, tolerance2);
        if (n <= floor)
            return n;
        n = douglas_peucker(points, n, tolerance2, scratch);
    }
    return n;
}

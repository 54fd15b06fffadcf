/* Shape contexts of the samples of a polygon (Belongie et al., PAMI 2002). */
#include "shape_context.h"
#include <math.h>
#include <stdlib.h>

#define LONGEST_STEP 3.0
#define FARTHEST 1e9 /* coordinates beyond this are refused */

static const double PI = 3.141592653589793, PI_LOW = 1.2246467991473532e-16;
static const double EDGES[RINGS] = {0.125, 0.25000000000000006, 0.5000000000000001, 1.0, 2.0};

/* ---------------------------------------------------------------- samples */

static double steps_between(const int32_t *p, const int32_t *q)
{
    const double row = (double)q[0] - p[0], column = (double)q[1] - p[1];
    const double length = sqrt(row * row + column * column);
    return length > LONGEST_STEP ? ceil(length / LONGEST_STEP) : 1;
}

/* Points at most 3 pixels apart, each found by adding the step to the one before: the noise of that is part of the result. */
static void sample(const int32_t *vertices, Py_ssize_t n, double *out)
{
    for (Py_ssize_t k = 0; k + 1 < n; k++, vertices += 2) {
        const double steps = steps_between(vertices, vertices + 2);
        const double dr = ((double)vertices[2] - vertices[0]) / steps, dc = ((double)vertices[3] - vertices[1]) / steps;
        double row = vertices[0], column = vertices[1];
        for (double g = 0; g < steps; g++, row += dr, column += dc) {
            *out++ = row;
            *out++ = column;
        }
    }
    out[0] = vertices[0];
    out[1] = vertices[1];
}

static PyObject *resample(PyObject *self, PyObject *args)
{
    PyObject *object, *bytes = NULL;
    Py_ssize_t n;
    Py_buffer vertices;
    (void)self;
    if (!PyArg_ParseTuple(args, "On", &object, &n))
        return NULL;
    if (n < 1 || n > MOST_SAMPLES) {
        PyErr_SetString(PyExc_ValueError, "a polygon has 1 to 2**24 vertices");
        return NULL;
    }
    if (kernel_borrow(object, &vertices, 0, n * 2 * (Py_ssize_t)sizeof(int32_t), "vertices") < 0)
        return NULL;
    const int32_t *vertex = vertices.buf;
    double total = 1;
    for (Py_ssize_t k = 0; k + 1 < n; k++)
        total += steps_between(vertex + 2 * k, vertex + 2 * k + 2);
    if (total > MOST_SAMPLES)
        PyErr_SetString(PyExc_ValueError, "the polygon is too long to sample");
    else if ((bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)total * 2 * (Py_ssize_t)sizeof(double))) != NULL)
        sample(vertex, n, (double *)PyBytes_AsString(bytes));
    PyBuffer_Release(&vertices);
    return bytes;
}

/* ---------------------------------------------------------------- histograms */

/* Mean of all n x n distances, the zeros of the diagonal included. Sums run down the columns, then along them. */
static double mean_distance(const double *row, const double *column, Py_ssize_t n, double *sums)
{
    memset(sums, 0, (size_t)n * sizeof *sums);
    for (Py_ssize_t i = 0; i < n; i++)
        for (Py_ssize_t j = 0; j < n; j++) {
            const double x = row[j] - row[i], y = column[j] - column[i];
            sums[j] += sqrt(x * x + y * y);
        }
    double total = 0;
    for (Py_ssize_t j = 0; j < n; j++)
        total += sums[j];
    return total / ((double)n * (double)n);
}

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The smallest squared distance that, as a multiple of the mean distance, reaches `edge`. Rounded roots and quotients never
 * decrease, so comparing squared distances with it gives the very ring that comparing multiples gives. */
static double squared_edge(double edge, double mean)
{
    uint64_t below = 0, reached = 0x7ff0000000000000u; /* as bits, non-negative doubles are in order */
    while (reached - below > 1) {
        const uint64_t middle = below + (reached - below) / 2;
        if (sqrt(from_bits(middle)) / mean >= edge)
            reached = middle;
        else
            below = middle;
    }
    return from_bits(reached);
}

/* Sector of the direction (x down, y right) in the published binaries' arithmetic, to the last bit. */
static int exact_sector(double x, double y)
{
    double theta;
    if (y == 0)
        theta = x >= 0 ? 0 : PI;
    else if (x == 0)
        theta = y > 0 ? PI / 2 : -PI / 2;
    else {
        const double z = atan(fabs(y / x));
        theta = x > 0 ? (y > 0 ? z : -z) : (y > 0 ? PI - (z - PI_LOW) : (z - PI_LOW) - PI);
    }
    double t = theta + 2 * PI;
    const double u = t / (2 * PI), m = floor(u + 0.5);
    if (m != 0 && fabs(u - m) / m < EPSILON)
        t = 0;
    else if (u >= 1)
        t -= 2 * PI;
    const int sector = (int)floor(t / (2 * PI / SECTORS));
    return sector < SECTORS ? sector : SECTORS - 1;
}

#define UNCOUNTED 255
#define UNSURE 128 /* added to the ring where the direction is too near a sector's edge for comparisons of slopes */

/* Bins of samples j0..n-1 as seen from sample i. */
static void bins_from(const double *row, const double *column, Py_ssize_t i, Py_ssize_t n, const double *edges, double *bins)
{
    const double tan30 = 0.5773502691896257, tan60 = 1.7320508075688772, margin = 1e-9;
    const double r = row[i], c = column[i];
    for (Py_ssize_t j = i; j < n; j++) {
        const double x = row[j] - r, y = column[j] - c, d2 = x * x + y * y;
        const double a = fabs(x), b = fabs(y), near = margin * (a + b);
        double ring = 0, slope = 0, unsure = 0;
        for (int k = 0; k < RINGS; k++)
            ring += d2 < edges[k] ? SECTORS : 0.0;
        slope += b > tan30 * a ? 1.0 : 0.0;
        slope += b > tan60 * a ? 1.0 : 0.0;
        unsure = a <= near ? 1.0 : unsure;
        unsure = b <= near ? 1.0 : unsure;
        unsure = fabs(b - tan30 * a) <= near ? 1.0 : unsure;
        unsure = fabs(b - tan60 * a) <= near ? 1.0 : unsure;
        const double quarter = y < 0 ? (x < 0 ? 6.0 : 11.0) : (x < 0 ? 5.0 : 0.0);
        const double flip = y < 0 ? (x < 0 ? 1.0 : -1.0) : (x < 0 ? -1.0 : 1.0);
        const double sector = unsure != 0 ? UNSURE : quarter + flip * slope;
        bins[j] = ring != 0 ? ring - SECTORS + sector : UNCOUNTED;
    }
}

static inline int opposite(int bin) { return bin % SECTORS < SECTORS / 2 ? bin + SECTORS / 2 : bin - SECTORS / 2; }

/* Seen from the other end a sector is the opposite one, except by the rules for the edges. */
static void count_from(const double *row, const double *column, Py_ssize_t i, Py_ssize_t n, const double *bins, double *counts)
{
    double *ours = counts + i * BINS;
    ours[BINS - SECTORS] += 1; /* itself */
    for (Py_ssize_t j = i + 1; j < n; j++) {
        const int bin = (int)bins[j];
        double *theirs = counts + j * BINS;
        if (bin < BINS) {
            ours[bin] += 1;
            theirs[opposite(bin)] += 1;
        } else if (bin < UNCOUNTED) {
            const double x = row[j] - row[i], y = column[j] - column[i];
            ours[bin - UNSURE + exact_sector(x, y)] += 1;
            theirs[bin - UNSURE + exact_sector(-x, -y)] += 1;
        }
    }
}

static int shape_contexts_run(const double *samples, Py_ssize_t n, double *out)
{
    double *work = malloc((size_t)n * 3 * sizeof *work);
    if (!work)
        return -1;
    double *row = work, *column = work + n, *bins = work + 2 * n, edges[RINGS];
    for (Py_ssize_t i = 0; i < n; i++) {
        row[i] = samples[2 * i];
        column[i] = samples[2 * i + 1];
    }
    const double mean = mean_distance(row, column, n, bins);
    memset(out, 0, (size_t)n * BINS * sizeof *out);
    for (int k = 0; k < RINGS; k++)
        edges[k] = mean > 0 ? squared_edge(EDGES[k], mean) : 0;
    for (Py_ssize_t i = 0; i < n && mean > 0; i++) {
        bins_from(row, column, i, n, edges, bins);
        count_from(row, column, i, n, bins, out);
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        double total = EPSILON;
        double count = 0;
        for (int b = 0; b < BINS; b++)
            count += out[i * BINS + b];
        total += count;
        for (int b = 0; b < BINS; b++)
            out[i * BINS + b] /= total;
    }
    free(work);
    return 0;
}

static PyObject *shape_contexts(PyObject *self, PyObject *args)
{
    PyObject *in_object, *out_object;
    Py_ssize_t n;
    Py_buffer in, out;
    int failed = 0, usable = 1;
    (void)self;
    if (!PyArg_ParseTuple(args, "OnO", &in_object, &n, &out_object))
        return NULL;
    if (n < 1 || n > MOST_SAMPLES) {
        PyErr_SetString(PyExc_ValueError, "a polygon has 1 to 2**24 samples");
        return NULL;
    }
    if (kernel_borrow(in_object, &in, 0, n * 2 * (Py_ssize_t)sizeof(double), "samples") < 0)
        return NULL;
    if (kernel_borrow(out_object, &out, 1, n * BINS * (Py_ssize_t)sizeof(double), "out") < 0) {
        PyBuffer_Release(&in);
        return NULL;
    }
    for (Py_ssize_t k = 0; k < 2 * n; k++)
        usable &= fabs(((const double *)in.buf)[k]) <= FARTHEST; /* not so for NaN */
    Py_BEGIN_ALLOW_THREADS
    if (usable)
        failed = shape_contexts_run(in.buf, n, out.buf);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&in);
    PyBuffer_Release(&out);
    if (!usable) {
        PyErr_SetString(PyExc_ValueError, "sample coordinates must be finite and at most 1e9");
        return NULL;
    }
    return failed ? PyErr_NoMemory() : Py_NewRef(Py_None);
}

PyMethodDef shape_context_methods[] = {
    {"resample", resample, METH_VARARGS, "resample(vertices, n) -> samples"},
    {"shape_contexts", shape_contexts, METH_VARARGS, "shape_contexts(samples, n, out)"},
    {NULL, NULL, 0, NULL},
};

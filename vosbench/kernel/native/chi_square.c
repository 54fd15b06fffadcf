/* Chi-square costs between two sets of histograms. Bins are summed in order, as the published values need. */
#include "shape_context.h"
#include <stdlib.h>

#define GAP 8 /* shorter runs of empty bins are not worth ending a run for */

typedef struct {
    double *value; /* one bin of all histograms, contiguous */
    double *alone; /* its terms against an empty bin */
    int32_t *runs; /* n_runs times (first, behind) such that the value is 0 outside them */
    int32_t n_runs;
} Bin;

static void fill_bin(Bin *bin, const double *histograms, int b, Py_ssize_t n)
{
    bin->n_runs = 0;
    for (Py_ssize_t j = 0; j < n; j++) {
        const double h = histograms[j * BINS + b];
        bin->value[j] = h;
        bin->alone[j] = h * h / (h + EPSILON);
        if (h == 0)
            continue;
        if (bin->n_runs && j - bin->runs[2 * bin->n_runs - 1] < GAP)
            bin->runs[2 * bin->n_runs - 1] = (int32_t)j + 1;
        else {
            bin->runs[2 * bin->n_runs] = (int32_t)j;
            bin->runs[2 * bin->n_runs++ + 1] = (int32_t)j + 1;
        }
    }
}

WIDER static void add_full(double *out, const double *value, double h, int32_t from, int32_t to)
{
    for (int32_t j = from; j < to; j++) {
        const double difference = h - value[j];
        out[j] += difference * difference / (h + value[j] + EPSILON);
    }
}

/* Add one bin's terms to a row of costs. A bin empty on either side leaves a term that needs no division here; empty on
 * both sides, it adds nothing. */
WIDER static void add_bin(double *out, const Bin *bin, double h, int32_t n)
{
    const double lone = h * h / (h + EPSILON);
    int32_t at = 0;
    for (int32_t k = 0; k <= bin->n_runs; k++) {
        const int32_t from = k < bin->n_runs ? bin->runs[2 * k] : n, to = k < bin->n_runs ? bin->runs[2 * k + 1] : n;
        if (h == 0)
            for (int32_t j = from; j < to; j++)
                out[j] += bin->alone[j];
        else {
            for (int32_t j = at; j < from; j++)
                out[j] += lone;
            add_full(out, bin->value, h, from, to);
        }
        at = to;
    }
}

static int chi_square_run(const double *a, Py_ssize_t n_a, const double *b, Py_ssize_t n_b, double *out)
{
    const size_t runs = 2 * ((size_t)n_b / GAP + 2);
    double *values = malloc(2 * BINS * (size_t)n_b * sizeof *values);
    int32_t *all_runs = malloc(BINS * runs * sizeof *all_runs);
    Bin bins[BINS];
    const int failed = !values || !all_runs ? -1 : 0;
    for (int k = 0; k < BINS && !failed; k++) {
        bins[k] = (Bin){values + 2 * k * n_b, values + (2 * k + 1) * n_b, all_runs + k * runs, 0};
        fill_bin(&bins[k], b, k, n_b);
    }
    for (Py_ssize_t i = 0; i < n_a && !failed; i++, out += n_b) {
        memset(out, 0, (size_t)n_b * sizeof *out);
        for (int k = 0; k < BINS; k++)
            add_bin(out, &bins[k], a[i * BINS + k], (int32_t)n_b);
        for (Py_ssize_t j = 0; j < n_b; j++)
            out[j] *= 0.5;
    }
    free(values);
    free(all_runs);
    return failed;
}

static PyObject *chi_square(PyObject *self, PyObject *args)
{
    PyObject *objects[3];
    Py_buffer view[3];
    Py_ssize_t n_a, n_b;
    static const char *names[3] = {"a", "b", "out"};
    (void)self;
    if (!PyArg_ParseTuple(args, "OnOnO", &objects[0], &n_a, &objects[1], &n_b, &objects[2]))
        return NULL;
    if (n_a < 1 || n_b < 1 || n_a > MOST_SAMPLES || n_b > MOST_SAMPLES || n_a > PY_SSIZE_T_MAX / 8 / n_b) {
        PyErr_SetString(PyExc_ValueError, "the number of samples is out of range");
        return NULL;
    }
    const Py_ssize_t histogram = BINS * (Py_ssize_t)sizeof(double);
    const Py_ssize_t bytes[3] = {n_a * histogram, n_b * histogram, n_a * n_b * (Py_ssize_t)sizeof(double)};
    int held = 0, failed = 0;
    while (held < 3 && kernel_borrow(objects[held], &view[held], held == 2, bytes[held], names[held]) == 0)
        held++;
    if (held == 3) {
        Py_BEGIN_ALLOW_THREADS
        failed = chi_square_run(view[0].buf, n_a, view[1].buf, n_b, view[2].buf);
        Py_END_ALLOW_THREADS
    }
    const int complete = held == 3;
    while (held > 0)
        PyBuffer_Release(&view[--held]);
    if (failed)
        return PyErr_NoMemory();
    return complete ? Py_NewRef(Py_None) : NULL;
}

PyMethodDef chi_square_methods[] = {
    {"chi_square", chi_square, METH_VARARGS, "chi_square(a, n_a, b, n_b, out)"},
    {NULL, NULL, 0, NULL},
};

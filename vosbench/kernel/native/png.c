/* Undo PNG row filters (PNG specification, third edition, section 9) and unpack indices of 1, 2 or 4 bits. */
#include "kernel.h"
#include <stdlib.h>

static inline uint8_t paeth(int left, int up, int corner)
{
    int estimate = left + up - corner;
    int to_left = abs(estimate - left), to_up = abs(estimate - up), to_corner = abs(estimate - corner);
    if (to_left <= to_up && to_left <= to_corner)
        return (uint8_t)left;
    return (uint8_t)(to_up <= to_corner ? up : corner);
}

/* The filters' "pixel to the left" is the byte `step` to the left; a row has at least `step` bytes. -1: unknown filter. */
static inline int unfilter_row(int filter, const uint8_t *in, const uint8_t *above, uint8_t *row, Py_ssize_t n,
                               Py_ssize_t step)
{
    switch (filter) {
    case 0:
        memcpy(row, in, (size_t)n);
        return 0;
    case 1:
        memcpy(row, in, (size_t)step);
        for (Py_ssize_t x = step; x < n; x++)
            row[x] = (uint8_t)(in[x] + row[x - step]);
        return 0;
    case 2:
        for (Py_ssize_t x = 0; x < n; x++)
            row[x] = (uint8_t)(in[x] + above[x]);
        return 0;
    case 3:
        for (Py_ssize_t x = 0; x < step; x++)
            row[x] = (uint8_t)(in[x] + above[x] / 2);
        for (Py_ssize_t x = step; x < n; x++)
            row[x] = (uint8_t)(in[x] + (row[x - step] + above[x]) / 2);
        return 0;
    case 4:
        for (Py_ssize_t x = 0; x < step; x++)
            row[x] = (uint8_t)(in[x] + above[x]);
        for (Py_ssize_t x = step; x < n; x++)
            row[x] = (uint8_t)(in[x] + paeth(row[x - step], above[x], above[x - step]));
        return 0;
    default:
        return -1;
    }
}

/* Leftmost pixel in the highest bits; in place, from the right end, since the unpacked row is the longer one. */
static void unpack_row(uint8_t *row, Py_ssize_t width, int depth)
{
    const int per_byte = 8 / depth, mask = (1 << depth) - 1;
    for (Py_ssize_t x = width - 1; x >= 0; x--)
        row[x] = (uint8_t)((row[x / per_byte] >> (8 - depth * (x % per_byte + 1))) & mask);
}

static int unfilter_run(const uint8_t *in, Py_ssize_t height, Py_ssize_t width, int depth, Py_ssize_t step, uint8_t *out,
                        uint8_t *rows)
{
    const Py_ssize_t bytes = (width * depth + 7) / 8;
    uint8_t *above = rows; /* starts as the row of zeros the specification puts above the first */
    for (Py_ssize_t y = 0; y < height; y++, in += bytes + 1, out += width) {
        /* One byte a pixel is the usual case: a constant lets the compiler make loops of its own for it. */
        const int failed = step == 1 ? unfilter_row(in[0], in + 1, above, out, bytes, 1)
                                     : unfilter_row(in[0], in + 1, above, out, bytes, step);
        if (failed)
            return -1;
        if (depth == 8)
            above = out;
        else { /* the next row's filters want the packed bytes */
            memcpy(rows, out, (size_t)bytes);
            unpack_row(out, width, depth);
        }
    }
    return 0;
}

static PyObject *unfilter(PyObject *self, PyObject *args)
{
    PyObject *in_object, *out_object;
    Py_ssize_t height, width, step;
    int depth, failed;
    Py_buffer in, out;
    (void)self;
    if (!PyArg_ParseTuple(args, "OnninO", &in_object, &height, &width, &depth, &step, &out_object))
        return NULL;
    if (height < 1 || width < 1 || height > INT32_MAX / width || (depth != 1 && depth != 2 && depth != 4 && depth != 8) ||
        step < 1 || step > (depth == 8 ? width : 1)) {
        PyErr_SetString(PyExc_ValueError, "frame size or bit depth out of range");
        return NULL;
    }
    if (kernel_borrow(in_object, &in, 0, height * ((width * depth + 7) / 8 + 1), "raw") < 0)
        return NULL;
    if (kernel_borrow(out_object, &out, 1, height * width, "out") < 0) {
        PyBuffer_Release(&in);
        return NULL;
    }
    uint8_t *rows = calloc((size_t)width, 1);
    if (!rows) {
        PyBuffer_Release(&in);
        PyBuffer_Release(&out);
        return PyErr_NoMemory();
    }
    Py_BEGIN_ALLOW_THREADS
    failed = unfilter_run(in.buf, height, width, depth, step, out.buf, rows);
    Py_END_ALLOW_THREADS
    free(rows);
    PyBuffer_Release(&in);
    PyBuffer_Release(&out);
    if (failed) {
        PyErr_SetString(PyExc_ValueError, "unknown row filter");
        return NULL;
    }
    Py_RETURN_NONE;
}

PyMethodDef png_methods[] = {
    {"unfilter", unfilter, METH_VARARGS, "unfilter(raw, height, width, depth, step, out): width in samples, step in bytes"},
    {NULL, NULL, 0, NULL},
};

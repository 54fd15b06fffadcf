/* Shared by the kernel's C files: argument buffers in the stable ABI, and each topic's method table. */
#ifndef VOSBENCH_KERNEL_H
#define VOSBENCH_KERNEL_H

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>
#include <stdint.h>
#include <string.h>

/* Wider vectors where the machine has them. The operations and their order stay the same, and so does every bit. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define WIDER __attribute__((target_clones("avx2", "default")))
#else
#define WIDER
#endif

/* Eight labels at once. */
static inline uint64_t load8(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

/* Index of the first byte in which two groups of eight labels differ, from their exclusive or (not 0). */
static inline int first_change(uint64_t change)
{
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_ctzll(change) >> 3;
#else
    uint8_t bytes[8];
    memcpy(bytes, &change, 8);
    int k = 0;
    while (!bytes[k])
        k++;
    return k;
#endif
}

/* The same with byte `k` cleared. */
static inline uint64_t without_byte(uint64_t change, int k)
{
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return change & ~((uint64_t)0xff << 8 * k);
#else
    uint8_t bytes[8];
    memcpy(bytes, &change, 8);
    bytes[k] = 0;
    memcpy(&change, bytes, 8);
    return change;
#endif
}

/* Lend `object`'s memory as a C-contiguous buffer of at least `bytes` bytes. 0 on success, -1 with an exception set. */
int kernel_borrow(PyObject *object, Py_buffer *view, int writable, Py_ssize_t bytes, const char *name);

/* A label map that a caller lends: rows of uint8, `stride` bytes apart, so that a decoder need not copy them together. */
typedef struct {
    Py_buffer view;
    const uint8_t *rows;
    Py_ssize_t height, width, stride;
} LabelMap;

/* 0 on success, -1 with an exception set: no two-dimensional array of bytes with adjacent columns. */
int kernel_borrow_labels(PyObject *object, LabelMap *labels, const char *name);

/* counts[g * n_pred + p] += number of pixels labelled g in gt and p in pred. -1 if a label is out of range. */
int kernel_joint_histogram(const LabelMap *gt, const LabelMap *pred, Py_ssize_t n_gt, Py_ssize_t n_pred, int64_t *counts);

/* The contour of label k is positions[offsets[k]:offsets[k + 1]], in raster order. */
typedef struct {
    const int64_t *offsets;
    const int32_t *positions;
} Contours;

/* Do offsets rise from 0 to the number of positions, and do positions lie on the frame? */
int kernel_contours_are_sound(const Py_buffer *offsets, const Py_buffer *positions, Py_ssize_t pixels);

/* One row of the tolerance disk: columns `first` to `last` of the row `dy` below, all relative to the disk's centre. */
typedef struct {
    int32_t dy, first, last;
} Span;

typedef struct {
    const Span *rows;
    Py_ssize_t n;
} Disk;

/* From a buffer of n spans. 0 on success, -1 with an exception set: a number is beyond any frame. */
int kernel_disk_is_sound(Disk disk);

/* hits[k] = (pixels of contour a confirmed by contour b, and the reverse) for pairs[k] = (a, b). -1: no memory. */
int kernel_contour_hits(Contours a, Contours b, int32_t width, const uint8_t *pairs, Py_ssize_t n_pairs, Disk disk,
                        int64_t *hits);

extern PyMethodDef region_methods[];
extern PyMethodDef contour_methods[];
extern PyMethodDef contour_hits_methods[];
extern PyMethodDef pair_methods[];
extern PyMethodDef png_methods[];
extern PyMethodDef polygon_methods[];
extern PyMethodDef shape_context_methods[];
extern PyMethodDef chi_square_methods[];
extern PyMethodDef matching_methods[];

#endif

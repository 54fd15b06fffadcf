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

/* Lend `object`'s memory as a C-contiguous buffer of at least `bytes` bytes. 0 on success, -1 with an exception set. */
int kernel_borrow(PyObject *object, Py_buffer *view, int writable, Py_ssize_t bytes, const char *name);

extern PyMethodDef region_methods[];
extern PyMethodDef contour_methods[];
extern PyMethodDef png_methods[];
extern PyMethodDef polygon_methods[];
extern PyMethodDef shape_context_methods[];
extern PyMethodDef chi_square_methods[];
extern PyMethodDef matching_methods[];

#endif

/* vosbench.kernel._native: the loops that NumPy cannot run in one pass.
 *
 * Every function takes buffers (NumPy arrays, bytes), releases the GIL while it works and keeps no state.
 * The NumPy twins in vosbench/kernel say what each one must return. */
#include "kernel.h"

int kernel_borrow(PyObject *object, Py_buffer *view, int writable, Py_ssize_t bytes, const char *name)
{
    int flags = writable ? PyBUF_CONTIG : PyBUF_CONTIG_RO;
    if (PyObject_GetBuffer(object, view, flags) < 0)
        return -1;
    if (bytes < 0 || view->len < bytes) {
        PyErr_Format(PyExc_ValueError, "%s holds %zd bytes, needs %zd", name, view->len, bytes);
        PyBuffer_Release(view);
        return -1;
    }
    return 0;
}

int kernel_borrow_labels(PyObject *object, LabelMap *labels, const char *name)
{
    Py_buffer *view = &labels->view;
    if (PyObject_GetBuffer(object, view, PyBUF_STRIDED_RO) < 0)
        return -1;
    const int fits = view->ndim == 2 && view->itemsize == 1 && view->shape[0] > 0 && view->shape[1] > 0 &&
                     (view->strides[1] == 1 || view->shape[1] == 1) && (view->shape[0] == 1 || view->strides[0] >= view->shape[1]) &&
                     view->shape[0] <= INT32_MAX / view->shape[1];
    if (!fits) {
        PyErr_Format(PyExc_ValueError, "%s is no label map: a two-dimensional array of bytes with adjacent columns", name);
        PyBuffer_Release(view);
        return -1;
    }
    labels->rows = view->buf;
    labels->height = view->shape[0];
    labels->width = view->shape[1];
    labels->stride = view->strides[0];
    return 0;
}

static int native_exec(PyObject *module)
{
    PyMethodDef *topics[] = {
        region_methods, contour_methods, contour_hits_methods,  pair_methods,       png_methods,
        polygon_methods, shape_context_methods, chi_square_methods, matching_methods,
    };
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        if (PyModule_AddFunctions(module, topics[i]) < 0)
            return -1;
    return 0;
}

static PyModuleDef_Slot native_slots[] = {{Py_mod_exec, native_exec}, {0, NULL}};

static struct PyModuleDef native_module = {
    PyModuleDef_HEAD_INIT, "vosbench.kernel._native", "Compiled kernel of vosbench.", 0, NULL, native_slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&native_module); }

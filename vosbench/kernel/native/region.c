/* Region overlap: the joint histogram of two label maps. */
#include "kernel.h"

/* counts[g * n_pred + p] += number of pixels labelled g in gt and p in pred. -1 if a label is out of range.
 * Masks are long runs: while 32 pixels repeat the current pair of labels, only a run length grows. */
WIDER static int joint_histogram_run(const uint8_t *gt, const uint8_t *pred, Py_ssize_t n, Py_ssize_t n_gt, Py_ssize_t n_pred,
                               int64_t *counts)
{
    const uint64_t ones = 0x0101010101010101u;
    Py_ssize_t i = 0;
    while (i < n) {
        const uint8_t g = gt[i], p = pred[i];
        if (g >= n_gt || p >= n_pred)
            return -1;
        const uint64_t gw = ones * g, pw = ones * p;
        const Py_ssize_t start = i++;
        for (; i + 32 <= n; i += 32) {
            uint64_t change = 0;
            for (int k = 0; k < 32; k += 8)
                change |= (load8(gt + i + k) ^ gw) | (load8(pred + i + k) ^ pw);
            if (change)
                break;
        }
        uint64_t change = 0;
        for (; i + 8 <= n; i += 8) {
            change = (load8(gt + i) ^ gw) | (load8(pred + i) ^ pw);
            if (change) {
                i += first_change(change);
                break;
            }
        }
        while (!change && i < n && gt[i] == g && pred[i] == p)
            i++;
        counts[g * n_pred + p] += i - start;
    }
    return 0;
}

int kernel_joint_histogram(const LabelMap *gt, const LabelMap *pred, Py_ssize_t n_gt, Py_ssize_t n_pred, int64_t *counts)
{
    const int joined = gt->stride == gt->width && pred->stride == pred->width;
    const Py_ssize_t rows = joined ? 1 : gt->height, pixels = joined ? gt->height * gt->width : gt->width;
    int failed = 0;
    for (Py_ssize_t y = 0; y < rows && !failed; y++)
        failed = joint_histogram_run(gt->rows + y * gt->stride, pred->rows + y * pred->stride, pixels, n_gt, n_pred, counts);
    return failed;
}

static PyObject *joint_histogram(PyObject *self, PyObject *args)
{
    PyObject *gt_object, *pred_object, *out_object;
    Py_ssize_t n_gt, n_pred;
    LabelMap gt, pred;
    Py_buffer out;
    (void)self;
    if (!PyArg_ParseTuple(args, "OOnnO", &gt_object, &pred_object, &n_gt, &n_pred, &out_object))
        return NULL;
    if (n_gt < 1 || n_gt > 256 || n_pred < 1 || n_pred > 256) {
        PyErr_SetString(PyExc_ValueError, "the number of labels must be 1 to 256");
        return NULL;
    }
    if (kernel_borrow_labels(gt_object, &gt, "gt") < 0)
        return NULL;
    if (kernel_borrow_labels(pred_object, &pred, "pred") < 0) {
        PyBuffer_Release(&gt.view);
        return NULL;
    }
    int failed = -1;
    if (gt.height != pred.height || gt.width != pred.width)
        PyErr_SetString(PyExc_ValueError, "gt and pred differ in shape");
    else if (kernel_borrow(out_object, &out, 1, n_gt * n_pred * (Py_ssize_t)sizeof(int64_t), "out") == 0) {
        Py_BEGIN_ALLOW_THREADS
        failed = kernel_joint_histogram(&gt, &pred, n_gt, n_pred, out.buf);
        Py_END_ALLOW_THREADS
        PyBuffer_Release(&out);
        if (failed)
            PyErr_SetString(PyExc_ValueError, "a label is outside the range given");
    }
    PyBuffer_Release(&gt.view);
    PyBuffer_Release(&pred.view);
    return failed ? NULL : Py_NewRef(Py_None);
}

PyMethodDef region_methods[] = {
    {"joint_histogram", joint_histogram, METH_VARARGS, "joint_histogram(gt, pred, n_gt, n_pred, out)"},
    {NULL, NULL, 0, NULL},
};

/* All counts of a pair of label maps at once: overlaps, areas, contour lengths and contour hits, added where they belong. */
#include "kernel.h"
#include <stdlib.h>

/* A label map, its contours, and one more than its largest label. */
typedef struct {
    LabelMap map;
    Py_buffer offsets, positions;
    int n;
} Outlined;

static void give_back(Outlined *side)
{
    PyBuffer_Release(&side->map.view);
    PyBuffer_Release(&side->offsets);
    PyBuffer_Release(&side->positions);
}

/* From a tuple (labels, offsets, positions, top). 0 on success, -1 with an exception set and nothing held. */
static int borrow_outlined(PyObject *tuple, Outlined *side, const char *name)
{
    PyObject *labels, *offsets, *positions;
    if (!PyArg_ParseTuple(tuple, "OOOi", &labels, &offsets, &positions, &side->n))
        return -1;
    if (kernel_borrow_labels(labels, &side->map, name) < 0)
        return -1;
    if (kernel_borrow(offsets, &side->offsets, 0, 257 * 8, "offsets") < 0) {
        PyBuffer_Release(&side->map.view);
        return -1;
    }
    if (kernel_borrow(positions, &side->positions, 0, 0, "positions") < 0) {
        PyBuffer_Release(&side->map.view);
        PyBuffer_Release(&side->offsets);
        return -1;
    }
    if (side->n++ < 0 || side->n > 256 ||
        !kernel_contours_are_sound(&side->offsets, &side->positions, side->map.height * side->map.width)) {
        PyErr_Format(PyExc_ValueError, "the contours of %s do not fit the frame", name);
        give_back(side);
        return -1;
    }
    return 0;
}

static Contours contours_of(const Outlined *side) { return (Contours){side->offsets.buf, side->positions.buf}; }

static int64_t length_of(const Outlined *side, int label)
{
    const int64_t *offsets = side->offsets.buf;
    return offsets[label + 1] - offsets[label];
}

/* counts is (7, n_pairs). Labels above the largest of a map have neither pixels nor contours in it. */
static void add_counts(const Outlined *gt, const Outlined *pred, const int64_t *joint, const int64_t *hits, const uint8_t *pairs,
                       Py_ssize_t n_pairs, int64_t *counts)
{
    int64_t gt_area[256] = {0}, pred_area[256] = {0};
    for (int g = 0; g < gt->n; g++)
        for (int p = 0; p < pred->n; p++) {
            gt_area[g] += joint[g * pred->n + p];
            pred_area[p] += joint[g * pred->n + p];
        }
    for (Py_ssize_t k = 0; k < n_pairs; k++) {
        const int g = pairs[2 * k], p = pairs[2 * k + 1];
        counts[k] += g < gt->n && p < pred->n ? joint[g * pred->n + p] : 0;
        counts[k + n_pairs] += gt_area[g];
        counts[k + 2 * n_pairs] += pred_area[p];
        counts[k + 3 * n_pairs] += length_of(gt, g);
        counts[k + 4 * n_pairs] += length_of(pred, p);
        counts[k + 5 * n_pairs] += hits[2 * k];
        counts[k + 6 * n_pairs] += hits[2 * k + 1];
    }
}

/* overlaps is (m, m), for labels 1 to m. */
static void add_overlaps(const int64_t *joint, int n_gt, int n_pred, Py_ssize_t m, int64_t *overlaps)
{
    for (Py_ssize_t g = 1; g < n_gt && g <= m; g++)
        for (Py_ssize_t p = 1; p < n_pred && p <= m; p++)
            overlaps[(g - 1) * m + p - 1] += joint[g * n_pred + p];
}

enum { DONE, NO_MEMORY, STRAY_LABEL };

static int count(const Outlined *gt, const Outlined *pred, const uint8_t *pairs, Py_ssize_t n_pairs, Disk disk,
                 int64_t *counts, int64_t *overlaps, Py_ssize_t m)
{
    int64_t *joint = calloc((size_t)gt->n * (size_t)pred->n, sizeof *joint);
    int64_t *hits = malloc((size_t)(2 * n_pairs + 1) * sizeof *hits);
    int state = joint && hits ? DONE : NO_MEMORY;
    if (state == DONE && kernel_joint_histogram(&gt->map, &pred->map, gt->n, pred->n, joint) < 0)
        state = STRAY_LABEL;
    if (state == DONE && kernel_contour_hits(contours_of(gt), contours_of(pred), (int32_t)gt->map.width, pairs, n_pairs, disk,
                                             hits) != 0)
        state = NO_MEMORY;
    if (state == DONE) {
        add_counts(gt, pred, joint, hits, pairs, n_pairs, counts);
        add_overlaps(joint, gt->n, pred->n, m, overlaps);
    }
    free(joint);
    free(hits);
    return state;
}

static PyObject *count_pair(PyObject *self, PyObject *args)
{
    PyObject *gt_tuple, *pred_tuple, *objects[4];
    Py_ssize_t n_pairs, n_reach, m;
    Outlined gt, pred;
    Py_buffer view[4];
    static const char *names[4] = {"pairs", "reach", "counts", "overlaps"};
    (void)self;
    if (!PyArg_ParseTuple(args, "O!O!OnOnOOn", &PyTuple_Type, &gt_tuple, &PyTuple_Type, &pred_tuple, &objects[0], &n_pairs,
                          &objects[1], &n_reach, &objects[2], &objects[3], &m))
        return NULL;
    if (n_pairs < 0 || n_pairs > 65536 || n_reach < 0 || n_reach > 1 << 20 || m < 0 || m > 255) {
        PyErr_SetString(PyExc_ValueError, "number of pairs, tolerance or number of labels out of range");
        return NULL;
    }
    if (borrow_outlined(gt_tuple, &gt, "gt") < 0)
        return NULL;
    if (borrow_outlined(pred_tuple, &pred, "pred") < 0) {
        give_back(&gt);
        return NULL;
    }
    const Py_ssize_t bytes[4] = {n_pairs * 2, n_reach * (Py_ssize_t)sizeof(Span), n_pairs * 7 * 8, m * m * 8};
    const int wanted = m > 0 ? 4 : 3;
    int held = 0, state = DONE;
    PyObject *result = NULL;
    if (gt.map.height != pred.map.height || gt.map.width != pred.map.width) {
        PyErr_SetString(PyExc_ValueError, "gt and pred differ in shape");
        goto done;
    }
    while (held < wanted && kernel_borrow(objects[held], &view[held], held >= 2, bytes[held], names[held]) == 0)
        held++;
    const Disk disk = {held < 2 ? NULL : view[1].buf, n_reach};
    if (held < wanted || kernel_disk_is_sound(disk) < 0)
        goto done;
    Py_BEGIN_ALLOW_THREADS
    state = count(&gt, &pred, view[0].buf, n_pairs, disk, view[2].buf, m ? view[3].buf : NULL, m);
    Py_END_ALLOW_THREADS
    if (state == NO_MEMORY)
        PyErr_NoMemory();
    else if (state == STRAY_LABEL)
        PyErr_SetString(PyExc_ValueError, "a label is outside the range given");
    else
        result = Py_NewRef(Py_None);
done:
    while (held > 0)
        PyBuffer_Release(&view[--held]);
    give_back(&gt);
    give_back(&pred);
    return result;
}

PyMethodDef pair_methods[] = {
    {"count_pair", count_pair, METH_VARARGS,
     "count_pair((labels, offsets, positions, top), (...), pairs, n_pairs, reach, n_reach, counts, overlaps, n_overlaps)"},
    {NULL, NULL, 0, NULL},
};

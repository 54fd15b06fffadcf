/* Contours of all objects of a label map in one pass. */
#include "kernel.h"
#include <stdlib.h>

typedef struct {
    int32_t position;
    uint8_t label;
} Entry;

typedef struct {
    Entry *items;
    size_t used, room;
} Entries;

/* Make room for the entries of one row: up to four for each window. 0 on success. */
static int reserve(Entries *entries, Py_ssize_t width)
{
    const size_t needed = entries->used + 4 * (size_t)width + 1;
    if (needed <= entries->room)
        return 0;
    const size_t room = needed + entries->room;
    Entry *items = realloc(entries->items, room * sizeof *items);
    if (!items)
        return -1;
    entries->items = items;
    entries->room = room;
    return 0;
}

/* Background has no contour: it is written over by what comes next. No branch, since edges come in no order. */
static inline void push(Entries *entries, int32_t position, uint8_t label)
{
    entries->items[entries->used] = (Entry){position, label};
    entries->used += label != 0;
}

/* The pixel belongs to the contour of every object found in some, not all, of the pixel itself and its right, lower and
 * lower-right neighbours: each distinct label of a window that is not constant. */
static void push_window(Entries *entries, int32_t position, const uint8_t *window, int size)
{
    int mixed = 0;
    for (int i = 1; i < size; i++)
        mixed |= window[i] != window[0];
    if (!mixed)
        return;
    for (int i = 0; i < size; i++) {
        int seen = 0;
        for (int k = 0; k < i; k++)
            seen |= window[k] == window[i];
        if (!seen)
            push(entries, position, window[i]);
    }
}

/* Masks are mostly flat. A row is summed up in blocks of 128 pixels: the label of a block whose pixels, and the first one of
 * the next block, are all equal, else MIXED. Windows are looked at only where two blocks above each other differ. */
enum { BLOCK = 128, MIXED = 256 };

WIDER static void summarise(const uint8_t *row, Py_ssize_t width, uint16_t *blocks)
{
    Py_ssize_t x = 0, b = 0;
    for (; x + BLOCK < width; x += BLOCK, b++) {
        const uint8_t label = row[x];
        uint8_t change = row[x + BLOCK] ^ label;
        for (int k = 0; k < BLOCK; k++)
            change |= row[x + k] ^ label;
        blocks[b] = change ? MIXED : label;
    }
    blocks[b] = MIXED;
}

/* changes[k] is 0 where nothing changes in window k of the `n` that start here, and in the rest of the last eight. */
WIDER static void changes_in_windows(const uint8_t *row, const uint8_t *below, Py_ssize_t n, uint8_t *changes)
{
    for (Py_ssize_t k = 0; k < n; k++)
        changes[k] = (row[k] ^ row[k + 1]) | (row[k] ^ below[k]) | (row[k] ^ below[k + 1]);
    memset(changes + n, 0, 7);
}

static inline void push_square(Entries *entries, const uint8_t *row, const uint8_t *below, Py_ssize_t x, Py_ssize_t start)
{
    const uint8_t a = row[x], b = row[x + 1], c = below[x], d = below[x + 1];
    const uint8_t other = b != a ? b : c != a ? c : d;
    if (other == a)
        return;
    if (((c == a) | (c == other)) & ((d == a) | (d == other))) { /* two labels, as nearly always */
        push(entries, (int32_t)(start + x), a);
        push(entries, (int32_t)(start + x), other);
        return;
    }
    const uint8_t window[4] = {a, b, c, d};
    push_window(entries, (int32_t)(start + x), window, 4);
}

static void scan_row_pair(Entries *entries, const uint8_t *row, const uint8_t *below, const uint16_t *blocks,
                          const uint16_t *blocks_below, Py_ssize_t width, Py_ssize_t start)
{
    uint8_t changes[BLOCK + 7];
    for (Py_ssize_t x = 0, b = 0; x < width - 1; x += BLOCK, b++) {
        if (blocks[b] == blocks_below[b] && blocks[b] != MIXED)
            continue;
        const Py_ssize_t n = x + BLOCK < width - 1 ? BLOCK : width - 1 - x;
        changes_in_windows(row + x, below + x, n, changes);
        for (Py_ssize_t w = 0; w < n; w += 8) {
            uint64_t word = load8(changes + w);
            while (word) {
                const int k = first_change(word);
                push_square(entries, row, below, x + w + k, start);
                word = without_byte(word, k);
            }
        }
    }
    const uint8_t edge[2] = {row[width - 1], below[width - 1]};
    push_window(entries, (int32_t)(start + width - 1), edge, 2);
}

static int scan(Entries *entries, const LabelMap *labels)
{
    const Py_ssize_t height = labels->height, width = labels->width, stride = labels->stride;
    const Py_ssize_t n_blocks = (width + BLOCK - 1) / BLOCK;
    uint16_t *summary = malloc((size_t)n_blocks * 2 * sizeof *summary);
    int failed = !summary || reserve(entries, width) < 0;
    if (!failed)
        summarise(labels->rows, width, summary);
    for (Py_ssize_t y = 0; y + 1 < height && !failed; y++) {
        uint16_t *here = summary + (y % 2) * n_blocks, *next = summary + ((y + 1) % 2) * n_blocks;
        const uint8_t *row = labels->rows + y * stride;
        summarise(row + stride, width, next);
        scan_row_pair(entries, row, row + stride, here, next, width, y * width);
        failed = reserve(entries, width) < 0;
    }
    free(summary);
    if (failed)
        return -1;
    const uint8_t *last = labels->rows + (height - 1) * stride;
    for (Py_ssize_t x = 0; x + 1 < width; x++)
        push_window(entries, (int32_t)((height - 1) * width + x), last + x, 2);
    return 0;
}

/* contours(labels) -> (offsets, positions, top): the contour of label k, in raster order, is
 * positions[offsets[k]:offsets[k+1]]; offsets are 257 int64, positions int32 flat indices; top is the largest label. */
static PyObject *contours(PyObject *self, PyObject *args)
{
    PyObject *object, *offsets_bytes = NULL, *positions_bytes = NULL;
    LabelMap labels;
    (void)self;
    if (!PyArg_ParseTuple(args, "O", &object))
        return NULL;
    if (kernel_borrow_labels(object, &labels, "labels") < 0)
        return NULL;

    Entries entries = {0};
    int failed, top;
    int64_t offsets[257] = {0};
    Py_BEGIN_ALLOW_THREADS
    failed = scan(&entries, &labels);
    for (size_t i = 0; i < entries.used; i++)
        offsets[entries.items[i].label + 1]++;
    top = labels.rows[0]; /* a label without a contour fills the frame */
    for (int k = 0; k < 256; k++) {
        top = offsets[k + 1] && k > top ? k : top;
        offsets[k + 1] += offsets[k];
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&labels.view);

    if (failed) {
        PyErr_NoMemory();
        goto done;
    }
    offsets_bytes = PyBytes_FromStringAndSize((const char *)offsets, sizeof offsets);
    positions_bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(entries.used * sizeof(int32_t)));
    if (!offsets_bytes || !positions_bytes)
        goto done;
    int32_t *positions = (int32_t *)PyBytes_AsString(positions_bytes);
    int64_t next[256];
    memcpy(next, offsets, sizeof next);
    for (size_t i = 0; i < entries.used; i++)
        positions[next[entries.items[i].label]++] = entries.items[i].position;
done:
    free(entries.items);
    if (!offsets_bytes || !positions_bytes) {
        Py_XDECREF(offsets_bytes);
        Py_XDECREF(positions_bytes);
        return NULL;
    }
    return Py_BuildValue("NNi", offsets_bytes, positions_bytes, top);
}

PyMethodDef contour_methods[] = {
    {"contours", contours, METH_VARARGS, "contours(labels) -> (offsets, positions, top)"},
    {NULL, NULL, 0, NULL},
};

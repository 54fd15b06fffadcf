/* How many pixels of a contour another contour confirms, within a tolerance. */
#include "kernel.h"
#include <stdlib.h>

/* One contour as a bit map of its bounding box. */
typedef struct {
    int32_t y0, y1, x0, x1;
    Py_ssize_t stride, room;
    uint64_t *bits;
} Bitmap;

/* Rows and columns of ascending positions, without a division for each. */
typedef struct {
    int32_t row, start, width;
} Walker;

static inline Walker walker_at(int32_t position, int32_t width)
{
    const int32_t row = position / width;
    return (Walker){row, row * width, width};
}

static inline int32_t walk_to(Walker *walker, int32_t position)
{
    while (position - walker->start >= walker->width) {
        walker->start += walker->width;
        walker->row++;
    }
    return position - walker->start;
}

static int bitmap_draw(Bitmap *map, const int32_t *positions, int64_t n, int32_t width)
{
    map->y0 = positions[0] / width; /* raster order: the first and the last position bound the rows */
    map->y1 = positions[n - 1] / width;
    map->x0 = width;
    map->x1 = -1;
    Walker walker = walker_at(positions[0], width);
    for (int64_t i = 0; i < n; i++) {
        const int32_t x = walk_to(&walker, positions[i]);
        map->x0 = x < map->x0 ? x : map->x0;
        map->x1 = x > map->x1 ? x : map->x1;
    }
    map->stride = (map->x1 - map->x0) / 64 + 1;
    Py_ssize_t words = map->stride * (map->y1 - map->y0 + 1);
    if (words > map->room) {
        free(map->bits);
        map->bits = malloc((size_t)words * sizeof *map->bits);
        map->room = map->bits ? words : 0;
        if (!map->bits)
            return -1;
    }
    memset(map->bits, 0, (size_t)words * sizeof *map->bits);
    walker = walker_at(positions[0], width);
    for (int64_t i = 0; i < n; i++) {
        const int32_t x = walk_to(&walker, positions[i]) - map->x0;
        map->bits[(walker.row - map->y0) * map->stride + (x >> 6)] |= (uint64_t)1 << (x & 63);
    }
    return 0;
}

static inline int any_bit(const uint64_t *row, int32_t low, int32_t high)
{
    int32_t first = low >> 6, last = high >> 6;
    uint64_t head = ~(uint64_t)0 << (low & 63), tail = ~(uint64_t)0 >> (63 - (high & 63));
    if (first == last)
        return (row[first] & head & tail) != 0;
    if (row[first] & head)
        return 1;
    for (int32_t w = first + 1; w < last; w++)
        if (row[w])
            return 1;
    return (row[last] & tail) != 0;
}

/* Does the disk laid on (y, x) cover a contour pixel of `map`? Its rows come nearest first, where a hit is likely. */
static inline int confirmed(const Bitmap *map, int32_t y, int32_t x, Disk disk)
{
    const int32_t height = map->y1 - map->y0, width = map->x1 - map->x0;
    y -= map->y0;
    x -= map->x0;
    for (Py_ssize_t k = 0; k < disk.n; k++) {
        const Span span = disk.rows[k];
        const int32_t row = y + span.dy, low = x + span.first, high = x + span.last;
        if (row < 0 || row > height || high < 0 || low > width || low > high)
            continue;
        if (any_bit(map->bits + row * map->stride, low < 0 ? 0 : low, high > width ? width : high))
            return 1;
    }
    return 0;
}

static int64_t count_confirmed(const int32_t *positions, int64_t n, int32_t width, const Bitmap *map, Disk disk)
{
    int64_t hits = 0;
    Walker walker = walker_at(positions[0], width);
    for (int64_t i = 0; i < n; i++) {
        const int32_t x = walk_to(&walker, positions[i]);
        hits += confirmed(map, walker.row, x, disk);
    }
    return hits;
}

int kernel_contour_hits(Contours a, Contours b, int32_t width, const uint8_t *pairs, Py_ssize_t n_pairs, Disk disk,
                        int64_t *hits)
{
    Bitmap a_map = {0}, b_map = {0};
    int failed = 0, a_drawn = -1, b_drawn = -1;
    for (Py_ssize_t k = 0; k < n_pairs && !failed; k++) {
        const int i = pairs[2 * k], j = pairs[2 * k + 1];
        const int64_t a_n = a.offsets[i + 1] - a.offsets[i], b_n = b.offsets[j + 1] - b.offsets[j];
        hits[2 * k] = hits[2 * k + 1] = 0;
        if (!a_n || !b_n)
            continue;
        const int32_t *a_at = a.positions + a.offsets[i], *b_at = b.positions + b.offsets[j];
        if (a_drawn != i)
            failed |= bitmap_draw(&a_map, a_at, a_n, width);
        if (b_drawn != j)
            failed |= bitmap_draw(&b_map, b_at, b_n, width);
        if (failed)
            break;
        a_drawn = i;
        b_drawn = j;
        hits[2 * k] = count_confirmed(a_at, a_n, width, &b_map, disk);
        hits[2 * k + 1] = count_confirmed(b_at, b_n, width, &a_map, disk);
    }
    free(a_map.bits);
    free(b_map.bits);
    return failed;
}

int kernel_disk_is_sound(Disk disk)
{
    const int32_t most = 1 << 20;
    for (Py_ssize_t k = 0; k < disk.n; k++) {
        const Span s = disk.rows[k];
        if (s.dy < -most || s.dy > most || s.first < -most || s.first > most || s.last < -most || s.last > most) {
            PyErr_SetString(PyExc_ValueError, "tolerance out of range");
            return -1;
        }
    }
    return 0;
}

/* The loops above trust both. */
int kernel_contours_are_sound(const Py_buffer *offsets, const Py_buffer *positions, Py_ssize_t pixels)
{
    const int64_t *at = offsets->buf;
    const int32_t *position = positions->buf;
    Py_ssize_t n = positions->len / (Py_ssize_t)sizeof(int32_t);
    if (at[0] != 0 || at[256] != n)
        return 0;
    for (int k = 0; k < 256; k++) {
        if (at[k + 1] < at[k])
            return 0;
        for (int64_t i = at[k]; i < at[k + 1]; i++)
            if (position[i] < 0 || position[i] >= pixels || (i > at[k] && position[i] <= position[i - 1]))
                return 0;
    }
    return 1;
}

static PyObject *contour_hits(PyObject *self, PyObject *args)
{
    PyObject *objects[7];
    Py_buffer view[7];
    Py_ssize_t height, width, n_pairs, n_reach;
    static const char *names[7] = {"a_offsets", "a_positions", "b_offsets", "b_positions", "pairs", "reach", "hits"};
    (void)self;
    if (!PyArg_ParseTuple(args, "OOOOnnOnOnO", &objects[0], &objects[1], &objects[2], &objects[3], &height, &width, &objects[4],
                          &n_pairs, &objects[5], &n_reach, &objects[6]))
        return NULL;
    if (height < 1 || width < 1 || height > INT32_MAX / width || n_pairs < 0 || n_pairs > 65536 || n_reach < 0 ||
        n_reach > 1 << 20) {
        PyErr_SetString(PyExc_ValueError, "frame size, number of pairs or tolerance out of range");
        return NULL;
    }
    const Py_ssize_t bytes[7] = {257 * 8, 0, 257 * 8, 0, n_pairs * 2, n_reach * (Py_ssize_t)sizeof(Span), n_pairs * 16};
    int held = 0, failed = 0;
    while (held < 7 && kernel_borrow(objects[held], &view[held], held == 6, bytes[held], names[held]) == 0)
        held++;
    PyObject *result = NULL;
    const Disk disk = {held < 7 ? NULL : view[5].buf, n_reach};
    if (held < 7 || kernel_disk_is_sound(disk) < 0)
        goto done;
    if (!kernel_contours_are_sound(&view[0], &view[1], height * width) ||
        !kernel_contours_are_sound(&view[2], &view[3], height * width)) {
        PyErr_SetString(PyExc_ValueError, "contours do not fit the frame");
        goto done;
    }
    Py_BEGIN_ALLOW_THREADS
    failed = kernel_contour_hits((Contours){view[0].buf, view[1].buf}, (Contours){view[2].buf, view[3].buf}, (int32_t)width, view[4].buf,
                      n_pairs, disk, view[6].buf);
    Py_END_ALLOW_THREADS
    if (failed)
        PyErr_NoMemory();
    else
        result = Py_NewRef(Py_None);
done:
    while (held > 0)
        PyBuffer_Release(&view[--held]);
    return result;
}

PyMethodDef contour_hits_methods[] = {
    {"contour_hits", contour_hits, METH_VARARGS,
     "contour_hits(a_offsets, a_positions, b_offsets, b_positions, height, width, pairs, n_pairs, reach, n_reach, hits)"},
    {NULL, NULL, 0, NULL},
};

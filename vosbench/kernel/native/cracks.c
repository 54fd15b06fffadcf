/* Cracks between pixels that differ, and the pieces they form between junctions. */
#include "polygon.h"
#include <stdlib.h>

int polygon_reserve(void *items, size_t *room, size_t needed, size_t size)
{
    if (needed <= *room)
        return 0;
    size_t grown = needed + needed / 2 + 1024;
    void *old, *fresh;
    memcpy(&old, items, sizeof old);
    if (grown > PY_SSIZE_T_MAX / size || !(fresh = realloc(old, grown * size)))
        return -1;
    memcpy(items, &fresh, sizeof fresh);
    *room = grown;
    return 0;
}

static void load_row(uint8_t *row, const uint8_t *pixels, Py_ssize_t width)
{
    for (Py_ssize_t j = 0; j < width; j++)
        row[j + 1] = pixels[j] != 0;
}

/* Two pixels that differ have an active crack between them. Outside the frame is background. */
static int find_cracks(Tracer *t, Py_ssize_t height)
{
    const Py_ssize_t width = t->width;
    uint8_t *rows = calloc((size_t)(2 * (width + 2)), 1);
    if (!rows)
        return -1;
    uint8_t *above = rows, *below = rows + width + 2;
    for (Py_ssize_t i = 0; i <= height; i++) {
        if (i < height)
            load_row(below, t->mask + i * width, width);
        else
            memset(below, 0, (size_t)width + 2);
        uint8_t *out = t->cracks + i * t->stride;
        for (Py_ssize_t j = 0; j <= width; j++) {
            const uint8_t a = above[j], b = above[j + 1], c = below[j], d = below[j + 1];
            const uint8_t active = (uint8_t)((a ^ b) << UP | (a ^ c) << LEFT | (c ^ d) << DOWN | (b ^ d) << RIGHT);
            out[j] = (uint8_t)(active | (active == ALL_CRACKS) << JUNCTION);
        }
        uint8_t *swap = above;
        above = below;
        below = swap;
    }
    free(rows);
    return 0;
}

/* Walk from a junction along unused cracks to the next junction, which may be the same, and record the piece. */
static int walk(Tracer *t, int32_t corner, int direction)
{
    static const uint8_t only[9] = {[1 << UP] = UP, [1 << LEFT] = LEFT, [1 << DOWN] = DOWN, [1 << RIGHT] = RIGHT};
    const int32_t step[4] = {-t->stride, -1, t->stride, 1};
    Piece piece = {.start = t->number[corner], .first = t->n_corners};
    if (polygon_reserve(&t->pieces, &t->piece_room, (size_t)t->n_pieces + 1, sizeof *t->pieces) < 0)
        return -1;
    for (;;) {
        if (polygon_reserve(&t->corners, &t->corner_room, t->n_corners + 2, sizeof *t->corners) < 0)
            return -1;
        t->corners[t->n_corners++] = corner;
        t->cracks[corner] &= (uint8_t)~(1 << direction);
        corner += step[direction];
        t->cracks[corner] &= (uint8_t)~(1 << OPPOSITE(direction));
        if (t->cracks[corner] >> JUNCTION)
            break;
        direction = only[t->cracks[corner]];
    }
    t->corners[t->n_corners++] = corner;
    piece.end = t->number[corner];
    piece.count = t->n_corners - piece.first;
    t->pieces[t->n_pieces++] = piece;
    return 0;
}

static int trace_from_junctions(Tracer *t, int32_t total)
{
    const uint8_t *at = t->cracks, *stop = at + total;
    while ((at = memchr(at, ALL_CRACKS | 1 << JUNCTION, (size_t)(stop - at))) != NULL)
        t->number[at++ - t->cracks] = ++t->n_junctions;
    int32_t left = t->n_junctions;
    for (int32_t corner = total - 1; left > 0; corner--) {
        if (!t->number[corner])
            continue;
        left--;
        for (int direction = UP; direction <= RIGHT; direction++)
            if (t->cracks[corner] >> direction & 1 && walk(t, corner, direction) < 0)
                return -1;
    }
    return 0;
}

/* What is left are loops without junctions; each gets one, at the upper end of its first vertical crack. */
static int trace_loops(Tracer *t, int32_t total)
{
    for (int32_t corner = 0; corner < total; corner++) {
        uint64_t word;
        if (corner + 8 <= total && (memcpy(&word, t->cracks + corner, 8), word == 0)) {
            corner += 7;
            continue;
        }
        if (!(t->cracks[corner] >> DOWN & 1))
            continue;
        t->cracks[corner] |= 1 << JUNCTION;
        t->number[corner] = ++t->n_junctions;
        if (walk(t, corner, DOWN) < 0)
            return -1;
    }
    return 0;
}

int polygon_pieces(Tracer *t, Py_ssize_t height)
{
    const int32_t total = (int32_t)((height + 1) * t->stride);
    t->cracks = malloc((size_t)total);
    t->number = calloc((size_t)total, sizeof *t->number);
    if (!t->cracks || !t->number || find_cracks(t, height) < 0)
        return -1;
    return trace_from_junctions(t, total) < 0 || trace_loops(t, total) < 0 ? -1 : 0;
}

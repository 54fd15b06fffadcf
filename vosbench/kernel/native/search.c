/* The cheapest path by label-setting search, for the cases in which equally good steps make the order matter. */
#include "matching.h"
#include <stdlib.h>

#define SETTLED (-1)

typedef struct {
    double *distance;
    int32_t *place; /* in the heap plus one; 0: not seen yet */
    int32_t *heap;
    size_t room;
    int32_t n;
} Search;

static void heap_put(Search *s, int32_t at, int32_t cell)
{
    s->heap[at] = cell;
    s->place[cell] = at + 1;
}

static void sift_up(Search *s, int32_t at)
{
    const int32_t cell = s->heap[at];
    while (at > 0 && s->distance[cell] < s->distance[s->heap[(at - 1) / 4]]) {
        heap_put(s, at, s->heap[(at - 1) / 4]);
        at = (at - 1) / 4;
    }
    heap_put(s, at, cell);
}

static void sift_down(Search *s)
{
    const int32_t cell = s->heap[0];
    int32_t at = 0;
    while (4 * (int64_t)at + 1 < s->n) {
        int32_t child = 4 * at + 1;
        for (int32_t k = child + 1; k < s->n && k <= 4 * at + 4; k++)
            if (s->distance[s->heap[k]] < s->distance[s->heap[child]])
                child = k;
        if (!(s->distance[s->heap[child]] < s->distance[cell]))
            break;
        heap_put(s, at, s->heap[child]);
        at = child;
    }
    heap_put(s, at, cell);
}

static int32_t pop(Search *s)
{
    const int32_t cell = s->heap[0], last = s->heap[--s->n];
    s->place[cell] = SETTLED;
    if (s->n) {
        heap_put(s, 0, last);
        sift_down(s);
    }
    return cell;
}

static int push(Search *s, int32_t cell)
{
    if ((size_t)s->n == s->room) {
        const size_t room = s->room ? 2 * s->room : 4096;
        int32_t *heap = realloc(s->heap, room * sizeof *heap);
        if (!heap)
            return -1;
        s->heap = heap;
        s->room = room;
    }
    s->heap[s->n++] = cell;
    sift_up(s, s->n - 1);
    return 0;
}

/* Offer the cell a way in; it is taken on strictly less distance only. */
static int relax(Search *s, Matching *m, int32_t i, int32_t j, double distance, uint8_t step)
{
    if (i >= m->rows || j >= m->columns)
        return 0;
    const int32_t cell = i * m->columns + j;
    if (s->place[cell] == SETTLED)
        return 0;
    distance += cost_at(m, i, j);
    if (s->place[cell] && !(distance < s->distance[cell]))
        return 0;
    s->distance[cell] = distance;
    m->steps[cell] = step;
    if (!s->place[cell])
        return push(s, cell);
    sift_up(s, s->place[cell] - 1);
    return 0;
}

/* Dijkstra's search with the original's 4-ary heap: of equal steps into a cell it keeps the one whose cell left the heap
 * first. The path is final when the last cell leaves the heap. */
static int search_run(Search *s, Matching *m)
{
    const int32_t target = m->rows * m->columns - 1;
    s->distance[0] = 0;
    if (push(s, 0) < 0)
        return -1;
    for (int32_t cell; (cell = pop(s)) != target;) {
        const int32_t i = cell / m->columns, j = cell % m->columns;
        const double distance = s->distance[cell];
        if (relax(s, m, i, j + 1, distance, FROM_LEFT) < 0 || relax(s, m, i + 1, j, distance, FROM_ABOVE) < 0 ||
            relax(s, m, i + 1, j + 1, distance, FROM_BOTH) < 0)
            return -1;
    }
    return 0;
}

int matching_search(Matching *m)
{
    const size_t cells = (size_t)m->rows * (size_t)m->columns;
    Search s = {.distance = malloc(cells * sizeof *s.distance), .place = calloc(cells, sizeof *s.place)};
    const int failed = !s.distance || !s.place ? -1 : search_run(&s, m);
    free(s.distance);
    free(s.place);
    free(s.heap);
    return failed;
}

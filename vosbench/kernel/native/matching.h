/* A matching in the making: a path through a cost matrix that wraps around. */
#ifndef VOSBENCH_MATCHING_H
#define VOSBENCH_MATCHING_H

#include "kernel.h"

enum { FROM_LEFT = 1, FROM_ABOVE = 2, FROM_BOTH = 4 }; /* steps into a cell: (0, +1), (+1, 0), (+1, +1) */

typedef struct {
    int32_t row, column;
} Cell;

typedef struct {
    const double *costs;
    int32_t rows, columns;
    int32_t first_row, first_column; /* the cell taken as (0, 0); the matrix wraps around */
    uint8_t *steps;                  /* into each cell: all the best ones, or the one found by search */
    double *line;                    /* accumulated costs of the row above, then of this one */
    Cell *path;
    int32_t length;
} Matching;

static inline int32_t wrap(int32_t k, int32_t n) { return k < n ? k : k - n; }

static inline const double *rolled_row(const Matching *m, int32_t i)
{
    return m->costs + (size_t)wrap(i + m->first_row, m->rows) * (size_t)m->columns;
}

static inline double cost_at(const Matching *m, int32_t i, int32_t j)
{
    return rolled_row(m, i)[wrap(j + m->first_column, m->columns)];
}

/* Find the cheapest path anew, leaving one step into each cell on it. -1 without memory. */
int matching_search(Matching *matching);

#endif

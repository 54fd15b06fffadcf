/* Monotone matching of two cyclic sequences of samples by dynamic programming, and the mean cost of the matched pairs. */
#include "matching.h"
#include <stdlib.h>

static inline double enter(double left, double above, double both, double cost, uint8_t *step)
{
    const double least = left < above ? (left < both ? left : both) : (above < both ? above : both);
    *step = (uint8_t)((left == least) * FROM_LEFT | (above == least) * FROM_ABOVE | (both == least) * FROM_BOTH);
    return least + cost;
}

/* One stretch of a row whose costs are contiguous; `line` holds the row above and is overwritten. */
static void fill_stretch(double *line, uint8_t *steps, const double *costs, int32_t n, double *left, double *both)
{
    double l = *left, b = *both;
    for (int32_t j = 0; j < n; j++) {
        const double above = line[j];
        l = line[j] = enter(l, above, b, costs[j], &steps[j]);
        b = above;
    }
    *left = l;
    *both = b;
}

static void fill_row(Matching *m, int32_t i)
{
    const double *costs = rolled_row(m, i);
    uint8_t *steps = m->steps + (size_t)i * (size_t)m->columns;
    const int32_t before_wrap = m->columns - m->first_column;
    double left = m->line[0] + costs[m->first_column], both = m->line[0];
    m->line[0] = left;
    steps[0] = FROM_ABOVE;
    fill_stretch(m->line + 1, steps + 1, costs + m->first_column + 1, before_wrap - 1, &left, &both);
    fill_stretch(m->line + before_wrap, steps + before_wrap, costs, m->first_column, &left, &both);
}

static void fill(Matching *m)
{
    m->line[0] = 0; /* the cost of the first cell does not count */
    for (int32_t j = 1; j < m->columns; j++) {
        m->line[j] = m->line[j - 1] + cost_at(m, 0, j);
        m->steps[j] = FROM_LEFT;
    }
    for (int32_t i = 1; i < m->rows; i++)
        fill_row(m, i);
}

/* Follow the steps back from the last cell. Returns 0 where two of them are equally good. */
static int trace_back(Matching *m)
{
    int32_t i = m->rows - 1, j = m->columns - 1;
    m->length = 0;
    for (;;) {
        m->path[m->length++] = (Cell){wrap(i + m->first_row, m->rows), wrap(j + m->first_column, m->columns)};
        if (i == 0 && j == 0)
            return 1;
        const uint8_t step = i == 0 ? FROM_LEFT : j == 0 ? FROM_ABOVE : m->steps[(size_t)i * (size_t)m->columns + (size_t)j];
        if (step & (step - 1))
            return 0;
        i -= step != FROM_LEFT;
        j -= step != FROM_ABOVE;
    }
}

/* Cheapest path from the first cell to the last, in reverse. Equal steps matter only on the path, and are rare. */
static int find_path(Matching *m)
{
    fill(m);
    if (trace_back(m))
        return 0;
    if (matching_search(m) < 0)
        return -1;
    trace_back(m);
    return 0;
}

static inline double path_cost(const Matching *m, Cell cell)
{
    return m->costs[(size_t)cell.row * (size_t)m->columns + (size_t)cell.column];
}

/* Start the second round behind the cheapest match of the first, so that it is the last cell. */
static void roll(Matching *m)
{
    Cell best = m->path[0];
    for (int32_t k = 1; k + 1 < m->length; k++)
        if (path_cost(m, m->path[k]) < path_cost(m, best))
            best = m->path[k];
    m->first_row = wrap(best.row + 1, m->rows);
    m->first_column = wrap(best.column + 1, m->columns);
}

/* Keep the cheapest cell of each row and of these the cheapest of each column: their mean cost. */
static double thin(const Matching *m, int32_t *of_row, int32_t *of_column)
{
    for (int32_t i = 0; i < m->rows; i++)
        of_row[i] = -1;
    for (int32_t j = 0; j < m->columns; j++)
        of_column[j] = -1;
    for (int32_t k = 0; k < m->length; k++) {
        const Cell cell = m->path[k];
        if (of_row[cell.row] < 0 || path_cost(m, cell) < path_cost(m, (Cell){cell.row, of_row[cell.row]}))
            of_row[cell.row] = cell.column;
    }
    for (int32_t i = 0; i < m->rows; i++) {
        const int32_t j = of_row[i];
        if (j >= 0 && (of_column[j] < 0 || path_cost(m, (Cell){i, j}) < path_cost(m, (Cell){of_column[j], j})))
            of_column[j] = i;
    }
    double total = 0;
    int32_t kept = 0;
    for (int32_t j = 0; j < m->columns; j++)
        if (of_column[j] >= 0) {
            total += path_cost(m, (Cell){of_column[j], j});
            kept++;
        }
    return total / kept;
}

static int matching_run(Matching *m, double *value)
{
    const size_t rows = (size_t)m->rows, columns = (size_t)m->columns;
    m->steps = malloc(rows * columns);
    m->line = malloc(columns * sizeof *m->line);
    m->path = malloc((rows + columns) * sizeof *m->path);
    int32_t *kept = malloc((rows + columns) * sizeof *kept);
    int failed = !m->steps || !m->line || !m->path || !kept || find_path(m) < 0;
    if (!failed) {
        roll(m);
        failed = find_path(m) < 0;
    }
    if (!failed)
        *value = thin(m, kept, kept + rows);
    free(m->steps);
    free(m->line);
    free(m->path);
    free(kept);
    return failed;
}

static PyObject *matching_cost(PyObject *self, PyObject *args)
{
    PyObject *object;
    Py_ssize_t rows, columns;
    Py_buffer costs;
    double value = 0;
    int failed;
    (void)self;
    if (!PyArg_ParseTuple(args, "Onn", &object, &rows, &columns))
        return NULL;
    if (rows < 1 || columns < 1 || rows > (1 << 29) / columns) {
        PyErr_SetString(PyExc_ValueError, "a cost matrix has 1 to 2**29 cells");
        return NULL;
    }
    if (kernel_borrow(object, &costs, 0, rows * columns * (Py_ssize_t)sizeof(double), "costs") < 0)
        return NULL;
    Matching matching = {.costs = costs.buf, .rows = (int32_t)rows, .columns = (int32_t)columns};
    Py_BEGIN_ALLOW_THREADS
    failed = matching_run(&matching, &value);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&costs);
    return failed ? PyErr_NoMemory() : PyFloat_FromDouble(value);
}

PyMethodDef matching_methods[] = {
    {"matching_cost", matching_cost, METH_VARARGS, "matching_cost(costs, rows, columns) -> float"},
    {NULL, NULL, 0, NULL},
};

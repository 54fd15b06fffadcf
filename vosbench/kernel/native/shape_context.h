/* What the histograms of shape contexts look like. */
#ifndef VOSBENCH_SHAPE_CONTEXT_H
#define VOSBENCH_SHAPE_CONTEXT_H

#include "kernel.h"
#include <float.h>

#define RINGS 5
#define SECTORS 12
#define BINS (RINGS * SECTORS)
#define EPSILON DBL_EPSILON
#define MOST_SAMPLES (1 << 24)

#endif

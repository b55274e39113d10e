/* Chapters 5, 13 and PACK-3: sparse addition, its width, counters. */
#ifndef ACCUMULATE_H
#define ACCUMULATE_H

#include "encoding.h"

/* A source adds its row |count| times, once for each spike; here in one step (EVENT-7). */
void add_row(int64_t count, const int64_t *row, size_t targets, int64_t *y);

/* ADD-1: y[m] += sum over the sources of counts[j] * W[j, m], row by row of those that spike. */
void sparse_add(const int64_t *counts, size_t sources, const int64_t *weights, size_t targets,
                int64_t *y);

/* ADD-3: max_m B[m]. */
int64_t accumulator_bound(struct pool *pool, const struct encoder *encoder,
                          const int64_t *weights, size_t sources, size_t targets);

/* ADD-4: rho[m], the sums of the weights of each target. */
void sum_weights(const int64_t *weights, size_t sources, size_t targets, int64_t *sums);
void correct_zero_point(int64_t zero_point, const int64_t *sums, size_t targets, int64_t *y);

/* How many of `count` values are 0. */
int64_t count_zeros(const int64_t *values, size_t count);

#endif

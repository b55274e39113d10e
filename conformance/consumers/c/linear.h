/* OP-8: from accumulators to outputs. */
#ifndef LINEAR_H
#define LINEAR_H

#include "accumulate.h"

/* The parameters of one linear operator. */
struct linear {
    size_t sources, targets;
    const int64_t *weights;           /* [sources, targets] */
    const int64_t *channel_mantissas; /* u16 */
    const int64_t *channel_exponents;
    const int64_t *bias;        /* 40 bits with 16 fraction bits; NULL where absent */
    const int64_t *weight_sums; /* rho; NULL where counts are symmetric */
    int output_bits;            /* B */
};

/* OP-8 step 1. */
void project(const struct linear *linear, const int64_t *counts, int64_t zero_point, int64_t *y);

/* OP-8 steps 2 and 3; `exponent` is e_t + E. Returns the saturations. */
int64_t rescale(const struct linear *linear, enum ties ties, const int64_t *y, int64_t mantissa,
                int64_t exponent, int64_t *out);

#endif

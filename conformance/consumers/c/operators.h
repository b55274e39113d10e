/* Chapter 8 without the linear operators: embedding, norm, gate, residual, logits, choice. */
#ifndef OPERATORS_H
#define OPERATORS_H

#include "case_file.h"

/* OP-1: one row of the embedding as the residual stream. Returns the saturations. */
int64_t embed(const int64_t *mantissas, int64_t exponent, size_t n, enum ties ties, int64_t *x);

/* The constants of OP-2, and gamma of OP-3: NULL without. */
struct norm {
    int64_t root, root_exponent, epsilon;
    const int64_t *gamma;
    int64_t gamma_exponent;
    enum ties ties;
};

bool norm_constants_fit(const struct norm *norm); /* MODEL-3 */

/* OP-2 and OP-3; returns the exponent of u. */
int64_t normalise_stream(const struct norm *norm, const int64_t *x, size_t n, int64_t *u);

/* OP-9 of one neuron: 32 fraction bits. */
int64_t gate_neuron(int64_t gate, int64_t up, int64_t log2e, const int64_t table[7],
                    enum ties ties);

/* OP-10, into `sum`, which may be x. Returns the saturations. */
int64_t add_residual(const int64_t *x, const int64_t *out, size_t n, int64_t *sum);

/* The output rows and OP-12: u' and its new exponent, then the logits. Returns the saturations. */
struct head {
    const int64_t *mantissas, *exponents; /* [vocabulary, n], [vocabulary] */
    size_t vocabulary, n;
    enum ties ties;
};

int64_t score_vocabulary(const struct head *head, const int64_t *u, int64_t *exponent,
                         int64_t *mantissa, int64_t *logits);

/* OP-13: the lowest id of the largest logit. */
int64_t choose(const int64_t *logits, size_t vocabulary);

#endif

/* Chapter 9: spiked attention over a cache of counts. */
#ifndef ATTENTION_H
#define ATTENTION_H

#include "encoding.h"

/* ATT-12: keys or values of all positions so far. */
struct cache {
    size_t heads, width;   /* G, d */
    int64_t *counts;       /* [positions, G, d] */
    int64_t *mantissas;    /* [positions, G] */
    int64_t *exponents;    /* [positions, G] */
};

/* What is fixed for a layer. */
struct attention {
    size_t query_heads, heads, width; /* H, G, d */
    size_t window;                    /* 0 for none */
    struct encoder encoder;           /* of keys and values: symmetric, b = kv_bits */
    const struct rotation *rotation;  /* H_d, or the identity */
    int64_t score_mantissa, score_exponent;
    const int64_t *table; /* exp2 */
};

/* The record `attention` of TRACE-2 for one token. */
struct attended {
    int64_t *top_score, *weight_sum;    /* [H] */
    int64_t *accumulator;               /* [H, d] */
    int64_t *mixed;                     /* [H * d] */
    int64_t *key_spikes, *value_spikes; /* [H] */
    int64_t exponent, saturations;
};

struct cache new_cache(struct pool *pool, size_t positions, size_t heads, size_t width);
struct attended new_attended(struct pool *pool, const struct attention *attention);

/* ATT-1 for `heads` heads of one token; cos and sin are the row of its position. */
void rope(const int64_t *x, size_t heads, size_t width, const int64_t *cos, const int64_t *sin,
          int64_t *r);

/* ATT-2 and ATT-3: the heads of one token with `fraction_bits`; potential is [G, d]. */
enum refusal cache_heads(const struct attention *attention, const int64_t *r, int fraction_bits,
                         struct cache *cache, size_t position, int64_t *potential);

/* ATT-4: one head; returns the exponent x_q. */
int64_t form_query(const struct attention *attention, const int64_t *r, int64_t *mantissa);

/* The cached keys or values of one head at the visible positions first ... first + count - 1. */
struct visible {
    const struct cache *cache;
    size_t head, first, count;
};

/* ATT-6: the spikes of a key select what is added of the query. Returns the saturations. */
int64_t score_keys(const struct visible *keys, const int64_t *query, int64_t exponent,
                   enum ties ties, int64_t *score);

/* ATT-7: scores become weights, in place. Returns the top score. */
int64_t weigh(int64_t *score, size_t count, const int64_t *table, enum ties ties, int64_t *sum);

/* ATT-8: the spikes of a value add its addend. Returns X. */
int64_t mix_values(const struct visible *values, const int64_t *weight, enum ties ties,
                   int64_t *accumulator);

/* ATT-9; sum <= 2^47 */
void divide_by_sum(const int64_t *accumulator, size_t width, int64_t sum, enum ties ties,
                   int64_t *z);

/* ATT-5 to ATT-11: the queries [H, d] and [H] of the token at `position`. */
void attend(struct pool *pool, const struct attention *attention, const int64_t *query,
            const int64_t *query_exponent, const struct cache *keys, const struct cache *values,
            size_t position, struct attended *result);

#endif

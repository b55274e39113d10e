/* Chapter 2: rounding, saturation, block shift, square root, power of two, random words. */
#ifndef ARITHMETIC_H
#define ARITHMETIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TWO(n) ((int64_t)1 << (n))

enum ties { HALF_EVEN, HALF_UP };

int bit_length(uint64_t x);
uint64_t magnitude(int64_t x);

/* CONV-2: does x fit n bits? 1 <= n <= 64. */
bool fits(int64_t x, int n);

/* ARITH-2. A left shift that reaches 2^62 gives +-2^62: callers saturate to less, or check. */
int64_t round_shift(int64_t x, int64_t s, enum ties ties);

/* ARITH-3; b >= 1. */
int64_t round_div(int64_t a, int64_t b, enum ties ties);

/* round_div(a * 2^k, b) for 1 <= b and b * 2^k < 2^63, k >= 1, without a wider product. */
int64_t round_div_scaled(int64_t a, int k, int64_t b, enum ties ties);

/* ARITH-4; *changed grows by 1 where the value is changed. */
int64_t saturate(int64_t x, int n, int64_t *changed);

/* ARITH-5; returns s. */
int block_shift(const int64_t *x, size_t k, int n, enum ties ties, int64_t *mantissas);

/* ARITH-6; a >= 1, n <= 62. */
void normalise(int64_t a, int n, enum ties ties, int64_t *mantissa, int64_t *exponent);

/* ARITH-7; 0 <= x < 2^62. */
int64_t isqrt(int64_t x);

/* ARITH-8; a >= 0. */
int64_t exp2_fixed(int64_t a, const int64_t table[7], enum ties ties);

/* The bound of MODEL-3 that keeps every step of exp2_fixed below 2^47. */
bool exp2_table_fits(const int64_t table[7]);

/* ARITH-10: word i = 1, 2, ... of a seed, and the seed of a label. */
uint64_t random_word(uint64_t seed, uint64_t i);
uint64_t label_seed(const char *label);

#endif

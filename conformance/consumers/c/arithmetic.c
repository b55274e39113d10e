#include "arithmetic.h"

#include "sha256.h"

#include <string.h>

/* CONV-9 */
int bit_length(uint64_t x)
{
    int length = 0;

    while (x != 0) {
        x >>= 1;
        length++;
    }
    return length;
}

uint64_t magnitude(int64_t x)
{
    return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

static int64_t largest(int n)
{
    return n >= 64 ? INT64_MAX : TWO(n - 1) - 1;
}

bool fits(int64_t x, int n)
{
    return x <= largest(n) && x >= -largest(n) - 1;
}

static bool is_odd(int64_t x)
{
    return ((uint64_t)x & 1) != 0;
}

/* floor(x / 2^s), 0 <= s <= 63, without the shift of a negative number. */
static int64_t floor_shift(int64_t x, int s)
{
    return x >= 0 ? x >> s : ~(~x >> s);
}

static int64_t shift_left(int64_t x, int64_t s)
{
    if (x == 0 || s == 0)
        return x;
    if (s >= 62 || magnitude(x) >= (uint64_t)TWO(62 - s))
        return x < 0 ? -TWO(62) : TWO(62);
    return x * TWO(s);
}

/* ARITH-2 */
int64_t round_shift(int64_t x, int64_t s, enum ties ties)
{
    if (s <= 0)
        return shift_left(x, s < -62 ? 62 : -s);
    if (s > 63)
        return 0; /* |x| / 2^s <= 1/2, and the tie -1/2 goes to 0 under both rules */

    int64_t down = floor_shift(x, (int)s);
    uint64_t half = (uint64_t)1 << (s - 1);
    uint64_t rest = (uint64_t)x & (2 * half - 1);
    bool tie_goes_up = ties == HALF_UP || is_odd(down);

    return down + (rest > half || (rest == half && tie_goes_up));
}

/* a = quotient * b + rest with 0 <= rest < b */
static int64_t floor_div(int64_t a, int64_t b, int64_t *rest)
{
    int64_t quotient = a / b;

    *rest = a % b;
    if (*rest < 0) {
        *rest += b;
        quotient--;
    }
    return quotient;
}

/* ARITH-3 */
int64_t round_div(int64_t a, int64_t b, enum ties ties)
{
    int64_t rest;
    int64_t down = floor_div(a, b, &rest);
    bool tie_goes_up = ties == HALF_UP || is_odd(down);

    return down + (rest > b - rest || (rest == b - rest && tie_goes_up));
}

/* a = quotient * b + rest, so a * 2^k / b = quotient * 2^k + rest * 2^k / b. The first term is an
 * even integer, so it moves neither a tie nor its even neighbour. */
int64_t round_div_scaled(int64_t a, int k, int64_t b, enum ties ties)
{
    int64_t rest;
    int64_t quotient = floor_div(a, b, &rest);

    return quotient * TWO(k) + round_div(rest * TWO(k), b, ties);
}

/* ARITH-4 */
int64_t saturate(int64_t x, int n, int64_t *changed)
{
    if (fits(x, n))
        return x;
    ++*changed;
    return x < 0 ? -largest(n) - 1 : largest(n);
}

/* round_shift of a magnitude, which may be 2^63 */
static uint64_t round_magnitude(uint64_t x, int s, enum ties ties)
{
    if (s == 0)
        return x;

    uint64_t half = (uint64_t)1 << (s - 1);
    uint64_t rest = x & (2 * half - 1);
    uint64_t down = s > 63 ? 0 : x >> s;

    return down + (rest > half || (rest == half && (ties == HALF_UP || (down & 1) != 0)));
}

/* ARITH-5 */
int block_shift(const int64_t *x, size_t k, int n, enum ties ties, int64_t *mantissas)
{
    uint64_t most = 0;
    int s;

    for (size_t i = 0; i < k; i++)
        if (magnitude(x[i]) > most)
            most = magnitude(x[i]);
    s = bit_length(most) - (n - 1);
    if (s < 0)
        s = 0;
    while (round_magnitude(most, s, ties) > (uint64_t)largest(n))
        s++;
    for (size_t i = 0; i < k; i++)
        mantissas[i] = round_shift(x[i], s, ties);
    return s;
}

/* ARITH-6 */
void normalise(int64_t a, int n, enum ties ties, int64_t *mantissa, int64_t *exponent)
{
    int e = bit_length((uint64_t)a) - n;
    int64_t m = round_shift(a, e, ties);

    if (m == TWO(n)) {
        m = TWO(n - 1);
        e++;
    }
    *mantissa = m;
    *exponent = e;
}

/* ARITH-7, one bit of the root at a time */
int64_t isqrt(int64_t x)
{
    int64_t root = 0;

    for (int64_t bit = TWO(30); bit != 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= x)
            root += bit;
    return root;
}

bool exp2_table_fits(const int64_t table[7])
{
    int64_t sum = 0;

    for (int k = 0; k < 7; k++) {
        if (table[k] < 0 || table[k] > TWO(31))
            return false;
        sum += table[k];
    }
    return sum <= TWO(31);
}

/* ARITH-8 */
int64_t exp2_fixed(int64_t a, const int64_t table[7], enum ties ties)
{
    int64_t f = (int64_t)((0 - (uint64_t)a) & 0xFFFF);
    int64_t n = (a >> 16) + (f != 0);
    int64_t p = table[6];

    for (int k = 5; k >= 0; k--)
        p = round_shift(p * f, 16, ties) + table[k];
    return round_shift(p, n, ties);
}

/* ARITH-10 */
uint64_t random_word(uint64_t seed, uint64_t i)
{
    uint64_t y = seed + i * UINT64_C(0x9E3779B97F4A7C15);

    y = (y ^ (y >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    y = (y ^ (y >> 27)) * UINT64_C(0x94D049BB133111EB);
    return y ^ (y >> 31);
}

uint64_t label_seed(const char *label)
{
    uint8_t digest[32];
    uint64_t seed = 0;

    sha256(label, strlen(label), digest);
    for (int i = 7; i >= 0; i--)
        seed = seed << 8 | digest[i];
    return seed;
}

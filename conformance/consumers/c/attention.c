#include "attention.h"

#include <string.h>

struct cache new_cache(struct pool *pool, size_t positions, size_t heads, size_t width)
{
    struct cache cache = {heads, width, NULL, NULL, NULL};

    cache.counts = pool_numbers(pool, positions * heads * width);
    cache.mantissas = pool_numbers(pool, positions * heads);
    cache.exponents = pool_numbers(pool, positions * heads);
    return cache;
}

struct attended new_attended(struct pool *pool, const struct attention *attention)
{
    size_t heads = attention->query_heads, all = heads * attention->width;
    struct attended result = {0};

    result.top_score = pool_numbers(pool, heads);
    result.weight_sum = pool_numbers(pool, heads);
    result.accumulator = pool_numbers(pool, all);
    result.mixed = pool_numbers(pool, all);
    result.key_spikes = pool_numbers(pool, heads);
    result.value_spikes = pool_numbers(pool, heads);
    return result;
}

/* ---- one token: ATT-1 to ATT-4 ---- */

void rope(const int64_t *x, size_t heads, size_t width, const int64_t *cos, const int64_t *sin,
          int64_t *r)
{
    for (size_t h = 0; h < heads; h++)
        for (size_t a = 0; a < width / 2; a++) {
            size_t i = h * width + a, k = i + width / 2;

            r[i] = x[i] * cos[a] - x[k] * sin[a];
            r[k] = x[k] * cos[a] + x[i] * sin[a];
        }
}

enum refusal cache_heads(const struct attention *attention, const int64_t *r, int fraction_bits,
                         struct cache *cache, size_t position, int64_t *potential)
{
    struct entry entry = {attention->encoder, attention->rotation, CLIP_NONE, 0};

    for (size_t g = 0; g < cache->heads; g++) {
        size_t slot = position * cache->heads + g, at = g * cache->width;
        int64_t exponent = -fraction_bits;
        struct row row;
        enum refusal refusal = enter(&entry, r + at, &exponent, potential + at, &row,
                                     cache->counts + slot * cache->width);

        if (refusal != ACCEPTED)
            return refusal;
        cache->mantissas[slot] = row.mantissa;
        cache->exponents[slot] = row.exponent + exponent;
    }
    return ACCEPTED;
}

int64_t form_query(const struct attention *attention, const int64_t *r, int64_t *mantissa)
{
    enum ties ties = attention->encoder.ties;
    size_t d = attention->width;
    int64_t exponent = attention->score_exponent - 30;

    exponent += block_shift(r, d, entry_width(attention->rotation), ties, mantissa);
    rotate(attention->rotation, false, mantissa);
    for (size_t i = 0; i < d; i++)
        mantissa[i] *= attention->score_mantissa; /* w, below 2^52 */
    return exponent + block_shift(mantissa, d, 24, ties, mantissa);
}

/* ---- one query head: ATT-5 to ATT-9 ---- */

static size_t slot_of(const struct visible *visible, size_t j)
{
    return (visible->first + j) * visible->cache->heads + visible->head;
}

static const int64_t *counts_of(const struct visible *visible, size_t j)
{
    return visible->cache->counts + slot_of(visible, j) * visible->cache->width;
}

static int64_t spikes_of(const struct visible *visible)
{
    int64_t spikes = 0;

    for (size_t j = 0; j < visible->count; j++)
        for (size_t i = 0; i < visible->cache->width; i++)
            spikes += (int64_t)magnitude(counts_of(visible, j)[i]);
    return spikes;
}

/* ATT-6 */
int64_t score_keys(const struct visible *keys, const int64_t *query, int64_t exponent,
                   enum ties ties, int64_t *score)
{
    int64_t saturations = 0;

    for (size_t j = 0; j < keys->count; j++) {
        const int64_t *counts = counts_of(keys, j);
        size_t slot = slot_of(keys, j);
        int64_t a = 0, shift = -(exponent + keys->cache->exponents[slot] + 16);

        for (size_t i = 0; i < keys->cache->width; i++)
            if (counts[i] != 0)
                a += counts[i] * query[i];
        score[j] = saturate(round_shift(a * keys->cache->mantissas[slot], shift, ties), 40,
                            &saturations);
    }
    return saturations;
}

/* ATT-7 */
int64_t weigh(int64_t *score, size_t count, const int64_t *table, enum ties ties, int64_t *sum)
{
    int64_t top = score[0];

    for (size_t j = 1; j < count; j++)
        if (score[j] > top)
            top = score[j];
    *sum = 0;
    for (size_t j = 0; j < count; j++) {
        score[j] = exp2_fixed(top - score[j], table, ties);
        *sum += score[j];
    }
    return top;
}

/* ATT-8 */
int64_t mix_values(const struct visible *values, const int64_t *weight, enum ties ties,
                   int64_t *accumulator)
{
    const int64_t *exponents = values->cache->exponents;
    int64_t most = exponents[slot_of(values, 0)];

    for (size_t j = 1; j < values->count; j++)
        if (exponents[slot_of(values, j)] > most)
            most = exponents[slot_of(values, j)];
    memset(accumulator, 0, values->cache->width * sizeof *accumulator);
    for (size_t j = 0; j < values->count; j++) {
        const int64_t *counts = counts_of(values, j);
        size_t slot = slot_of(values, j);
        int64_t addend = round_shift(weight[j] * values->cache->mantissas[slot],
                                     18 + most - exponents[slot], ties);

        for (size_t i = 0; i < values->cache->width; i++)
            if (counts[i] != 0)
                accumulator[i] += counts[i] * addend;
    }
    return most;
}

/* ATT-9 */
void divide_by_sum(const int64_t *accumulator, size_t width, int64_t sum, enum ties ties,
                   int64_t *z)
{
    for (size_t i = 0; i < width; i++)
        z[i] = round_div_scaled(accumulator[i], 15, sum, ties);
}

/* ---- all query heads of one token: ATT-5 to ATT-11 ---- */

/* Returns X of the head; its z stands in `mixed`. */
static int64_t attend_head(const struct attention *attention, size_t h, const int64_t *query,
                           int64_t query_exponent, const struct visible *keys,
                           const struct visible *values, int64_t *score, struct attended *result)
{
    enum ties ties = attention->encoder.ties;
    size_t d = attention->width;
    int64_t exponent;

    result->key_spikes[h] = spikes_of(keys);
    result->value_spikes[h] = spikes_of(values);
    result->saturations += score_keys(keys, query, query_exponent, ties, score);
    result->top_score[h] = weigh(score, keys->count, attention->table, ties,
                                 &result->weight_sum[h]);
    exponent = mix_values(values, score, ties, result->accumulator + h * d);
    divide_by_sum(result->accumulator + h * d, d, result->weight_sum[h], ties,
                  result->mixed + h * d);
    return exponent;
}

/* ATT-10 and ATT-11 */
static void align_heads(const struct attention *attention, const int64_t *exponents,
                        struct attended *result)
{
    size_t d = attention->width;
    int64_t most = exponents[0];

    for (size_t h = 1; h < attention->query_heads; h++)
        if (exponents[h] > most)
            most = exponents[h];
    for (size_t h = 0; h < attention->query_heads; h++) {
        int64_t *z = result->mixed + h * d;

        for (size_t i = 0; i < d; i++)
            z[i] = round_shift(z[i], most - exponents[h], attention->encoder.ties);
        rotate(attention->rotation, true, z);
    }
    result->exponent = most + 3;
}

void attend(struct pool *pool, const struct attention *attention, const int64_t *query,
            const int64_t *query_exponent, const struct cache *keys, const struct cache *values,
            size_t position, struct attended *result)
{
    size_t window = attention->window, heads = attention->query_heads;
    size_t first = window != 0 && position >= window ? position - window + 1 : 0; /* ATT-5 */
    size_t count = position - first + 1;
    int64_t *score = pool_numbers(pool, count), *exponents = pool_numbers(pool, heads);

    result->saturations = 0;
    for (size_t h = 0; h < heads; h++) {
        size_t g = h * attention->heads / heads;
        struct visible of_keys = {keys, g, first, count}, of_values = {values, g, first, count};

        exponents[h] = attend_head(attention, h, query + h * attention->width, query_exponent[h],
                                   &of_keys, &of_values, score, result);
    }
    align_heads(attention, exponents, result);
}

/* The operations of chapter 9 and PACK-4. */
#include "attention.h"

#include "operations.h"

#include <string.h>

/* The bounds that keep the products of ATT-6 and ATT-8 in 64 bits. */
static bool cache_fits(const struct encoder *encoder, const struct tensor *counts,
                       const struct tensor *mantissas)
{
    return counts_fit(encoder, counts) && tensor_within(mantissas, 0, TWO(16) - 1);
}

static const struct tensor *table_input(const struct task *task)
{
    const struct tensor *table = input(task, "table", I64, 1);

    require_equal(task, table->count, 7);
    return table;
}

enum refusal op_rope(struct task *task)
{
    const struct tensor *x = input(task, "x", I32, 3);
    const struct tensor *cos = input(task, "cos", I16, 2);
    const struct tensor *sin = input(task, "sin", I16, 2);
    size_t rows = x->shape[0], heads = x->shape[1], d = x->shape[2];
    int64_t *r = output(task, "r", I64, SHAPE(rows, heads, d));

    require_equal(task, cos->shape[0], rows);
    require_equal(task, 2 * cos->shape[1], d);
    require_equal(task, sin->shape[0], rows);
    require_equal(task, 2 * sin->shape[1], d);
    for (size_t t = 0; t < rows; t++)
        rope(x->values + t * heads * d, heads, d, cos->values + t * (d / 2),
             sin->values + t * (d / 2), r + t * heads * d);
    return ACCEPTED;
}

/* Parameters `bits` and `ties`. */
static enum refusal cache_parameters(const struct task *task, struct encoder *encoder)
{
    enum refusal refusal = bits_parameter(task, encoder);

    return refusal == ACCEPTED ? ties_parameter(task, &encoder->ties) : refusal;
}

static enum refusal rotate_parameter(struct task *task, struct attention *attention)
{
    bool rotates;
    enum refusal refusal = flag_parameter(task, "rotate", &rotates);

    if (refusal == ACCEPTED)
        attention->rotation = rotates ? rotation_of_width(task->pool, attention->width)
                                      : no_rotation(task->pool, attention->width);
    return refusal;
}

enum refusal op_cache_heads(struct task *task)
{
    const struct tensor *r = input(task, "r", I64, 3);
    size_t rows = r->shape[0], heads = r->shape[1], d = r->shape[2];
    int64_t fraction_bits = integer_parameter(task, "fraction_bits");
    int64_t *potential = output(task, "potential", I32, SHAPE(rows, heads, d));
    int64_t *mantissas = output(task, "mantissa", I32, SHAPE(rows, heads));
    int64_t *exponents = output(task, "exponent", I32, SHAPE(rows, heads));
    int64_t *counts = output(task, "counts", I16, SHAPE(rows, heads, d));
    struct cache cache = {heads, d, counts, mantissas, exponents};
    struct attention attention = {.heads = heads, .width = d};
    enum refusal refusal = cache_parameters(task, &attention.encoder);

    if (refusal == ACCEPTED)
        refusal = ratio_parameters(task, &attention.encoder);
    if (refusal == ACCEPTED)
        refusal = rotate_parameter(task, &attention);
    if (refusal == ACCEPTED && !fits(fraction_bits, 16))
        refusal = REFUSE_PARAMETER;
    for (size_t t = 0; t < rows && refusal == ACCEPTED; t++)
        refusal = cache_heads(&attention, r->values + t * heads * d, (int)fraction_bits, &cache,
                              t, potential + t * heads * d);
    return refusal;
}

/* MODEL-3 */
static enum refusal score_parameters(const struct task *task, struct attention *attention)
{
    attention->score_mantissa = integer_parameter(task, "score_mantissa");
    attention->score_exponent = integer_parameter(task, "score_exponent");
    return attention->score_mantissa >= 0 && attention->score_mantissa < TWO(22) &&
                   fits(attention->score_exponent, 16)
               ? ACCEPTED
               : REFUSE_RANGE;
}

enum refusal op_queries(struct task *task)
{
    const struct tensor *r = input(task, "r", I64, 3);
    size_t rows = r->shape[0], heads = r->shape[1], d = r->shape[2];
    int64_t *mantissa = output(task, "mantissa", I32, SHAPE(rows, heads, d));
    int64_t *exponent = output(task, "exponent", I32, SHAPE(rows, heads));
    struct attention attention = {.query_heads = heads, .width = d};
    enum refusal refusal = score_parameters(task, &attention);

    if (refusal == ACCEPTED)
        refusal = rotate_parameter(task, &attention);
    if (refusal == ACCEPTED)
        refusal = ties_parameter(task, &attention.encoder.ties);
    for (size_t i = 0; i < rows * heads && refusal == ACCEPTED; i++)
        exponent[i] = form_query(&attention, r->values + i * d, mantissa + i * d);
    return refusal;
}

enum refusal op_scores(struct task *task)
{
    const struct tensor *query = input(task, "query", I32, 1);
    const struct tensor *exponent = input(task, "query_exponent", I32, 0);
    const struct tensor *counts = input(task, "counts", I16, 2);
    const struct tensor *mantissas = input(task, "mantissa", I32, 1);
    const struct tensor *exponents = input(task, "exponent", I32, 1);
    size_t positions = counts->shape[0], d = counts->shape[1];
    int64_t *score = output(task, "score", I64, SHAPE(positions));
    int64_t *saturations = output(task, "saturations", I64, SCALAR);
    struct cache cache = {1, d, counts->values, mantissas->values, exponents->values};
    struct visible keys = {&cache, 0, 0, positions};
    struct encoder encoder;
    enum refusal refusal = cache_parameters(task, &encoder);

    require_equal(task, query->count, d);
    require_equal(task, mantissas->count, positions);
    require_equal(task, exponents->count, positions);
    if (refusal != ACCEPTED)
        return refusal;
    if (!cache_fits(&encoder, counts, mantissas) || !tensor_within(query, -TWO(23), TWO(23) - 1))
        return REFUSE_RANGE;
    *saturations = score_keys(&keys, query->values, *exponent->values, encoder.ties, score);
    return ACCEPTED;
}

enum refusal op_softmax(struct task *task)
{
    const struct tensor *score = input(task, "score", I64, 1);
    const struct tensor *table = table_input(task);
    int64_t *top = output(task, "top", I64, SCALAR);
    int64_t *weight = output(task, "weight", I64, SHAPE(score->count));
    int64_t *sum = output(task, "sum", I64, SCALAR);
    enum ties ties;
    enum refusal refusal = ties_parameter(task, &ties);

    if (refusal != ACCEPTED)
        return refusal;
    if (score->count == 0 || !tensor_within(score, -TWO(39), TWO(39) - 1) ||
        !exp2_table_fits(table->values))
        return REFUSE_RANGE;
    memcpy(weight, score->values, score->count * sizeof *weight);
    *top = weigh(weight, score->count, table->values, ties, sum);
    return ACCEPTED;
}

enum refusal op_mix(struct task *task)
{
    const struct tensor *weight = input(task, "weight", I64, 1);
    const struct tensor *counts = input(task, "counts", I16, 2);
    const struct tensor *mantissas = input(task, "mantissa", I32, 1);
    const struct tensor *exponents = input(task, "exponent", I32, 1);
    size_t positions = counts->shape[0], d = counts->shape[1];
    int64_t *accumulator = output(task, "accumulator", I64, SHAPE(d));
    int64_t *mixed = output(task, "mixed", I64, SHAPE(d));
    int64_t *exponent = output(task, "exponent", I32, SCALAR);
    struct cache cache = {1, d, counts->values, mantissas->values, exponents->values};
    struct visible values = {&cache, 0, 0, positions};
    struct encoder encoder;
    enum refusal refusal = cache_parameters(task, &encoder);
    int64_t sum = 0;

    require_equal(task, weight->count, positions);
    require_equal(task, mantissas->count, positions);
    require_equal(task, exponents->count, positions);
    if (refusal != ACCEPTED)
        return refusal;
    if (!cache_fits(&encoder, counts, mantissas) || !tensor_within(weight, 0, TWO(30)))
        return REFUSE_RANGE;
    for (size_t j = 0; j < positions; j++)
        sum += weight->values[j];
    if (sum < 1 || sum > TWO(47))
        return REFUSE_RANGE;
    *exponent = mix_values(&values, weight->values, encoder.ties, accumulator);
    divide_by_sum(accumulator, d, sum, encoder.ties, mixed);
    return ACCEPTED;
}

/* The outputs that `attend` and `cached_attention` share; spikes go to `key_spikes` and
 * `value_spikes` where these are not NULL. */
struct attended_outputs {
    int64_t *top_score, *weight_sum, *accumulator, *mixed, *exponent, *saturations;
    int64_t *key_spikes, *value_spikes;
};

static struct attended_outputs attended_outputs(struct task *task, size_t rows,
                                                const struct attention *attention, bool spikes)
{
    size_t heads = attention->query_heads, d = attention->width;
    struct attended_outputs to = {0};

    to.top_score = output(task, "top_score", I64, SHAPE(rows, heads));
    to.weight_sum = output(task, "weight_sum", I64, SHAPE(rows, heads));
    to.accumulator = output(task, "accumulator", I64, SHAPE(rows, heads, d));
    to.mixed = output(task, "mixed", I64, SHAPE(rows, heads * d));
    to.exponent = output(task, "exponent", I32, SHAPE(rows));
    if (spikes) {
        to.key_spikes = output(task, "key_spikes", I64, SHAPE(rows, heads));
        to.value_spikes = output(task, "value_spikes", I64, SHAPE(rows, heads));
    } else {
        to.key_spikes = numbers(task, rows * heads);
        to.value_spikes = numbers(task, rows * heads);
    }
    to.saturations = output(task, "saturations", I64, SHAPE(rows));
    return to;
}

/* Attends as token t of the outputs, at `position`. */
static void attend_into(struct task *task, const struct attention *attention,
                        const int64_t *query, const int64_t *query_exponent,
                        const struct cache *keys, const struct cache *values, size_t position,
                        const struct attended_outputs *to, size_t t)
{
    size_t heads = attention->query_heads, all = heads * attention->width;
    struct attended result = {
        to->top_score + t * heads,  to->weight_sum + t * heads, to->accumulator + t * all,
        to->mixed + t * all,        to->key_spikes + t * heads, to->value_spikes + t * heads,
        0,                          0,
    };

    attend(task->pool, attention, query, query_exponent, keys, values, position, &result);
    to->exponent[t] = result.exponent;
    to->saturations[t] = result.saturations;
}

static enum refusal attention_parameters(struct task *task, struct attention *attention)
{
    int64_t window = integer_parameter(task, "window");
    const struct tensor *table = table_input(task);
    enum refusal refusal = cache_parameters(task, &attention->encoder);

    if (refusal == ACCEPTED)
        refusal = rotate_parameter(task, attention);
    if (refusal != ACCEPTED)
        return refusal;
    if (window < 0)
        return REFUSE_PARAMETER;
    attention->window = (size_t)window;
    attention->table = table->values;
    if (attention->heads == 0 || attention->query_heads % attention->heads != 0 ||
        !exp2_table_fits(table->values))
        return REFUSE_RANGE;
    return ACCEPTED;
}

static struct cache cache_inputs(const struct task *task, const char *const names[3],
                                 const struct tensor *found[2])
{
    const struct tensor *counts = input(task, names[0], I16, 3);
    const struct tensor *mantissas = input(task, names[1], I32, 2);
    const struct tensor *exponents = input(task, names[2], I32, 2);
    struct cache cache = {counts->shape[1], counts->shape[2], counts->values, mantissas->values,
                          exponents->values};

    require_equal(task, mantissas->shape[0], counts->shape[0]);
    require_equal(task, mantissas->shape[1], counts->shape[1]);
    require_equal(task, exponents->shape[0], counts->shape[0]);
    require_equal(task, exponents->shape[1], counts->shape[1]);
    found[0] = counts;
    found[1] = mantissas;
    return cache;
}

enum refusal op_attend(struct task *task)
{
    static const char *const key_names[3] = {"key_counts", "key_mantissa", "key_exponent"};
    static const char *const value_names[3] = {"value_counts", "value_mantissa",
                                               "value_exponent"};
    const struct tensor *query = input(task, "query", I32, 3);
    const struct tensor *query_exponent = input(task, "query_exponent", I32, 2);
    const struct tensor *key[2], *value[2];
    struct cache keys = cache_inputs(task, key_names, key);
    struct cache values = cache_inputs(task, value_names, value);
    size_t rows = query->shape[0], heads = query->shape[1], d = query->shape[2];
    size_t positions = key[0]->shape[0];
    struct attention attention = {.query_heads = heads, .heads = keys.heads, .width = d};
    enum refusal refusal = attention_parameters(task, &attention);
    struct attended_outputs to = attended_outputs(task, rows, &attention, true);

    require_equal(task, query_exponent->count, rows * heads);
    require_equal(task, keys.width, d);
    require_equal(task, values.width, d);
    require_equal(task, values.heads, keys.heads);
    require_equal(task, value[0]->shape[0], positions);
    if (refusal != ACCEPTED)
        return refusal;
    if (positions < rows || !cache_fits(&attention.encoder, key[0], key[1]) ||
        !cache_fits(&attention.encoder, value[0], value[1]) ||
        !tensor_within(query, -TWO(23), TWO(23) - 1))
        return REFUSE_RANGE;
    for (size_t t = 0; t < rows; t++)
        attend_into(task, &attention, query->values + t * heads * d,
                    query_exponent->values + t * heads, &keys, &values, positions - rows + t, &to,
                    t);
    return ACCEPTED;
}

/* The lengths of the passes; they sum up to the tokens. */
static bool chunks_fit(struct task *task, size_t rows)
{
    size_t count;
    int64_t *chunks = list_parameter(task, "chunks", &count), left = (int64_t)rows;

    for (size_t i = 0; i < count; i++) {
        if (chunks[i] < 1 || chunks[i] > left)
            return false;
        left -= chunks[i];
    }
    return count == 0 || left == 0;
}

struct projected {
    const struct tensor *q, *k, *v, *cos, *sin;
};

static struct projected projected_inputs(const struct task *task)
{
    struct projected in = {input(task, "q", I32, 3), input(task, "k", I32, 3),
                           input(task, "v", I32, 3), input(task, "cos", I16, 2),
                           input(task, "sin", I16, 2)};
    size_t rows = in.q->shape[0], d = in.q->shape[2];

    require_equal(task, in.k->shape[0], rows);
    require_equal(task, in.k->shape[2], d);
    require_equal(task, in.v->shape[0], rows);
    require_equal(task, in.v->shape[1], in.k->shape[1]);
    require_equal(task, in.v->shape[2], d);
    require_equal(task, in.cos->shape[0], rows);
    require_equal(task, 2 * in.cos->shape[1], d);
    require_equal(task, in.sin->shape[0], rows);
    require_equal(task, 2 * in.sin->shape[1], d);
    return in;
}

/* Token by token: the passes of `chunks` give the same integers (ATT-12). */
enum refusal op_cached_attention(struct task *task)
{
    struct projected in = projected_inputs(task);
    size_t rows = in.q->shape[0], heads = in.q->shape[1], d = in.q->shape[2];
    size_t groups = in.k->shape[1];
    struct attention attention = {.query_heads = heads, .heads = groups, .width = d};
    enum refusal refusal = attention_parameters(task, &attention);
    struct attended_outputs to = attended_outputs(task, rows, &attention, false);
    struct cache keys = new_cache(task->pool, rows, groups, d);
    struct cache values = new_cache(task->pool, rows, groups, d);
    int64_t *r = numbers(task, (heads + groups) * d), *potential = numbers(task, groups * d);
    int64_t *query = numbers(task, heads * d), *exponent = numbers(task, heads);

    if (refusal == ACCEPTED)
        refusal = ratio_parameters(task, &attention.encoder);
    if (refusal == ACCEPTED)
        refusal = score_parameters(task, &attention);
    if (refusal == ACCEPTED && !chunks_fit(task, rows))
        refusal = REFUSE_PARAMETER;
    for (size_t t = 0; t < rows && refusal == ACCEPTED; t++) {
        const int64_t *cos = in.cos->values + t * (d / 2), *sin = in.sin->values + t * (d / 2);

        rope(in.k->values + t * groups * d, groups, d, cos, sin, r);
        refusal = cache_heads(&attention, r, 30, &keys, t, potential);
        if (refusal == ACCEPTED)
            refusal = cache_heads(&attention, in.v->values + t * groups * d, 16, &values, t,
                                  potential);
        rope(in.q->values + t * heads * d, heads, d, cos, sin, r);
        for (size_t h = 0; h < heads; h++)
            exponent[h] = form_query(&attention, r + h * d, query + h * d);
        attend_into(task, &attention, query, exponent, &keys, &values, t, &to, t);
    }
    return refusal;
}

static void pack_counts(const int64_t *counts, size_t d, bool nibbles, int64_t *bytes)
{
    for (size_t i = 0; i < d; i++) {
        if (nibbles)
            bytes[i / 2] |= (counts[i] & 15) << 4 * (i % 2);
        else
            bytes[i] = counts[i] & 255;
    }
}

/* PACK-4 */
enum refusal op_pack_cache(struct task *task)
{
    const struct tensor *counts = input(task, "counts", I16, 3);
    const struct tensor *mantissas = input(task, "mantissa", I32, 2);
    const struct tensor *exponents = input(task, "exponent", I32, 2);
    size_t positions = counts->shape[0], heads = counts->shape[1], d = counts->shape[2];
    struct encoder encoder;
    enum refusal refusal = bits_parameter(task, &encoder);
    size_t bytes;
    int64_t *packed;

    require_equal(task, mantissas->count, positions * heads);
    require_equal(task, exponents->count, positions * heads);
    if (refusal != ACCEPTED)
        return refusal;
    if (!cache_fits(&encoder, counts, mantissas) ||
        !tensor_within(exponents, -TWO(15), TWO(15) - 1))
        return REFUSE_RANGE;
    bytes = 4 + (encoder.bits <= 4 ? (d + 1) / 2 : d);
    packed = output(task, "packed", U8, SHAPE(positions, heads, bytes));
    for (size_t slot = 0; slot < positions * heads; slot++) {
        int64_t *at = packed + slot * bytes;

        at[0] = mantissas->values[slot] & 255;
        at[1] = mantissas->values[slot] >> 8;
        at[2] = exponents->values[slot] & 255;
        at[3] = (exponents->values[slot] & 65535) >> 8;
        pack_counts(counts->values + slot * d, d, encoder.bits <= 4, at + 4);
    }
    return ACCEPTED;
}

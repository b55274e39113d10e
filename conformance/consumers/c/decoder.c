/* The forward pass (OP-11, OP-12), decoding and generation (OP-13). */
#include "model.h"
#include "operations.h"
#include "trace.h"

#include <string.h>

/* The state and the scratch of one run. */
struct decoder {
    struct pool *pool;
    const struct model *model;
    struct trace *trace; /* or NULL */
    struct cache *keys, *values; /* one a layer */
    struct attended attended;
    int64_t *x;                  /* the residual stream, [hidden] */
    int64_t *u;                  /* what enters, [widest] */
    int64_t *potential, *counts; /* [widest] */
    int64_t *accumulator;        /* [widest] */
    int64_t *out[LINEAR_OPS];    /* outputs of the linear operators */
    int64_t *rotated;            /* after RoPE, [H, d] */
    int64_t *query;              /* [H, d] */
    int64_t *query_exponent;     /* [H] */
};

/* The token and layer that are being passed. */
struct place {
    size_t token;
    size_t layer;
};

static size_t widest(const struct model *model)
{
    size_t all = model->heads * model->width;
    size_t most = model->hidden > model->intermediate ? model->hidden : model->intermediate;

    return most > all ? most : all;
}

static void start_decoder(struct decoder *decoder, struct pool *pool, const struct model *model,
                          struct trace *trace, size_t positions)
{
    size_t most = widest(model), heads = model->heads, all = heads * model->width;

    decoder->pool = pool;
    decoder->model = model;
    decoder->trace = trace;
    decoder->keys = pool_take(pool, model->layers, sizeof *decoder->keys);
    decoder->values = pool_take(pool, model->layers, sizeof *decoder->values);
    for (size_t i = 0; i < model->layers; i++) {
        decoder->keys[i] = new_cache(pool, positions, model->kv_heads, model->width);
        decoder->values[i] = new_cache(pool, positions, model->kv_heads, model->width);
    }
    decoder->attended = new_attended(pool, &model->layer[0].attention);
    decoder->x = pool_numbers(pool, model->hidden);
    decoder->u = pool_numbers(pool, most);
    decoder->potential = pool_numbers(pool, most);
    decoder->counts = pool_numbers(pool, most);
    decoder->accumulator = pool_numbers(pool, most);
    for (int i = 0; i < LINEAR_OPS; i++)
        decoder->out[i] = pool_numbers(pool, most);
    decoder->rotated = pool_numbers(pool, all);
    decoder->query = pool_numbers(pool, all);
    decoder->query_exponent = pool_numbers(pool, heads);
}

/* ---- parts of a layer ---- */

static void record_residual(struct decoder *decoder, size_t token, int64_t layer, enum op op,
                            int64_t saturations)
{
    open_record(decoder->trace, token, layer, op, 2);
    add_field(decoder->trace, I64, decoder->x, SHAPE(decoder->model->hidden));
    add_field(decoder->trace, I64, &saturations, SCALAR);
    close_record(decoder->trace);
}

/* OP-4 to OP-7 from `u` into `counts`; row->exponent becomes e_t + E. */
static enum refusal spike(struct decoder *decoder, struct place place, enum op op,
                          const struct entry *entry, const int64_t *u, int64_t exponent,
                          struct row *row)
{
    size_t n = entry->rotation->width;
    enum refusal refusal =
        enter(entry, u, &exponent, decoder->potential, row, decoder->counts);

    if (refusal != ACCEPTED)
        return refusal;
    open_record(decoder->trace, place.token, (int64_t)place.layer, op, 5);
    add_field(decoder->trace, I32, decoder->potential, SHAPE(n));
    add_field(decoder->trace, I32, &exponent, SCALAR);
    add_field(decoder->trace, I64, &row->range, SCALAR);
    add_field(decoder->trace, I16, &row->zero_point, SCALAR);
    add_field(decoder->trace, I16, decoder->counts, SHAPE(n));
    close_record(decoder->trace);
    row->exponent += exponent;
    return ACCEPTED;
}

/* OP-8 of the operator `which` on the counts. */
static void run_linear(struct decoder *decoder, struct place place, enum op op,
                       enum linear_op which, const struct row *row)
{
    const struct linear *linear = &decoder->model->layer[place.layer].linear[which];
    size_t targets = linear->targets;
    int64_t saturations;

    memset(decoder->accumulator, 0, targets * sizeof(int64_t));
    project(linear, decoder->counts, row->zero_point, decoder->accumulator);
    saturations = rescale(linear, decoder->model->encoder.ties, decoder->accumulator,
                          row->mantissa, row->exponent, decoder->out[which]);
    open_record(decoder->trace, place.token, (int64_t)place.layer, op, 3);
    add_field(decoder->trace, I32, decoder->accumulator, SHAPE(targets));
    add_field(decoder->trace, I64, decoder->out[which], SHAPE(targets));
    add_field(decoder->trace, I64, &saturations, SCALAR);
    close_record(decoder->trace);
}

/* OP-10 */
static void join_residual(struct decoder *decoder, struct place place, enum op op,
                          enum linear_op which)
{
    int64_t saturations =
        add_residual(decoder->x, decoder->out[which], decoder->model->hidden, decoder->x);

    record_residual(decoder, place.token, (int64_t)place.layer, op, saturations);
}

/* ATT-1 and ATT-4 */
static void run_queries(struct decoder *decoder, struct place place)
{
    const struct attention *attention = &decoder->model->layer[place.layer].attention;
    size_t heads = attention->query_heads, d = attention->width;
    const int64_t *cos = decoder->model->cos + place.token * (d / 2);
    const int64_t *sin = decoder->model->sin + place.token * (d / 2);

    rope(decoder->out[LINEAR_Q], heads, d, cos, sin, decoder->rotated);
    for (size_t h = 0; h < heads; h++)
        decoder->query_exponent[h] =
            form_query(attention, decoder->rotated + h * d, decoder->query + h * d);
    open_record(decoder->trace, place.token, (int64_t)place.layer, OP_QUERY, 2);
    add_field(decoder->trace, I32, decoder->query, SHAPE(heads, d));
    add_field(decoder->trace, I32, decoder->query_exponent, SHAPE(heads));
    close_record(decoder->trace);
}

/* ATT-2 or ATT-3: the heads of this token go into the cache. */
static enum refusal run_cache(struct decoder *decoder, struct place place, enum op op,
                              const int64_t *r, int fraction_bits, struct cache *cache)
{
    const struct attention *attention = &decoder->model->layer[place.layer].attention;
    size_t slot = place.token * cache->heads;
    enum refusal refusal = cache_heads(attention, r, fraction_bits, cache, place.token,
                                       decoder->potential);

    if (refusal != ACCEPTED)
        return refusal;
    open_record(decoder->trace, place.token, (int64_t)place.layer, op, 4);
    add_field(decoder->trace, I32, decoder->potential, SHAPE(cache->heads, cache->width));
    add_field(decoder->trace, I32, cache->mantissas + slot, SHAPE(cache->heads));
    add_field(decoder->trace, I32, cache->exponents + slot, SHAPE(cache->heads));
    add_field(decoder->trace, I16, cache->counts + slot * cache->width,
              SHAPE(cache->heads, cache->width));
    close_record(decoder->trace);
    return ACCEPTED;
}

/* ATT-5 to ATT-11 */
static void run_attend(struct decoder *decoder, struct place place)
{
    const struct attention *attention = &decoder->model->layer[place.layer].attention;
    struct attended *result = &decoder->attended;
    struct trace *trace = decoder->trace;
    size_t heads = attention->query_heads, d = attention->width;

    attend(decoder->pool, attention, decoder->query, decoder->query_exponent,
           &decoder->keys[place.layer], &decoder->values[place.layer], place.token, result);
    open_record(trace, place.token, (int64_t)place.layer, OP_ATTENTION, 8);
    add_field(trace, I64, result->top_score, SHAPE(heads));
    add_field(trace, I64, result->weight_sum, SHAPE(heads));
    add_field(trace, I64, result->accumulator, SHAPE(heads, d));
    add_field(trace, I64, result->mixed, SHAPE(heads * d));
    add_field(trace, I32, &result->exponent, SCALAR);
    add_field(trace, I64, result->key_spikes, SHAPE(heads));
    add_field(trace, I64, result->value_spikes, SHAPE(heads));
    add_field(trace, I64, &result->saturations, SCALAR);
    close_record(trace);
}

/* Chapter 9, from the outputs of q, k and v. */
static enum refusal run_attention(struct decoder *decoder, struct place place)
{
    const struct model *model = decoder->model;
    size_t half = model->width / 2;
    enum refusal refusal;

    run_queries(decoder, place);
    rope(decoder->out[LINEAR_K], model->kv_heads, model->width,
         model->cos + place.token * half, model->sin + place.token * half, decoder->rotated);
    refusal = run_cache(decoder, place, OP_KEY_SPIKES, decoder->rotated, 30,
                        &decoder->keys[place.layer]);
    if (refusal == ACCEPTED)
        refusal = run_cache(decoder, place, OP_VALUE_SPIKES, decoder->out[LINEAR_V], 16,
                            &decoder->values[place.layer]);
    if (refusal == ACCEPTED)
        run_attend(decoder, place);
    return refusal;
}

/* OP-9 */
static void run_gate(struct decoder *decoder)
{
    const struct model *model = decoder->model;
    const int64_t *gate = decoder->out[LINEAR_GATE], *up = decoder->out[LINEAR_UP];

    for (size_t j = 0; j < model->intermediate; j++)
        decoder->u[j] =
            gate_neuron(gate[j], up[j], model->log2e, model->table, model->encoder.ties);
}

/* ---- a layer and a token ---- */

static enum refusal attention_half(struct decoder *decoder, struct place place)
{
    const struct model *model = decoder->model;
    const struct layer *layer = &model->layer[place.layer];
    int64_t exponent =
        normalise_stream(&layer->attention_norm, decoder->x, model->hidden, decoder->u);
    struct row row;
    enum refusal refusal = spike(decoder, place, OP_QKV_INPUT, &layer->entry[GROUP_QKV],
                                 decoder->u, exponent, &row);

    if (refusal != ACCEPTED)
        return refusal;
    run_linear(decoder, place, OP_Q, LINEAR_Q, &row);
    run_linear(decoder, place, OP_K, LINEAR_K, &row);
    run_linear(decoder, place, OP_V, LINEAR_V, &row);
    refusal = run_attention(decoder, place);
    if (refusal == ACCEPTED)
        refusal = spike(decoder, place, OP_O_INPUT, &layer->entry[GROUP_O],
                        decoder->attended.mixed, decoder->attended.exponent, &row);
    if (refusal != ACCEPTED)
        return refusal;
    run_linear(decoder, place, OP_O, LINEAR_O, &row);
    join_residual(decoder, place, OP_ATTENTION_RESIDUAL, LINEAR_O);
    return ACCEPTED;
}

static enum refusal mlp_half(struct decoder *decoder, struct place place)
{
    const struct model *model = decoder->model;
    const struct layer *layer = &model->layer[place.layer];
    int64_t exponent = normalise_stream(&layer->mlp_norm, decoder->x, model->hidden, decoder->u);
    struct row row;
    enum refusal refusal = spike(decoder, place, OP_GATE_UP_INPUT, &layer->entry[GROUP_GATE_UP],
                                 decoder->u, exponent, &row);

    if (refusal != ACCEPTED)
        return refusal;
    run_linear(decoder, place, OP_GATE, LINEAR_GATE, &row);
    run_linear(decoder, place, OP_UP, LINEAR_UP, &row);
    run_gate(decoder);
    refusal = spike(decoder, place, OP_DOWN_INPUT, &layer->entry[GROUP_DOWN], decoder->u, -32,
                    &row);
    if (refusal != ACCEPTED)
        return refusal;
    run_linear(decoder, place, OP_DOWN, LINEAR_DOWN, &row);
    join_residual(decoder, place, OP_MLP_RESIDUAL, LINEAR_DOWN);
    return ACCEPTED;
}

/* OP-12 */
static void run_head(struct decoder *decoder, size_t position, int64_t *logits)
{
    const struct model *model = decoder->model;
    int64_t exponent = normalise_stream(&model->final_norm, decoder->x, model->hidden, decoder->u);
    int64_t saturations =
        score_vocabulary(&model->head, decoder->u, &exponent, decoder->potential, logits);

    open_record(decoder->trace, position, (int64_t)model->layers, OP_HEAD, 4);
    add_field(decoder->trace, I16, decoder->potential, SHAPE(model->hidden));
    add_field(decoder->trace, I32, &exponent, SCALAR);
    add_field(decoder->trace, I32, logits, SHAPE(model->vocabulary));
    add_field(decoder->trace, I64, &saturations, SCALAR);
    close_record(decoder->trace);
}

/* One token at the next position: OP-1, the layers, OP-12. */
static enum refusal pass_token(struct decoder *decoder, size_t position, int64_t token,
                               int64_t *logits)
{
    const struct model *model = decoder->model;
    size_t row = (size_t)token;
    int64_t saturations;

    if (token < 0 || row >= model->vocabulary || position >= model->positions)
        return REFUSE_TOKEN;
    saturations = embed(model->embedding_mantissas + row * model->hidden,
                        model->embedding_exponents[row], model->hidden, model->encoder.ties,
                        decoder->x);
    record_residual(decoder, position, -1, OP_EMBEDDING, saturations);
    for (size_t i = 0; i < model->layers; i++) {
        struct place place = {position, i};
        enum refusal refusal = attention_half(decoder, place);

        if (refusal == ACCEPTED)
            refusal = mlp_half(decoder, place);
        if (refusal != ACCEPTED)
            return refusal;
    }
    run_head(decoder, position, logits);
    return ACCEPTED;
}

/* ---- operations ---- */

static enum refusal check_tokens(const struct tensor *tokens, const struct model *model)
{
    bool good = tokens->count != 0 && tokens->count <= model->positions &&
                tensor_within(tokens, 0, (int64_t)model->vocabulary - 1);

    return good ? ACCEPTED : REFUSE_TOKEN;
}

/* The lengths of the passes; decoding token by token gives the same integers (ATT-12). */
static enum refusal check_chunks(struct task *task, size_t tokens)
{
    size_t count;
    int64_t *chunks = list_parameter(task, "chunks", &count), left = (int64_t)tokens;

    for (size_t i = 0; i < count; i++) {
        if (chunks[i] < 1 || chunks[i] > left)
            return REFUSE_PARAMETER;
        left -= chunks[i];
    }
    return count == 0 || left == 0 ? ACCEPTED : REFUSE_PARAMETER;
}

enum refusal op_decode(struct task *task)
{
    const struct tensor *tokens = input(task, "tokens", I64, 1);
    const char *model_digest = text_parameter(task, "model_digest");
    struct model model = {0};
    struct decoder decoder = {0};
    struct trace trace = {0};
    enum refusal refusal = read_model(task, &model);
    size_t count = tokens->count, records;
    int64_t *logits;

    if (refusal == ACCEPTED)
        refusal = check_tokens(tokens, &model);
    if (refusal == ACCEPTED)
        refusal = check_chunks(task, count);
    if (refusal != ACCEPTED)
        return refusal;
    records = trace_records(count, model.layers);
    logits = output(task, "logits", I32, SHAPE(count, model.vocabulary));
    trace.digests = output(task, "record_digests", U8, SHAPE(records, 32));
    start_decoder(&decoder, task->pool, &model, &trace, count);
    for (size_t t = 0; t < count && refusal == ACCEPTED; t++)
        refusal = pass_token(&decoder, t, tokens->values[t], logits + t * model.vocabulary);
    trace_digest(task->pool, &trace, model_digest, tokens->values, count,
                 output(task, "trace_digest", U8, SHAPE(32)));
    return refusal;
}

static bool contains(const int64_t *list, size_t count, int64_t value)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == value)
            return true;
    return false;
}

/* What generation has made so far. */
struct generated {
    int64_t *tokens; /* prompt and new tokens */
    int64_t *logits; /* [tokens passed, vocabulary] */
    size_t count;    /* of tokens */
};

/* OP-13: until `most` tokens are there or a token ends the sequence. */
static enum refusal generate(struct task *task, struct decoder *decoder, size_t prompt,
                             size_t most, struct generated *made)
{
    size_t vocabulary = decoder->model->vocabulary, eos_count;
    int64_t *eos = list_parameter(task, "eos_token_ids", &eos_count);

    for (size_t t = 0; t < made->count; t++) {
        int64_t *logits = made->logits + t * vocabulary;
        enum refusal refusal = pass_token(decoder, t, made->tokens[t], logits);
        int64_t next;

        if (refusal != ACCEPTED)
            return refusal;
        if (t + 1 < prompt || made->count == most)
            continue;
        next = choose(logits, vocabulary);
        made->tokens[made->count++] = next;
        if (made->count == most || contains(eos, eos_count, next))
            break;
    }
    return ACCEPTED;
}

enum refusal op_generate(struct task *task)
{
    const struct tensor *prompt = input(task, "tokens", I64, 1);
    int64_t new_tokens = integer_parameter(task, "new_tokens");
    struct model model = {0};
    struct decoder decoder = {0};
    struct generated made = {0};
    enum refusal refusal = read_model(task, &model);
    size_t most, created;

    if (refusal == ACCEPTED)
        refusal = check_tokens(prompt, &model);
    if (refusal == ACCEPTED && new_tokens < 1)
        refusal = REFUSE_PARAMETER;
    if (refusal != ACCEPTED)
        return refusal;
    /* The last new token needs no position: it is not passed. */
    most = model.positions + 1;
    if ((uint64_t)new_tokens < most - prompt->count)
        most = prompt->count + (size_t)new_tokens;
    made.tokens = numbers(task, most);
    made.logits = numbers(task, most * model.vocabulary);
    made.count = prompt->count;
    memcpy(made.tokens, prompt->values, prompt->count * sizeof *made.tokens);
    start_decoder(&decoder, task->pool, &model, NULL, most);
    refusal = generate(task, &decoder, prompt->count, most, &made);
    if (refusal != ACCEPTED)
        return refusal;
    created = made.count - prompt->count;
    memcpy(output(task, "tokens", I64, SHAPE(created)), made.tokens + prompt->count,
           created * sizeof(int64_t));
    memcpy(output(task, "logits", I32, SHAPE(made.count - 1, model.vocabulary)), made.logits,
           (made.count - 1) * model.vocabulary * sizeof(int64_t));
    return ACCEPTED;
}

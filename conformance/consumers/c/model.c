#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- parameters (CONF-9, MODEL-4) ---- */

static int choice_parameter(const struct task *task, const char *name, const char *const names[3])
{
    const char *text = text_parameter(task, name);

    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    return -1;
}

static bool size_parameter(const struct task *task, const char *name, int64_t most, size_t *size)
{
    int64_t value = integer_parameter(task, name);

    *size = (size_t)value;
    return value >= 1 && value <= most;
}

/* MODEL-8 */
static enum refusal read_shape(const struct task *task, struct model *model)
{
    bool good = size_parameter(task, "vocab", TWO(20), &model->vocabulary);

    good &= size_parameter(task, "hidden", TWO(15), &model->hidden);
    good &= size_parameter(task, "intermediate", TWO(16), &model->intermediate);
    good &= size_parameter(task, "layers", TWO(12), &model->layers);
    good &= size_parameter(task, "heads", TWO(12), &model->heads);
    good &= size_parameter(task, "kv_heads", TWO(12), &model->kv_heads);
    good &= size_parameter(task, "head_dim", TWO(9), &model->width);
    good &= size_parameter(task, "positions", TWO(17), &model->positions);
    return good && model->width % 2 == 0 && model->heads * model->width <= (size_t)TWO(16) &&
                   model->heads % model->kv_heads == 0
               ? ACCEPTED
               : REFUSE_MODEL;
}

/* ENC-1 for weights, activations and cache alike */
static bool bits_of(const struct task *task, const char *name, int *bits)
{
    int64_t value = integer_parameter(task, name);

    *bits = (int)value;
    return value >= 2 && value <= 8;
}

static enum refusal read_profile(const struct task *task, struct model *model)
{
    static const char *const rotations[3] = {"gamma-sqp", "quarot", "none"};
    static const char *const encodings[3] = {"ternary", "binary", "ternary"};
    static const char *const modes[3] = {"none", "shift", "gate"};
    int rotation = choice_parameter(task, "rotation", rotations);
    int encoding = choice_parameter(task, "encoding", encodings);
    int mode = choice_parameter(task, "clip_mode", modes);
    enum refusal refusal = ratio_parameters(task, &model->encoder);

    if (refusal == ACCEPTED)
        refusal = ties_parameter(task, &model->encoder.ties);
    model->encoder.binary = encoding == 1;
    model->cache_encoder = model->encoder;
    model->cache_encoder.binary = false;
    if (rotation < 0 || encoding < 0 || mode < 0 ||
        !bits_of(task, "weight_bits", &model->weight_bits) ||
        !bits_of(task, "act_bits", &model->encoder.bits) ||
        !bits_of(task, "kv_bits", &model->cache_encoder.bits))
        return REFUSE_PARAMETER;
    model->rotation = rotation == 0 ? GAMMA_SQP : rotation == 1 ? QUAROT : NONE;
    model->clip_mode = (enum clip_mode)mode;
    return refusal == ACCEPTED ? flag_parameter(task, "tied_head", &model->tied_head) : refusal;
}

/* MODEL-3 */
static enum refusal read_constants(const struct task *task, struct model *model)
{
    struct norm *norm = &model->final_norm;

    norm->root = integer_parameter(task, "norm_root");
    norm->root_exponent = integer_parameter(task, "norm_root_exponent");
    norm->epsilon = integer_parameter(task, "norm_epsilon");
    norm->ties = model->encoder.ties;
    model->score_mantissa = integer_parameter(task, "score_mantissa");
    model->score_exponent = integer_parameter(task, "score_exponent");
    model->log2e = integer_parameter(task, "log2e");
    return norm_constants_fit(norm) && model->score_mantissa >= TWO(21) &&
                   model->score_mantissa < TWO(22) && model->score_exponent >= -128 &&
                   model->score_exponent <= 128 && model->log2e >= TWO(30) &&
                   model->log2e < TWO(31)
               ? ACCEPTED
               : REFUSE_MODEL;
}

/* ---- tensors (MODEL-2) ---- */

struct reader {
    struct task *task;
    struct model *model;
    size_t taken;
    bool wrong;
};

static const struct tensor *find_tensor(const struct reader *reader, const char *format, ...)
{
    char name[160];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    return find_input(reader->task, name);
}

/* Takes a tensor of this type and shape (columns 0: rank 1) with values in low ... high.
 * Otherwise the reader is wrong, and zeros stand in. */
static const int64_t *take(struct reader *reader, const struct tensor *tensor,
                           enum element element, size_t rows, size_t columns, int64_t low,
                           int64_t high)
{
    int rank = columns == 0 ? 1 : 2;

    if (tensor == NULL || tensor->element != element || tensor->rank != rank ||
        tensor->shape[0] != rows || (rank == 2 && tensor->shape[1] != columns)) {
        reader->wrong = true;
        return numbers(reader->task, 7); /* at least as long as what is read before the refusal */
    }
    reader->taken++;
    reader->wrong |= !tensor_within(tensor, low, high);
    return tensor->values;
}

static const int64_t *take_mantissas(struct reader *reader, const struct tensor *tensor,
                                     size_t rows, size_t columns)
{
    return take(reader, tensor, I16, rows, columns, 1 - TWO(15), TWO(15) - 1);
}

static const int64_t *take_exponents(struct reader *reader, const struct tensor *tensor,
                                     size_t count)
{
    return take(reader, tensor, I16, count, 0, -512, 512);
}

static void take_norm(struct reader *reader, const char *prefix, struct norm *norm)
{
    *norm = reader->model->final_norm; /* the constants */
    norm->gamma = NULL;
    norm->gamma_exponent = 0;
    if (reader->model->rotation == QUAROT)
        return;
    norm->gamma = take_mantissas(reader, find_tensor(reader, "%s.gamma", prefix),
                                 reader->model->hidden, 0);
    norm->gamma_exponent =
        *take_exponents(reader, find_tensor(reader, "%s.gamma_exponent", prefix), 1);
}

static void take_rows(struct reader *reader, const char *name, const int64_t **mantissas,
                      const int64_t **exponents)
{
    const struct model *model = reader->model;

    *mantissas = take_mantissas(reader, find_tensor(reader, "%s.mantissas", name),
                                model->vocabulary, model->hidden);
    *exponents = take_exponents(reader, find_tensor(reader, "%s.exponents", name),
                                model->vocabulary);
}

static void take_tables(struct reader *reader)
{
    struct model *model = reader->model;
    size_t half = model->width / 2;
    int64_t one = TWO(14);

    model->cos = take(reader, find_tensor(reader, "rope.cos"), I16, model->positions, half, -one,
                      one);
    model->sin = take(reader, find_tensor(reader, "rope.sin"), I16, model->positions, half, -one,
                      one);
    model->table = take(reader, find_tensor(reader, "tables.exp2"), I64, 7, 0, 0, TWO(31));
    reader->wrong |= model->table[0] != TWO(30) || !exp2_table_fits(model->table);
}

/* MODEL-7: zero_weights, weight_sums and accumulator_bound follow from the weights. */
static bool follows_from_weights(const struct reader *reader, const struct linear *linear,
                                 const int64_t *zero_weights, int64_t bound)
{
    struct pool *pool = reader->task->pool;
    size_t sources = linear->sources, targets = linear->targets;
    int64_t *sums = pool_numbers(pool, targets);

    for (size_t j = 0; j < sources; j++)
        if (zero_weights[j] != count_zeros(linear->weights + j * targets, targets))
            return false;
    sum_weights(linear->weights, sources, targets, sums);
    if (linear->weight_sums != NULL)
        for (size_t m = 0; m < targets; m++)
            if (sums[m] != linear->weight_sums[m])
                return false;
    return bound == accumulator_bound(pool, &reader->model->encoder, linear->weights, sources,
                                      targets);
}

static void take_linear(struct reader *reader, const char *prefix, struct linear *linear)
{
    const struct model *model = reader->model;
    size_t sources = linear->sources, targets = linear->targets;
    int64_t most = TWO(model->weight_bits - 1) - 1;
    const struct tensor *bias = find_tensor(reader, "%s.bias", prefix);
    const int64_t *zero_weights, *bound;

    linear->weights = take(reader, find_tensor(reader, "%s.weights", prefix), I8, sources,
                           targets, -most, most);
    linear->channel_mantissas =
        take(reader, find_tensor(reader, "%s.channel_mantissas", prefix), U16, targets, 0,
             TWO(15), TWO(16) - 1);
    linear->channel_exponents = take_exponents(
        reader, find_tensor(reader, "%s.channel_exponents", prefix), targets);
    if (bias != NULL)
        linear->bias = take(reader, bias, I64, targets, 0, -TWO(39), TWO(39) - 1);
    if (model->encoder.binary)
        linear->weight_sums = take(reader, find_tensor(reader, "%s.weight_sums", prefix), I32,
                                   targets, 0, -TWO(31), TWO(31) - 1);
    zero_weights = take(reader, find_tensor(reader, "%s.zero_weights", prefix), I32, sources, 0,
                        0, (int64_t)targets);
    bound = take(reader, find_tensor(reader, "%s.accumulator_bound", prefix), I64, 1, 0, 0,
                 TWO(30));
    if (!reader->wrong)
        reader->wrong = !follows_from_weights(reader, linear, zero_weights, *bound);
}

/* ---- layers ---- */

static void shape_linears(const struct model *model, struct linear linear[LINEAR_OPS])
{
    size_t all = model->heads * model->width, kv = model->kv_heads * model->width;
    const size_t sources[LINEAR_OPS] = {model->hidden, model->hidden, model->hidden, all,
                                        model->hidden, model->hidden, model->intermediate};
    const size_t targets[LINEAR_OPS] = {all,           kv, kv, model->hidden, model->intermediate,
                                        model->intermediate, model->hidden};

    for (int i = 0; i < LINEAR_OPS; i++) {
        linear[i].sources = sources[i];
        linear[i].targets = targets[i];
        linear[i].output_bits = i == LINEAR_O || i == LINEAR_DOWN ? 40 : 32; /* OP-8 */
    }
}

/* OP-5: which inputs are rotated */
static struct rotation *entry_rotation(const struct reader *reader, enum group group,
                                       size_t width)
{
    bool rotates = reader->model->rotation == GAMMA_SQP ||
                   (reader->model->rotation == QUAROT && (group == GROUP_O || group == GROUP_DOWN));

    return rotates ? rotation_of_width(reader->task->pool, width)
                   : no_rotation(reader->task->pool, width);
}

/* ENC-8: a group has a threshold, or none. */
static void take_entry(struct reader *reader, const char *prefix, enum group group, size_t width,
                       struct entry *entry)
{
    static const char *const names[GROUPS] = {"qkv", "o", "gate_up", "down"};
    const struct tensor *threshold = find_tensor(reader, "%s.clip.%s", prefix, names[group]);

    entry->encoder = reader->model->encoder;
    entry->rotation = entry_rotation(reader, group, width);
    entry->clip = CLIP_NONE;
    if (threshold == NULL)
        return;
    entry->threshold = *take(reader, threshold, I64, 1, 0, -TWO(47), TWO(47) - 1);
    entry->clip = reader->model->clip_mode;
    reader->wrong |= entry->clip == CLIP_NONE || entry->encoder.binary;
}

static void take_layer(struct reader *reader, size_t number, int64_t window, struct layer *layer)
{
    static const char *const names[LINEAR_OPS] = {"q", "k", "v", "o", "gate", "up", "down"};
    const struct model *model = reader->model;
    struct pool *pool = reader->task->pool;
    size_t all = model->heads * model->width;
    char prefix[64], name[96];

    snprintf(prefix, sizeof prefix, "layers.%zu", number);
    snprintf(name, sizeof name, "%s.attention_norm", prefix);
    take_norm(reader, name, &layer->attention_norm);
    snprintf(name, sizeof name, "%s.mlp_norm", prefix);
    take_norm(reader, name, &layer->mlp_norm);
    shape_linears(model, layer->linear);
    for (int i = 0; i < LINEAR_OPS; i++) {
        snprintf(name, sizeof name, "%s.%s", prefix, names[i]);
        take_linear(reader, name, &layer->linear[i]);
    }
    take_entry(reader, prefix, GROUP_QKV, model->hidden, &layer->entry[GROUP_QKV]);
    take_entry(reader, prefix, GROUP_O, all, &layer->entry[GROUP_O]);
    take_entry(reader, prefix, GROUP_GATE_UP, model->hidden, &layer->entry[GROUP_GATE_UP]);
    take_entry(reader, prefix, GROUP_DOWN, model->intermediate, &layer->entry[GROUP_DOWN]);
    layer->attention = (struct attention){
        model->heads, model->kv_heads, model->width, (size_t)window, model->cache_encoder,
        model->rotation == NONE ? no_rotation(pool, model->width)
                                : rotation_of_width(pool, model->width),
        model->score_mantissa, model->score_exponent, model->table,
    };
}

static enum refusal take_layers(struct reader *reader)
{
    struct model *model = reader->model;
    size_t count;
    int64_t *windows = list_parameter(reader->task, "sliding_windows", &count);

    if (count != model->layers)
        return REFUSE_MODEL;
    model->layer = pool_take(reader->task->pool, model->layers, sizeof *model->layer);
    for (size_t i = 0; i < model->layers; i++) {
        if (windows[i] < 0)
            return REFUSE_MODEL;
        take_layer(reader, i, windows[i], &model->layer[i]);
    }
    return ACCEPTED;
}

/* MODEL-4: clip_mode is none exactly where no layer has a threshold. */
static bool clip_mode_agrees(const struct model *model)
{
    bool clips = false;

    for (size_t i = 0; i < model->layers; i++)
        for (int g = 0; g < GROUPS; g++)
            clips |= model->layer[i].entry[g].clip != CLIP_NONE;
    return clips == (model->clip_mode != CLIP_NONE);
}

/* MODEL-8: the orders under `quarot` */
static bool orders_agree(struct reader *reader)
{
    const struct model *model = reader->model;
    const struct entry *entry = model->layer[0].entry;
    size_t order = rotation_of_width(reader->task->pool, model->hidden)->order;
    uint64_t limit = (uint64_t)TWO(31);

    return model->rotation != QUAROT ||
           ((uint64_t)order * entry[GROUP_O].rotation->order < limit &&
            (uint64_t)order * entry[GROUP_DOWN].rotation->order < limit);
}

static enum refusal read_tensors(struct task *task, struct model *model)
{
    struct reader reader = {task, model, 0, false};
    enum refusal refusal;

    take_rows(&reader, "embedding", &model->embedding_mantissas, &model->embedding_exponents);
    model->head = (struct head){model->embedding_mantissas, model->embedding_exponents,
                                model->vocabulary, model->hidden, model->encoder.ties};
    if (!model->tied_head)
        take_rows(&reader, "head", &model->head.mantissas, &model->head.exponents);
    take_norm(&reader, "final_norm", &model->final_norm);
    take_tables(&reader);
    refusal = take_layers(&reader);
    if (refusal != ACCEPTED)
        return refusal;
    if (reader.wrong || !clip_mode_agrees(model) || !orders_agree(&reader))
        return REFUSE_MODEL;
    return reader.taken + 1 == task->input_count ? ACCEPTED : REFUSE_MODEL; /* 1: the tokens */
}

enum refusal read_model(struct task *task, struct model *model)
{
    enum refusal refusal = read_shape(task, model);

    if (has_parameter(task, "model"))
        fail("%s: this device reads no model folders", task->id);
    if (refusal == ACCEPTED)
        refusal = read_profile(task, model);
    if (refusal == ACCEPTED)
        refusal = read_constants(task, model);
    return refusal == ACCEPTED ? read_tensors(task, model) : refusal;
}

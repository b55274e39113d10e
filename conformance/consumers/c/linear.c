#include "linear.h"

#include "operations.h"

void project(const struct linear *linear, const int64_t *counts, int64_t zero_point, int64_t *y)
{
    sparse_add(counts, linear->sources, linear->weights, linear->targets, y);
    if (linear->weight_sums != NULL)
        correct_zero_point(zero_point, linear->weight_sums, linear->targets, y);
}

/* |y| <= 2^30 and both mantissas are below 2^16, so |P| < 2^62. */
int64_t rescale(const struct linear *linear, enum ties ties, const int64_t *y, int64_t mantissa,
                int64_t exponent, int64_t *out)
{
    int64_t saturations = 0;

    for (size_t m = 0; m < linear->targets; m++) {
        int64_t product = y[m] * mantissa * linear->channel_mantissas[m];
        int64_t shift = -(exponent + linear->channel_exponents[m] + 16);
        int64_t bias = linear->bias == NULL ? 0 : linear->bias[m];

        out[m] = saturate(round_shift(product, shift, ties) + bias, linear->output_bits,
                          &saturations);
    }
    return saturations;
}

/* ---- operations ---- */

static bool accumulators_fit(const int64_t *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (y[i] < -TWO(30) || y[i] > TWO(30))
            return false;
    return true;
}

static void channel_inputs(const struct task *task, struct linear *linear)
{
    const struct tensor *mantissas = input(task, "channel_mantissa", U16, 1);
    const struct tensor *exponents = input(task, "channel_exponent", I16, 1);
    const struct tensor *bias = input(task, "bias", I64, 1);

    require_equal(task, mantissas->count, linear->targets);
    require_equal(task, exponents->count, linear->targets);
    require_equal(task, bias->count, linear->targets);
    linear->channel_mantissas = mantissas->values;
    linear->channel_exponents = exponents->values;
    linear->bias = bias->values;
}

/* The width B, and the width of the bias (MODEL-2). */
static enum refusal output_parameters(const struct task *task, const char *name,
                                      struct linear *linear)
{
    int64_t bits = integer_parameter(task, name);

    if (bits < 2 || bits > 62)
        return REFUSE_PARAMETER;
    linear->output_bits = (int)bits;
    return tensor_within(input(task, "bias", I64, 1), -TWO(39), TWO(39) - 1) ? ACCEPTED
                                                                             : REFUSE_RANGE;
}

enum refusal op_rescale(struct task *task)
{
    const struct tensor *y = input(task, "accumulator", I32, 2);
    const struct tensor *mantissa = input(task, "token_mantissa", I32, 1);
    const struct tensor *exponent = input(task, "token_exponent", I32, 1);
    size_t rows = y->shape[0], targets = y->shape[1];
    int64_t *out = output(task, "output", I64, SHAPE(rows, targets));
    int64_t *saturations = output(task, "saturations", I64, SHAPE(rows));
    struct linear linear = {.targets = targets};
    enum ties ties;
    enum refusal refusal = ties_parameter(task, &ties);

    channel_inputs(task, &linear);
    require_equal(task, mantissa->count, rows);
    require_equal(task, exponent->count, rows);
    if (refusal == ACCEPTED)
        refusal = output_parameters(task, "bits", &linear);
    if (refusal != ACCEPTED)
        return refusal;
    if (!accumulators_fit(y->values, y->count) || !tensor_within(mantissa, 0, TWO(16) - 1))
        return REFUSE_RANGE;
    for (size_t t = 0; t < rows; t++)
        saturations[t] = rescale(&linear, ties, y->values + t * targets, mantissa->values[t],
                                 exponent->values[t], out + t * targets);
    return ACCEPTED;
}

static enum refusal linear_parameters(struct task *task, struct entry *entry,
                                      struct linear *linear)
{
    const struct tensor *weights = input(task, "weights", I8, 2);
    bool rotates;
    enum refusal refusal = encoder_parameters(task, &entry->encoder);

    linear->sources = weights->shape[0];
    linear->targets = weights->shape[1];
    linear->weights = weights->values;
    channel_inputs(task, linear);
    if (refusal == ACCEPTED)
        refusal = flag_parameter(task, "rotate", &rotates);
    if (refusal == ACCEPTED)
        refusal = output_parameters(task, "output_bits", linear);
    if (refusal != ACCEPTED)
        return refusal;
    entry->rotation = rotates ? rotation_of_width(task->pool, linear->sources)
                              : no_rotation(task->pool, linear->sources);
    entry->clip = CLIP_NONE;
    if (entry->encoder.binary) {
        const struct tensor *sums = input(task, "weight_sums", I32, 1);

        require_equal(task, sums->count, linear->targets);
        linear->weight_sums = sums->values;
    }
    return ACCEPTED;
}

enum refusal op_linear(struct task *task)
{
    const struct tensor *u = input(task, "u", I64, 2);
    const struct tensor *exponents = input(task, "exponent", I32, 1);
    struct linear linear = {0};
    struct entry entry = {0};
    enum refusal refusal = linear_parameters(task, &entry, &linear);
    size_t rows = u->shape[0], n = linear.sources, targets = linear.targets;
    int64_t *counts = output(task, "counts", I16, SHAPE(rows, n));
    int64_t *y = output(task, "accumulator", I32, SHAPE(rows, targets));
    int64_t *out = output(task, "output", I64, SHAPE(rows, targets));
    int64_t *saturations = output(task, "saturations", I64, SHAPE(rows));
    int64_t *potential = numbers(task, n);

    require_equal(task, u->shape[1], n);
    require_equal(task, exponents->count, rows);
    for (size_t t = 0; t < rows && refusal == ACCEPTED; t++) {
        int64_t exponent = exponents->values[t];
        struct row row;

        refusal = enter(&entry, u->values + t * n, &exponent, potential, &row, counts + t * n);
        if (refusal != ACCEPTED)
            break;
        project(&linear, counts + t * n, row.zero_point, y + t * targets);
        if (!accumulators_fit(y + t * targets, targets))
            return REFUSE_RANGE;
        saturations[t] = rescale(&linear, entry.encoder.ties, y + t * targets, row.mantissa,
                                 exponent + row.exponent, out + t * targets);
    }
    return refusal;
}

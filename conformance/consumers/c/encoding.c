#include "encoding.h"

#include "operations.h"

#include <string.h>

/* ---- parameters (ENC-1, CONF-10) ---- */

enum refusal bits_parameter(const struct task *task, struct encoder *encoder)
{
    int64_t bits = integer_parameter(task, "bits");

    if (bits < 2 || bits > 8)
        return REFUSE_PARAMETER;
    *encoder = (struct encoder){(int)bits, false, 1, 1, HALF_EVEN};
    return ACCEPTED;
}

enum refusal count_parameters(const struct task *task, struct encoder *encoder)
{
    const char *encoding = text_parameter(task, "encoding");
    enum refusal refusal = bits_parameter(task, encoder);

    if (refusal != ACCEPTED)
        return refusal;
    encoder->binary = strcmp(encoding, "binary") == 0;
    return encoder->binary || strcmp(encoding, "ternary") == 0 ? ACCEPTED : REFUSE_PARAMETER;
}

enum refusal ratio_parameters(const struct task *task, struct encoder *encoder)
{
    encoder->ratio_n = integer_parameter(task, "ratio_n");
    encoder->ratio_d = integer_parameter(task, "ratio_d");
    if (encoder->ratio_n < 1 || encoder->ratio_n > encoder->ratio_d || encoder->ratio_d > 1024)
        return REFUSE_PARAMETER;
    return ACCEPTED;
}

enum refusal encoder_parameters(const struct task *task, struct encoder *encoder)
{
    enum refusal refusal = count_parameters(task, encoder);

    if (refusal == ACCEPTED)
        refusal = ratio_parameters(task, encoder);
    return refusal == ACCEPTED ? ties_parameter(task, &encoder->ties) : refusal;
}

static enum refusal clip_parameters(const struct task *task, enum clip_mode *mode,
                                    int64_t *threshold)
{
    const char *text = text_parameter(task, "mode");

    *mode = strcmp(text, "shift") == 0 ? CLIP_SHIFT : CLIP_GATE;
    *threshold = integer_parameter(task, "threshold");
    return *mode == CLIP_SHIFT || strcmp(text, "gate") == 0 ? ACCEPTED : REFUSE_PARAMETER;
}

/* ---- counts ---- */

int64_t train_length(const struct encoder *encoder)
{
    return encoder->binary ? TWO(encoder->bits) - 1 : TWO(encoder->bits - 1);
}

int64_t largest_count(const struct encoder *encoder)
{
    return encoder->binary ? TWO(encoder->bits) - 1 : TWO(encoder->bits - 1) - 1;
}

static int64_t smallest_count(const struct encoder *encoder)
{
    return encoder->binary ? 0 : -TWO(encoder->bits - 1);
}

bool counts_fit(const struct encoder *encoder, const struct tensor *counts)
{
    return tensor_within(counts, smallest_count(encoder), largest_count(encoder));
}

static int64_t clip_count(const struct encoder *encoder, int64_t c)
{
    if (c < smallest_count(encoder))
        return smallest_count(encoder);
    return c > largest_count(encoder) ? largest_count(encoder) : c;
}

/* The largest |v| of ENC-2, or high - low of ENC-3; 1 for a row of zeros. */
static int64_t range_of(const struct encoder *encoder, const int64_t *v, size_t n, int64_t *low)
{
    int64_t high = 0, range;

    *low = 0;
    for (size_t j = 0; j < n; j++) {
        if (v[j] < *low)
            *low = v[j];
        if (v[j] > high)
            high = v[j];
    }
    if (encoder->binary)
        range = high - *low;
    else
        range = high > -*low ? high : -*low;
    return range == 0 ? 1 : range;
}

/* |v| <= 2^31, so the products are below 2^8 * 2^10 * 2^31. */
enum refusal encode_row(const struct encoder *encoder, const int64_t *v, size_t n,
                        struct row *row, int64_t *counts)
{
    int64_t q = largest_count(encoder), low;

    for (size_t j = 0; j < n; j++)
        if (v[j] < -TWO(30) || v[j] > (encoder->binary ? TWO(30) : TWO(31) - 1))
            return REFUSE_RANGE; /* CONF-10 */
    row->range = range_of(encoder, v, n, &low);
    row->zero_point = encoder->binary ? round_div(-q * low, row->range, encoder->ties) : 0;
    for (size_t j = 0; j < n; j++) {
        int64_t c = round_div(q * encoder->ratio_d * v[j], encoder->ratio_n * row->range,
                              encoder->ties);
        counts[j] = clip_count(encoder, c + row->zero_point);
    }
    normalise(row->range, 16, encoder->ties, &row->mantissa, &row->exponent);
    return ACCEPTED;
}

/* ENC-8, in place, for potentials of exponent E */
static enum refusal clip_row(enum clip_mode mode, int64_t threshold, enum ties ties, int64_t E,
                             size_t n, int64_t *v)
{
    int64_t ignored = 0;
    int64_t t = saturate(round_shift(threshold, E + 16, ties), 31, &ignored);

    for (size_t j = 0; j < n; j++) {
        if (mode == CLIP_SHIFT)
            v[j] = v[j] - t > 0 ? v[j] - t : 0;
        else
            v[j] = v[j] > t ? v[j] : 0;
        if (!fits(v[j], 32))
            return REFUSE_RANGE;
    }
    return ACCEPTED;
}

enum refusal enter(const struct entry *entry, const int64_t *u, int64_t *exponent,
                   int64_t *potential, struct row *row, int64_t *counts)
{
    size_t n = entry->rotation->width;
    enum ties ties = entry->encoder.ties;

    *exponent += block_shift(u, n, entry_width(entry->rotation), ties, potential); /* OP-4 */
    rotate(entry->rotation, false, potential);                                     /* OP-5 */
    if (entry->clip != CLIP_NONE) {                                                /* OP-7 */
        enum refusal refusal =
            clip_row(entry->clip, entry->threshold, ties, *exponent, n, potential);

        if (refusal != ACCEPTED)
            return refusal;
    }
    return encode_row(&entry->encoder, potential, n, row, counts);
}

/* ---- operations ---- */

enum refusal op_clip(struct task *task)
{
    const struct tensor *v = input(task, "v", I32, 2);
    const struct tensor *exponent = input(task, "exponent", I32, 1);
    size_t rows = v->shape[0], n = v->shape[1];
    int64_t *clipped = output(task, "clipped", I32, SHAPE(rows, n));
    enum clip_mode mode;
    enum ties ties;
    int64_t threshold;
    enum refusal refusal = clip_parameters(task, &mode, &threshold);

    require_equal(task, exponent->count, rows);
    if (refusal == ACCEPTED)
        refusal = ties_parameter(task, &ties);
    if (refusal != ACCEPTED)
        return refusal;
    memcpy(clipped, v->values, v->count * sizeof *clipped);
    for (size_t t = 0; t < rows && refusal == ACCEPTED; t++)
        refusal = clip_row(mode, threshold, ties, exponent->values[t], n, clipped + t * n);
    return refusal;
}

enum refusal op_encode(struct task *task)
{
    const struct tensor *v = input(task, "v", I32, 2);
    size_t rows = v->shape[0], n = v->shape[1];
    int64_t *range = output(task, "range", I64, SHAPE(rows));
    int64_t *zero_point = output(task, "zero_point", I16, SHAPE(rows));
    int64_t *counts = output(task, "counts", I16, SHAPE(rows, n));
    int64_t *mantissa = output(task, "mantissa", I32, SHAPE(rows));
    int64_t *exponent = output(task, "exponent", I32, SHAPE(rows));
    struct encoder encoder;
    enum refusal refusal = encoder_parameters(task, &encoder);

    for (size_t t = 0; t < rows && refusal == ACCEPTED; t++) {
        struct row row;

        refusal = encode_row(&encoder, v->values + t * n, n, &row, counts + t * n);
        if (refusal != ACCEPTED)
            break;
        range[t] = row.range;
        zero_point[t] = row.zero_point;
        mantissa[t] = row.mantissa;
        exponent[t] = row.exponent;
    }
    return refusal;
}

/* ENC-5 */
enum refusal op_unfold(struct task *task)
{
    const struct tensor *counts = input(task, "counts", I16, 1);
    struct encoder encoder;
    enum refusal refusal = count_parameters(task, &encoder);
    size_t n = counts->count, steps;
    int64_t *train;

    if (refusal != ACCEPTED)
        return refusal;
    if (!counts_fit(&encoder, counts))
        return REFUSE_RANGE;
    steps = (size_t)train_length(&encoder);
    train = output(task, "train", I8, SHAPE(steps, n));
    for (size_t j = 0; j < n; j++)
        for (size_t d = 0; d < magnitude(counts->values[j]); d++)
            train[d * n + j] = counts->values[j] < 0 ? -1 : 1;
    return ACCEPTED;
}

struct neuron {
    int64_t threshold, reset, decay_mantissa, decay_shift;
    enum ties ties;
};

static enum refusal neuron_parameters(const struct task *task, struct neuron *neuron)
{
    neuron->threshold = integer_parameter(task, "threshold");
    neuron->reset = integer_parameter(task, "reset");
    neuron->decay_mantissa = integer_parameter(task, "decay_mantissa");
    neuron->decay_shift = integer_parameter(task, "decay_shift");
    if (!fits(neuron->threshold, 32) || !fits(neuron->reset, 32))
        return REFUSE_PARAMETER;
    if (neuron->decay_shift < 0 || neuron->decay_shift > 15 || neuron->decay_mantissa < 0 ||
        neuron->decay_mantissa > TWO(neuron->decay_shift))
        return REFUSE_PARAMETER;
    return ties_parameter(task, &neuron->ties);
}

/* ENC-9, one step: returns S and leaves U and the next V. */
static bool fire(const struct neuron *neuron, int64_t current, int64_t *u, int64_t *v)
{
    int64_t ignored = 0;

    *u = saturate(*v + current, 32, &ignored);
    if (*u >= neuron->threshold) {
        *v = neuron->reset;
        return true;
    }
    *v = round_shift(neuron->decay_mantissa * *u, neuron->decay_shift, neuron->ties);
    return false;
}

enum refusal op_lif(struct task *task)
{
    const struct tensor *current = input(task, "current", I32, 2);
    size_t steps = current->shape[0], n = current->shape[1];
    int64_t *spikes = output(task, "spikes", I8, SHAPE(steps, n));
    int64_t *potential = output(task, "potential", I32, SHAPE(steps, n));
    int64_t *residue = output(task, "residue", I32, SHAPE(n));
    struct neuron neuron;
    enum refusal refusal = neuron_parameters(task, &neuron);

    if (refusal != ACCEPTED)
        return refusal;
    for (size_t i = 0; i < steps * n; i++)
        spikes[i] = fire(&neuron, current->values[i], &potential[i], &residue[i % n]);
    return ACCEPTED;
}

/* PACK-2 */
enum refusal op_pack_ternary(struct task *task)
{
    const struct tensor *train = input(task, "train", I8, 2);
    size_t steps = train->shape[0], n = train->shape[1], bytes = (n + 3) / 4;
    int64_t *packed = output(task, "packed", U8, SHAPE(steps, bytes));

    if (!tensor_within(train, -1, 1))
        return REFUSE_RANGE;
    for (size_t d = 0; d < steps; d++)
        for (size_t k = 0; k < n; k++) {
            int64_t code = train->values[d * n + k] & 3;

            packed[d * bytes + k / 4] |= code << 2 * (k % 4);
        }
    return ACCEPTED;
}

enum refusal op_unpack_ternary(struct task *task)
{
    static const int64_t spike[4] = {0, 1, 0, -1};
    const struct tensor *packed = input(task, "packed", U8, 2);
    int64_t neurons = integer_parameter(task, "neurons");
    size_t steps = packed->shape[0], bytes = packed->shape[1], n = (size_t)neurons;
    int64_t *train;

    if (neurons < 0)
        return REFUSE_PARAMETER;
    require_equal(task, n / 4 + (n % 4 != 0), bytes);
    train = output(task, "train", I8, SHAPE(steps, n));
    for (size_t d = 0; d < steps; d++)
        for (size_t k = 0; k < 4 * bytes; k++) {
            int64_t code = packed->values[d * bytes + k / 4] >> 2 * (k % 4) & 3;

            if (code == 2 || (code != 0 && k >= n))
                return REFUSE_CODE;
            if (k < n)
                train[d * n + k] = spike[code];
        }
    return ACCEPTED;
}

static enum refusal entry_parameters(struct task *task, size_t n, struct entry *entry)
{
    bool rotates;
    enum refusal refusal = encoder_parameters(task, &entry->encoder);

    if (refusal == ACCEPTED)
        refusal = flag_parameter(task, "rotate", &rotates);
    if (refusal != ACCEPTED)
        return refusal;
    entry->rotation = rotates ? rotation_of_width(task->pool, n) : no_rotation(task->pool, n);
    entry->clip = CLIP_NONE;
    entry->threshold = 0;
    if (!has_parameter(task, "mode") && !has_parameter(task, "threshold"))
        return ACCEPTED;
    if (entry->encoder.binary)
        return REFUSE_PARAMETER; /* ENC-8: clipping needs symmetric counts */
    return clip_parameters(task, &entry->clip, &entry->threshold);
}

enum refusal op_spiking_input(struct task *task)
{
    const struct tensor *u = input(task, "u", I64, 2);
    const struct tensor *exponent_in = input(task, "exponent", I32, 1);
    size_t rows = u->shape[0], n = u->shape[1];
    int64_t *potential = output(task, "potential", I32, SHAPE(rows, n));
    int64_t *exponent = output(task, "exponent", I32, SHAPE(rows));
    int64_t *range = output(task, "range", I64, SHAPE(rows));
    int64_t *zero_point = output(task, "zero_point", I16, SHAPE(rows));
    int64_t *counts = output(task, "counts", I16, SHAPE(rows, n));
    struct entry entry;
    enum refusal refusal = entry_parameters(task, n, &entry);

    require_equal(task, exponent_in->count, rows);
    for (size_t t = 0; t < rows && refusal == ACCEPTED; t++) {
        struct row row = {0, 0, 0, 0};

        exponent[t] = exponent_in->values[t];
        refusal = enter(&entry, u->values + t * n, &exponent[t], potential + t * n, &row,
                        counts + t * n);
        range[t] = row.range;
        zero_point[t] = row.zero_point;
    }
    return refusal;
}

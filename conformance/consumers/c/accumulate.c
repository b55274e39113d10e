#include "accumulate.h"

#include "operations.h"

#include <string.h>

/* ---- products ---- */

void add_row(int64_t count, const int64_t *row, size_t targets, int64_t *y)
{
    for (size_t m = 0; m < targets; m++)
        y[m] += count * row[m];
}

void sparse_add(const int64_t *counts, size_t sources, const int64_t *weights, size_t targets,
                int64_t *y)
{
    for (size_t j = 0; j < sources; j++)
        if (counts[j] != 0)
            add_row(counts[j], weights + j * targets, targets, y);
}

int64_t accumulator_bound(struct pool *pool, const struct encoder *encoder,
                          const int64_t *weights, size_t sources, size_t targets)
{
    bool clips = !encoder->binary && encoder->ratio_n < encoder->ratio_d;
    int64_t c_max = largest_count(encoder) + clips, bound = 0;
    int64_t *sums = pool_numbers(pool, targets);

    for (size_t j = 0; j < sources; j++)
        for (size_t m = 0; m < targets; m++)
            sums[m] += (int64_t)magnitude(weights[j * targets + m]);
    for (size_t m = 0; m < targets; m++)
        if (c_max * sums[m] > bound)
            bound = c_max * sums[m];
    return bound;
}

void sum_weights(const int64_t *weights, size_t sources, size_t targets, int64_t *sums)
{
    memset(sums, 0, targets * sizeof *sums);
    for (size_t j = 0; j < sources; j++)
        add_row(1, weights + j * targets, targets, sums);
}

void correct_zero_point(int64_t zero_point, const int64_t *sums, size_t targets, int64_t *y)
{
    for (size_t m = 0; m < targets; m++)
        y[m] -= zero_point * sums[m];
}

int64_t count_zeros(const int64_t *values, size_t count)
{
    int64_t zeros = 0;

    for (size_t i = 0; i < count; i++)
        zeros += values[i] == 0;
    return zeros;
}

/* ---- operations: weights and products ---- */

/* PACK-3 */
enum refusal op_pack_weights(struct task *task)
{
    const struct tensor *weights = input(task, "weights", I8, 2);
    size_t sources = weights->shape[0], targets = weights->shape[1];
    struct encoder encoder;
    enum refusal refusal = bits_parameter(task, &encoder);
    bool nibbles;
    size_t bytes;
    int64_t *packed;

    if (refusal != ACCEPTED)
        return refusal;
    nibbles = encoder.bits <= 4;
    bytes = nibbles ? (targets + 1) / 2 : targets;
    if (!tensor_within(weights, -largest_count(&encoder), largest_count(&encoder)))
        return REFUSE_RANGE; /* MODEL-3 */
    packed = output(task, "packed", U8, SHAPE(sources, bytes));
    for (size_t j = 0; j < sources; j++)
        for (size_t m = 0; m < targets; m++) {
            int64_t weight = weights->values[j * targets + m];

            if (nibbles)
                packed[j * bytes + m / 2] |= (weight & 15) << 4 * (m % 2);
            else
                packed[j * bytes + m] = weight & 255;
        }
    return ACCEPTED;
}

/* ADD-3, COMP-12 */
enum refusal op_headroom(struct task *task)
{
    const struct tensor *weights = input(task, "weights", I8, 2);
    int64_t acc_bits = integer_parameter(task, "acc_bits");
    int64_t *bound = output(task, "bound", I64, SCALAR);
    int64_t *width = output(task, "width", I32, SCALAR);
    struct encoder encoder;
    enum refusal refusal = count_parameters(task, &encoder);

    if (refusal == ACCEPTED)
        refusal = ratio_parameters(task, &encoder);
    if (refusal != ACCEPTED)
        return refusal;
    *bound = accumulator_bound(task->pool, &encoder, weights->values, weights->shape[0],
                               weights->shape[1]);
    *width = 1 + bit_length((uint64_t)*bound);
    return *bound > TWO(30) || *width > acc_bits ? REFUSE_HEADROOM : ACCEPTED;
}

enum refusal op_sparse_add(struct task *task)
{
    const struct tensor *counts = input(task, "counts", I16, 2);
    const struct tensor *weights = input(task, "weights", I8, 2);
    size_t rows = counts->shape[0], sources = counts->shape[1], targets = weights->shape[1];
    int64_t *y = output(task, "y", I32, SHAPE(rows, targets));
    struct encoder encoder;
    enum refusal refusal = count_parameters(task, &encoder);

    require_equal(task, weights->shape[0], sources);
    if (refusal != ACCEPTED)
        return refusal;
    if (!counts_fit(&encoder, counts))
        return REFUSE_RANGE;
    for (size_t t = 0; t < rows; t++)
        sparse_add(counts->values + t * sources, sources, weights->values, targets,
                   y + t * targets);
    return ACCEPTED;
}

static bool edges_ascend(const struct tensor *edges, size_t sources)
{
    if (edges->count == 0 || !tensor_within(edges, 0, (int64_t)sources))
        return false;
    for (size_t p = 1; p < edges->count; p++)
        if (edges->values[p] < edges->values[p - 1])
            return false;
    return true;
}

/* ADD-2: partial accumulators, added at the end. */
enum refusal op_tiled_add(struct task *task)
{
    const struct tensor *counts = input(task, "counts", I16, 1);
    const struct tensor *weights = input(task, "weights", I8, 2);
    const struct tensor *edges = input(task, "edges", I32, 1);
    size_t sources = counts->count, targets = weights->shape[1];
    struct encoder encoder;
    enum refusal refusal = count_parameters(task, &encoder);
    int64_t *partial, *y;

    require_equal(task, weights->shape[0], sources);
    if (refusal != ACCEPTED)
        return refusal;
    if (!counts_fit(&encoder, counts) || !edges_ascend(edges, sources))
        return REFUSE_RANGE;
    partial = output(task, "partial", I32, SHAPE(edges->count - 1, targets));
    y = output(task, "y", I32, SHAPE(targets));
    for (size_t p = 0; p + 1 < edges->count; p++) {
        size_t first = (size_t)edges->values[p], end = (size_t)edges->values[p + 1];

        sparse_add(counts->values + first, end - first, weights->values + first * targets,
                   targets, partial + p * targets);
        add_row(1, partial + p * targets, targets, y);
    }
    return ACCEPTED;
}

enum refusal op_zero_point(struct task *task)
{
    const struct tensor *y = input(task, "y", I32, 2);
    const struct tensor *zero_point = input(task, "zero_point", I16, 1);
    const struct tensor *sums = input(task, "weight_sums", I32, 1);
    size_t rows = y->shape[0], targets = y->shape[1];
    int64_t *corrected = output(task, "corrected", I32, SHAPE(rows, targets));

    require_equal(task, zero_point->count, rows);
    require_equal(task, sums->count, targets);
    memcpy(corrected, y->values, y->count * sizeof *corrected);
    for (size_t t = 0; t < rows; t++)
        correct_zero_point(zero_point->values[t], sums->values, targets, corrected + t * targets);
    return ACCEPTED;
}

/* ---- counters (chapter 13) ---- */

/* COUNT-3: blocks of `size` neurons whose counts are all 0; the last may be shorter. */
static int64_t zero_blocks(const int64_t *counts, size_t n, size_t size)
{
    int64_t blocks = 0;

    for (size_t first = 0; first < n; first += size) {
        size_t length = n - first < size ? n - first : size;

        blocks += count_zeros(counts + first, length) == (int64_t)length;
    }
    return blocks;
}

enum refusal op_counters(struct task *task)
{
    const struct tensor *counts = input(task, "counts", I16, 2);
    const struct tensor *weights = input(task, "weights", I8, 2);
    size_t rows = counts->shape[0], n = counts->shape[1], targets = weights->shape[1];
    int64_t *positive = output(task, "positive", I64, SCALAR);
    int64_t *negative = output(task, "negative", I64, SCALAR);
    int64_t *slots = output(task, "slots", I64, SCALAR);
    int64_t *silent = output(task, "silent", I64, SCALAR);
    int64_t *blocks = output(task, "zero_blocks", I64, SHAPE(3));
    int64_t *additions = output(task, "additions", I64, SCALAR);
    int64_t *skipped = output(task, "zero_weights_skipped", I64, SCALAR);
    struct encoder encoder;
    enum refusal refusal = count_parameters(task, &encoder);

    require_equal(task, weights->shape[0], n);
    if (refusal != ACCEPTED)
        return refusal;
    if (!counts_fit(&encoder, counts))
        return REFUSE_RANGE;
    for (size_t i = 0; i < counts->count; i++) {
        int64_t c = counts->values[i];

        *positive += c > 0 ? c : 0;
        *negative += c < 0 ? -c : 0;
        *skipped += (int64_t)magnitude(c) *
                    count_zeros(weights->values + i % n * targets, targets);
    }
    *slots = (int64_t)counts->count * train_length(&encoder);
    *silent = count_zeros(counts->values, counts->count);
    for (size_t t = 0; t < rows; t++)
        for (size_t k = 0; k < 3; k++)
            blocks[k] += zero_blocks(counts->values + t * n, n, (size_t)8 << k);
    *additions = (*positive + *negative) * (int64_t)targets;
    return ACCEPTED;
}

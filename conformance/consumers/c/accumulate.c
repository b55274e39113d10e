#include "accumulate.h"

#include "operations.h"

#include <stdlib.h>
#include <string.h>

/* ---- products ---- */

/* A source with count c adds its row |c| times, once for each spike; here in one step (EVENT-7). */
static void add_row(int64_t count, const int64_t *row, size_t targets, int64_t *y)
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

/* ---- address events (chapter 11) ---- */

/* EVENT-1 */
#define SOURCE_BITS 28
#define STEP_AT 28
#define POLARITY_AT 36
#define END_AT 37
#define EPOCH_AT 38

static uint64_t field(uint64_t packet, int at, int bits)
{
    return packet >> at & (((uint64_t)1 << bits) - 1);
}

static uint64_t event(uint64_t epoch, size_t step, bool negative, size_t source)
{
    return epoch << EPOCH_AT | (uint64_t)negative << POLARITY_AT | (uint64_t)step << STEP_AT |
           source;
}

static uint64_t end_marker(uint64_t epoch, size_t events)
{
    return epoch << EPOCH_AT | (uint64_t)1 << END_AT | field(events, 0, SOURCE_BITS);
}

static size_t spikes_of(const struct tensor *counts)
{
    size_t spikes = 0;

    for (size_t i = 0; i < counts->count; i++)
        spikes += (size_t)magnitude(counts->values[i]);
    return spikes;
}

/* EVENT-2: in order of step, then source, and then one end marker. */
enum refusal op_pack_events(struct task *task)
{
    const struct tensor *counts = input(task, "counts", I16, 1);
    uint64_t epoch = word_parameter(task, "epoch"); /* the shift keeps it modulo 2^26 */
    struct encoder encoder;
    enum refusal refusal = count_parameters(task, &encoder);
    size_t events = 0;
    int64_t *packets;

    if (refusal != ACCEPTED)
        return refusal;
    if (!counts_fit(&encoder, counts))
        return REFUSE_RANGE;
    packets = output(task, "packets", U64, SHAPE(spikes_of(counts) + 1));
    for (size_t step = 0; step < (size_t)train_length(&encoder); step++)
        for (size_t j = 0; j < counts->count; j++)
            if (step < magnitude(counts->values[j]))
                packets[events++] = (int64_t)event(epoch, step, counts->values[j] < 0, j);
    packets[events] = (int64_t)end_marker(epoch, events);
    return ACCEPTED;
}

struct arrival {
    uint64_t word;
    size_t place; /* of pushing */
};

static int compare_arrivals(const void *left, const void *right)
{
    const struct arrival *a = left, *b = right;

    if (a->word != b->word)
        return a->word < b->word ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

static void shuffle(struct task *task, const int64_t *pushed, size_t events, uint64_t seed,
                    int64_t *arrived)
{
    struct arrival *order = pool_take(task->pool, events, sizeof *order);

    for (size_t k = 0; k < events; k++)
        order[k] = (struct arrival){random_word(seed, k + 1), k};
    qsort(order, events, sizeof *order, compare_arrivals);
    for (size_t k = 0; k < events; k++)
        arrived[k] = pushed[order[k].place];
}

/* EVENT-4 */
enum refusal op_arrival(struct task *task)
{
    const struct tensor *packets = input(task, "packets", U64, 1);
    const char *order = text_parameter(task, "order");
    uint64_t seed = word_parameter(task, "seed");
    int64_t *arrived = output(task, "arrived", U64, SHAPE(packets->count));
    size_t events = packets->count - 1;

    if (packets->count == 0)
        return REFUSE_DELIVERY;
    memcpy(arrived, packets->values, packets->count * sizeof *arrived);
    if (strcmp(order, "shuffled") == 0) {
        seed += field((uint64_t)packets->values[events], EPOCH_AT, 26) << 32;
        shuffle(task, packets->values, events, seed, arrived);
    } else if (strcmp(order, "reversed") == 0) {
        for (size_t k = 0; k < events; k++)
            arrived[k] = packets->values[events - 1 - k];
    } else if (strcmp(order, "sorted") != 0) {
        return REFUSE_PARAMETER;
    }
    return ACCEPTED;
}

/* One epoch at the receiver. */
struct receiver {
    const struct encoder *encoder;
    uint64_t epoch;
    size_t sources, targets, steps;
    const int64_t *weights;
    bool *seen; /* [steps, sources] */
    size_t events, announced, markers;
    int64_t *y;
};

static bool receive_end(struct receiver *receiver, uint64_t packet)
{
    receiver->announced = field(packet, 0, SOURCE_BITS);
    return receiver->markers++ == 0 && field(packet, STEP_AT, 9) == 0;
}

/* EVENT-6: false where the packet contradicts the epoch. */
static bool receive(struct receiver *receiver, uint64_t packet)
{
    size_t source = field(packet, 0, SOURCE_BITS), step = field(packet, STEP_AT, 8);
    bool negative = field(packet, POLARITY_AT, 1) != 0;
    bool *seen;

    if (field(packet, EPOCH_AT, 26) != receiver->epoch)
        return false;
    if (field(packet, END_AT, 1) != 0)
        return receive_end(receiver, packet);
    if (source >= receiver->sources || step >= receiver->steps)
        return false;
    if (negative && receiver->encoder->binary)
        return false; /* a binary train has no such spike */
    seen = &receiver->seen[step * receiver->sources + source];
    if (*seen)
        return false;
    *seen = true;
    receiver->events++;
    add_row(negative ? -1 : 1, receiver->weights + source * receiver->targets, receiver->targets,
            receiver->y);
    return true;
}

enum refusal op_integrate(struct task *task)
{
    const struct tensor *packets = input(task, "packets", U64, 1);
    const struct tensor *weights = input(task, "weights", I8, 2);
    struct encoder encoder;
    struct receiver receiver = {0};
    enum refusal refusal = count_parameters(task, &encoder);

    receiver.encoder = &encoder;
    receiver.epoch = field(word_parameter(task, "epoch"), 0, 26);
    receiver.sources = weights->shape[0];
    receiver.targets = weights->shape[1];
    receiver.weights = weights->values;
    receiver.y = output(task, "y", I32, SHAPE(receiver.targets));
    if (refusal != ACCEPTED)
        return refusal;
    receiver.steps = (size_t)train_length(&encoder);
    receiver.seen = pool_take(task->pool, receiver.steps * receiver.sources, sizeof(bool));
    for (size_t k = 0; k < packets->count; k++)
        if (!receive(&receiver, (uint64_t)packets->values[k]))
            return REFUSE_DELIVERY;
    if (receiver.markers != 1 || receiver.announced != field(receiver.events, 0, SOURCE_BITS))
        return REFUSE_DELIVERY;
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

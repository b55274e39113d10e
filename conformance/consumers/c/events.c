/* Chapter 11: address events, packed, shuffled, and integrated. */
#include "accumulate.h"
#include "operations.h"

#include <stdlib.h>
#include <string.h>

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

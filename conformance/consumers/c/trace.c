#include "trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* An embedding, 17 records a layer, and a head for each token. */
size_t trace_records(size_t tokens, size_t layers)
{
    return tokens * (layers * OP_MLP_RESIDUAL + 2);
}

static void add_word(struct sha256 *hash, int64_t value, int size)
{
    uint8_t bytes[8];

    for (int i = 0; i < size; i++)
        bytes[i] = (uint8_t)((uint64_t)value >> (8 * i));
    sha256_add(hash, bytes, (size_t)size);
}

/* TRACE-3 */
void open_record(struct trace *trace, size_t token, int64_t layer, enum op op, int fields)
{
    if (trace == NULL)
        return;
    sha256_start(&trace->record);
    add_word(&trace->record, (int64_t)token, 4);
    add_word(&trace->record, layer, 4);
    add_word(&trace->record, op, 4);
    add_word(&trace->record, fields, 4);
}

void add_field(struct trace *trace, enum element element, const int64_t *values, int rank,
               const size_t *shape)
{
    size_t count = 1;

    if (trace == NULL)
        return;
    add_word(&trace->record, element_bytes(element), 1);
    add_word(&trace->record, rank, 1);
    for (int i = 0; i < rank; i++) {
        add_word(&trace->record, (int64_t)shape[i], 4);
        count *= shape[i];
    }
    for (size_t i = 0; i < count; i++)
        add_word(&trace->record, values[i], element_bytes(element));
}

/* TRACE-4 */
void close_record(struct trace *trace)
{
    uint8_t digest[32];

    if (trace == NULL)
        return;
    sha256_end(&trace->record, digest);
    for (int i = 0; i < 32; i++)
        trace->digests[32 * trace->records + (size_t)i] = digest[i];
    trace->records++;
}

/* The canonical JSON of TRACE-5: its keys are in order, and it has no white space. */
static size_t canonical_header(char *text, size_t room, const char *model_digest,
                               const int64_t *tokens, size_t count)
{
    size_t used = (size_t)snprintf(text, room,
                                   "{\"format\":\"spikeref-trace-1\",\"model_digest\":\"%s\","
                                   "\"tokens\":[",
                                   model_digest);

    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%" PRId64, i == 0 ? "" : ",",
                                 tokens[i]);
    return used + (size_t)snprintf(text + used, room - used, "]}");
}

void trace_digest(struct pool *pool, const struct trace *trace, const char *model_digest,
                  const int64_t *tokens, size_t count, int64_t *digest)
{
    size_t room = 128 + strlen(model_digest) + 22 * count;
    char *text = pool_take(pool, room, 1);
    size_t used = canonical_header(text, room, model_digest, tokens, count);
    uint8_t bytes[32];
    struct sha256 hash;

    sha256_start(&hash);
    sha256_add(&hash, text, used);
    for (size_t i = 0; i < 32 * trace->records; i++)
        add_word(&hash, trace->digests[i], 1);
    sha256_end(&hash, bytes);
    for (int i = 0; i < 32; i++)
        digest[i] = bytes[i];
}

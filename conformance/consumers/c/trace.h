/* Chapter 12: the canonical bytes and digests of records, and the digest of a trace. */
#ifndef TRACE_H
#define TRACE_H

#include "case_file.h"
#include "sha256.h"

/* TRACE-2: codes of the ops */
enum op {
    OP_EMBEDDING,
    OP_QKV_INPUT,
    OP_Q,
    OP_K,
    OP_V,
    OP_QUERY,
    OP_KEY_SPIKES,
    OP_VALUE_SPIKES,
    OP_ATTENTION,
    OP_O_INPUT,
    OP_O,
    OP_ATTENTION_RESIDUAL,
    OP_GATE_UP_INPUT,
    OP_GATE,
    OP_UP,
    OP_DOWN_INPUT,
    OP_DOWN,
    OP_MLP_RESIDUAL,
    OP_HEAD
};

/* Records must be opened in order of (token, layer, op code). */
struct trace {
    struct sha256 record; /* the record that is open */
    int64_t *digests;     /* [records, 32], bytes */
    size_t records;
};

size_t trace_records(size_t tokens, size_t layers);

/* A NULL trace takes no notes. */
void open_record(struct trace *trace, size_t token, int64_t layer, enum op op, int fields);
void add_field(struct trace *trace, enum element element, const int64_t *values, int rank,
               const size_t *shape);
void close_record(struct trace *trace);

/* TRACE-5; the digest as 32 bytes. */
void trace_digest(struct pool *pool, const struct trace *trace, const char *model_digest,
                  const int64_t *tokens, size_t count, int64_t *digest);

#endif

/* Chapter 6: a model from the parameters and tensors of a case, and its refusal. */
#ifndef MODEL_H
#define MODEL_H

#include "attention.h"
#include "linear.h"
#include "operators.h"

enum linear_op { LINEAR_Q, LINEAR_K, LINEAR_V, LINEAR_O, LINEAR_GATE, LINEAR_UP, LINEAR_DOWN };
#define LINEAR_OPS 7

enum group { GROUP_QKV, GROUP_O, GROUP_GATE_UP, GROUP_DOWN };
#define GROUPS 4

struct layer {
    struct norm attention_norm, mlp_norm;
    struct linear linear[LINEAR_OPS];
    struct entry entry[GROUPS];
    struct attention attention;
};

struct model {
    size_t vocabulary, hidden, intermediate, layers, heads, kv_heads, width, positions;
    int weight_bits;
    enum { GAMMA_SQP, QUAROT, NONE } rotation;
    struct encoder encoder, cache_encoder; /* act_bits; kv_bits, symmetric */
    enum clip_mode clip_mode;
    bool tied_head;
    int64_t log2e, score_mantissa, score_exponent;
    const int64_t *embedding_mantissas, *embedding_exponents;
    struct head head;
    struct norm final_norm;
    const int64_t *cos, *sin; /* [positions, d / 2] */
    const int64_t *table;
    struct layer *layer;
};

/* MODEL-2 to MODEL-8, digests aside. */
enum refusal read_model(struct task *task, struct model *model);

#endif

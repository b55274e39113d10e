/* One function for each operation of CONF-9. */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include "case_file.h"

typedef enum refusal run_operation(struct task *task);

/* elementary.c */
run_operation op_round_shift, op_round_div, op_saturate, op_block_shift, op_normalise, op_isqrt,
    op_exp2, op_random_words;
/* hadamard.c */
run_operation op_hadamard;
/* encoding.c */
run_operation op_clip, op_encode, op_unfold, op_lif, op_pack_ternary, op_unpack_ternary,
    op_spiking_input;
/* accumulate.c */
run_operation op_pack_weights, op_headroom, op_sparse_add, op_tiled_add, op_zero_point,
    op_pack_events, op_arrival, op_integrate, op_counters;
/* linear.c */
run_operation op_rescale, op_linear;
/* operators.c */
run_operation op_embedding, op_rms_norm, op_silu_gate, op_residual_add, op_logits, op_greedy;
/* attention.c */
run_operation op_rope, op_cache_heads, op_queries, op_scores, op_softmax, op_mix, op_attend,
    op_cached_attention, op_pack_cache;
/* decoder.c */
run_operation op_decode, op_generate;

#endif

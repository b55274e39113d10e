/* spikeref_device SUITE OUT LIST: runs the cases named in LIST (CONF-7). */
#include "operations.h"

#include <string.h>

static const struct {
    const char *name;
    run_operation *run;
} operations[] = {
    {"round_shift", op_round_shift},
    {"round_div", op_round_div},
    {"saturate", op_saturate},
    {"block_shift", op_block_shift},
    {"normalise", op_normalise},
    {"isqrt", op_isqrt},
    {"exp2", op_exp2},
    {"random_words", op_random_words},
    {"hadamard", op_hadamard},
    {"clip", op_clip},
    {"encode", op_encode},
    {"unfold", op_unfold},
    {"lif", op_lif},
    {"pack_ternary", op_pack_ternary},
    {"unpack_ternary", op_unpack_ternary},
    {"spiking_input", op_spiking_input},
    {"pack_weights", op_pack_weights},
    {"headroom", op_headroom},
    {"sparse_add", op_sparse_add},
    {"tiled_add", op_tiled_add},
    {"zero_point", op_zero_point},
    {"pack_events", op_pack_events},
    {"arrival", op_arrival},
    {"integrate", op_integrate},
    {"counters", op_counters},
    {"rescale", op_rescale},
    {"linear", op_linear},
    {"embedding", op_embedding},
    {"rms_norm", op_rms_norm},
    {"silu_gate", op_silu_gate},
    {"residual_add", op_residual_add},
    {"rope", op_rope},
    {"cache_heads", op_cache_heads},
    {"queries", op_queries},
    {"scores", op_scores},
    {"softmax", op_softmax},
    {"mix", op_mix},
    {"attend", op_attend},
    {"cached_attention", op_cached_attention},
    {"pack_cache", op_pack_cache},
    {"logits", op_logits},
    {"greedy", op_greedy},
    {"decode", op_decode},
    {"generate", op_generate},
};

static run_operation *find_operation(const struct task *task)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (strcmp(task->operation, operations[i].name) == 0)
            return operations[i].run;
    fail("%s: unknown operation %s", task->id, task->operation);
}

static void run_case(const char *suite, const char *out, const char *id)
{
    struct pool pool = {NULL, 0, 0};
    struct task task = {0};

    if (!is_case_id(id))
        fail("%s is no id of a case", id);
    task.pool = &pool;
    task.id = id;
    read_case(&task, suite);
    write_results(&task, find_operation(&task)(&task), out);
    pool_free(&pool);
}

int main(int argc, char **argv)
{
    struct pool pool = {NULL, 0, 0};
    size_t count;
    char **ids;

    if (argc != 4)
        fail("usage: spikeref_device SUITE OUT LIST");
    check_suite(&pool, argv[1]);
    ids = read_lines(&pool, argv[3], &count);
    for (size_t i = 0; i < count; i++)
        run_case(argv[1], argv[2], ids[i]);
    pool_free(&pool);
    return 0;
}

/* The operations of chapter 2. */
#include "operations.h"

enum refusal op_round_shift(struct task *task)
{
    const struct tensor *x = input(task, "x", I64, 1);
    const struct tensor *s = input(task, "s", I32, 1);
    int64_t *y = output(task, "y", I64, SHAPE(x->count));
    enum ties ties;
    enum refusal refusal = ties_parameter(task, &ties);

    require_equal(task, s->count, x->count);
    if (refusal != ACCEPTED)
        return refusal;
    for (size_t k = 0; k < x->count; k++) {
        y[k] = round_shift(x->values[k], s->values[k], ties);
        if (magnitude(x->values[k]) >= (uint64_t)TWO(62) || magnitude(y[k]) >= (uint64_t)TWO(62))
            return REFUSE_RANGE;
    }
    return ACCEPTED;
}

enum refusal op_round_div(struct task *task)
{
    const struct tensor *a = input(task, "a", I64, 1);
    const struct tensor *b = input(task, "b", I64, 1);
    int64_t *q = output(task, "q", I64, SHAPE(a->count));
    enum ties ties;
    enum refusal refusal = ties_parameter(task, &ties);

    require_equal(task, b->count, a->count);
    if (refusal != ACCEPTED)
        return refusal;
    if (!tensor_within(b, 1, INT64_MAX))
        return REFUSE_RANGE;
    for (size_t k = 0; k < a->count; k++)
        q[k] = round_div(a->values[k], b->values[k], ties);
    return ACCEPTED;
}

static enum refusal width_parameter(const struct task *task, int most, int *bits)
{
    int64_t value = integer_parameter(task, "bits");

    if (value < 2 || value > most)
        return REFUSE_PARAMETER;
    *bits = (int)value;
    return ACCEPTED;
}

enum refusal op_saturate(struct task *task)
{
    const struct tensor *x = input(task, "x", I64, 2);
    size_t n = x->shape[1];
    int64_t *y = output(task, "y", I64, SHAPE(x->shape[0], n));
    int64_t *saturations = output(task, "saturations", I64, SHAPE(x->shape[0]));
    int bits;
    enum refusal refusal = width_parameter(task, 64, &bits);

    if (refusal != ACCEPTED)
        return refusal;
    for (size_t i = 0; i < x->count; i++)
        y[i] = saturate(x->values[i], bits, &saturations[i / n]);
    return ACCEPTED;
}

enum refusal op_block_shift(struct task *task)
{
    const struct tensor *x = input(task, "x", I64, 2);
    size_t rows = x->shape[0], n = x->shape[1];
    int64_t *mantissas = output(task, "mantissas", I64, SHAPE(rows, n));
    int64_t *shift = output(task, "shift", I32, SHAPE(rows));
    enum ties ties;
    int bits;
    enum refusal refusal = width_parameter(task, 62, &bits);

    if (refusal == ACCEPTED)
        refusal = ties_parameter(task, &ties);
    if (refusal != ACCEPTED)
        return refusal;
    for (size_t t = 0; t < rows; t++)
        shift[t] = block_shift(x->values + t * n, n, bits, ties, mantissas + t * n);
    return ACCEPTED;
}

enum refusal op_normalise(struct task *task)
{
    const struct tensor *a = input(task, "a", I64, 1);
    int64_t *mantissa = output(task, "mantissa", I64, SHAPE(a->count));
    int64_t *exponent = output(task, "exponent", I32, SHAPE(a->count));
    enum ties ties;
    int bits;
    enum refusal refusal = width_parameter(task, 61, &bits);

    if (refusal == ACCEPTED)
        refusal = ties_parameter(task, &ties);
    if (refusal != ACCEPTED)
        return refusal;
    if (!tensor_within(a, 1, INT64_MAX))
        return REFUSE_RANGE;
    for (size_t k = 0; k < a->count; k++)
        normalise(a->values[k], bits, ties, &mantissa[k], &exponent[k]);
    return ACCEPTED;
}

enum refusal op_isqrt(struct task *task)
{
    const struct tensor *x = input(task, "x", I64, 1);
    int64_t *root = output(task, "root", I64, SHAPE(x->count));

    if (!tensor_within(x, 0, TWO(62) - 1))
        return REFUSE_RANGE;
    for (size_t k = 0; k < x->count; k++)
        root[k] = isqrt(x->values[k]);
    return ACCEPTED;
}

enum refusal op_exp2(struct task *task)
{
    const struct tensor *a = input(task, "a", I64, 1);
    const struct tensor *table = input(task, "table", I64, 1);
    int64_t *p = output(task, "p", I64, SHAPE(a->count));
    enum ties ties;
    enum refusal refusal = ties_parameter(task, &ties);

    require_equal(task, table->count, 7);
    if (refusal != ACCEPTED)
        return refusal;
    if (!tensor_within(a, 0, INT64_MAX) || !exp2_table_fits(table->values))
        return REFUSE_RANGE;
    for (size_t k = 0; k < a->count; k++)
        p[k] = exp2_fixed(a->values[k], table->values, ties);
    return ACCEPTED;
}

enum refusal op_random_words(struct task *task)
{
    uint64_t seed = label_seed(text_parameter(task, "label"));
    int64_t count = integer_parameter(task, "count");
    int64_t *words;

    if (count < 0 || count > TWO(28))
        return REFUSE_PARAMETER;
    words = output(task, "words", U64, SHAPE((size_t)count));
    for (int64_t i = 0; i < count; i++)
        words[i] = (int64_t)random_word(seed, (uint64_t)i + 1);
    return ACCEPTED;
}

#include "operators.h"

#include "operations.h"

/* OP-1 */
int64_t embed(const int64_t *mantissas, int64_t exponent, size_t n, enum ties ties, int64_t *x)
{
    int64_t saturations = 0;

    for (size_t j = 0; j < n; j++)
        x[j] = saturate(round_shift(mantissas[j], -(exponent + 16), ties), 40, &saturations);
    return saturations;
}

bool norm_constants_fit(const struct norm *norm)
{
    return norm->root >= TWO(58) && norm->root < TWO(59) && norm->root_exponent >= 50 &&
           norm->root_exponent <= 58 && norm->epsilon >= 0 && norm->epsilon < TWO(60);
}

/* OP-2: y in place of the mantissas m, where A is the sum of their squares and epsilon. */
static void divide_by_root(const struct norm *norm, int64_t a, size_t n, int64_t *m)
{
    int h = (62 - bit_length((uint64_t)a)) / 2;
    int64_t inverse = a == 0 ? 0 : round_div(norm->root, isqrt(a * TWO(2 * h)), norm->ties);

    for (size_t j = 0; j < n; j++)
        m[j] = round_shift(m[j] * inverse, norm->root_exponent - h - 16, norm->ties);
}

int64_t normalise_stream(const struct norm *norm, const int64_t *x, size_t n, int64_t *u)
{
    int s = block_shift(x, n, 24, norm->ties, u);
    int64_t a = round_shift(norm->epsilon, 2 * s, norm->ties);

    for (size_t j = 0; j < n; j++)
        a += u[j] * u[j];
    divide_by_root(norm, a, n, u);
    if (norm->gamma == NULL)
        return -16;
    for (size_t j = 0; j < n; j++)
        u[j] *= norm->gamma[j]; /* OP-3 */
    return norm->gamma_exponent - 16;
}

/* OP-9 */
int64_t gate_neuron(int64_t gate, int64_t up, int64_t log2e, const int64_t table[7],
                    enum ties ties)
{
    int64_t t = round_shift((int64_t)magnitude(gate) * log2e, 30, ties);
    int64_t w = exp2_fixed(t, table, ties);
    int64_t sigma = round_div(TWO(50), TWO(30) + w, ties);

    if (gate < 0)
        sigma = TWO(20) - sigma;
    return round_shift(gate * sigma, 20, ties) * up;
}

/* OP-10 */
int64_t add_residual(const int64_t *x, const int64_t *out, size_t n, int64_t *sum)
{
    int64_t saturations = 0;

    for (size_t j = 0; j < n; j++)
        sum[j] = saturate(x[j] + out[j], 40, &saturations);
    return saturations;
}

/* OP-12 */
int64_t score_vocabulary(const struct head *head, const int64_t *u, int64_t *exponent,
                         int64_t *mantissa, int64_t *logits)
{
    int64_t saturations = 0;

    *exponent += block_shift(u, head->n, 16, head->ties, mantissa);
    for (size_t v = 0; v < head->vocabulary; v++) {
        int64_t a = 0, shift = -(*exponent + head->exponents[v] + 16);

        for (size_t j = 0; j < head->n; j++)
            a += mantissa[j] * head->mantissas[v * head->n + j];
        logits[v] = saturate(round_shift(a, shift, head->ties), 32, &saturations);
    }
    return saturations;
}

/* OP-13 */
int64_t choose(const int64_t *logits, size_t vocabulary)
{
    size_t best = 0;

    for (size_t v = 1; v < vocabulary; v++)
        if (logits[v] > logits[best])
            best = v;
    return (int64_t)best;
}

/* ---- operations ---- */

enum refusal op_embedding(struct task *task)
{
    const struct tensor *tokens = input(task, "tokens", I64, 1);
    const struct tensor *mantissas = input(task, "mantissas", I16, 2);
    const struct tensor *exponents = input(task, "exponents", I16, 1);
    size_t rows = tokens->count, n = mantissas->shape[1];
    int64_t *residual = output(task, "residual", I64, SHAPE(rows, n));
    int64_t *saturations = output(task, "saturations", I64, SHAPE(rows));
    enum ties ties;
    enum refusal refusal = ties_parameter(task, &ties);

    require_equal(task, exponents->count, mantissas->shape[0]);
    if (refusal != ACCEPTED)
        return refusal;
    if (rows == 0 || !tensor_within(tokens, 0, (int64_t)exponents->count - 1))
        return REFUSE_TOKEN;
    for (size_t t = 0; t < rows; t++) {
        size_t token = (size_t)tokens->values[t];

        saturations[t] = embed(mantissas->values + token * n, exponents->values[token], n, ties,
                               residual + t * n);
    }
    return ACCEPTED;
}

static enum refusal norm_parameters(const struct task *task, struct norm *norm)
{
    const struct tensor *gamma = find_input(task, "gamma");

    norm->root = integer_parameter(task, "norm_root");
    norm->root_exponent = integer_parameter(task, "norm_root_exponent");
    norm->epsilon = integer_parameter(task, "norm_epsilon");
    norm->gamma = NULL;
    norm->gamma_exponent = 0;
    if (gamma != NULL) {
        norm->gamma = input(task, "gamma", I16, 1)->values;
        norm->gamma_exponent = integer_parameter(task, "gamma_exponent");
    }
    if (!norm_constants_fit(norm))
        return REFUSE_RANGE;
    return ties_parameter(task, &norm->ties);
}

enum refusal op_rms_norm(struct task *task)
{
    const struct tensor *x = input(task, "x", I64, 2);
    size_t rows = x->shape[0], n = x->shape[1];
    int64_t *u = output(task, "u", I64, SHAPE(rows, n));
    int64_t *exponent = output(task, "exponent", I32, SHAPE(rows));
    struct norm norm;
    enum refusal refusal = norm_parameters(task, &norm);

    if (norm.gamma != NULL)
        require_equal(task, input(task, "gamma", I16, 1)->count, n);
    if (refusal != ACCEPTED)
        return refusal;
    if (!tensor_within(x, -TWO(39), TWO(39) - 1) || n > (size_t)TWO(15))
        return REFUSE_RANGE;
    for (size_t t = 0; t < rows; t++)
        exponent[t] = normalise_stream(&norm, x->values + t * n, n, u + t * n);
    return ACCEPTED;
}

enum refusal op_silu_gate(struct task *task)
{
    const struct tensor *gate = input(task, "gate", I32, 2);
    const struct tensor *up = input(task, "up", I32, 2);
    const struct tensor *table = input(task, "table", I64, 1);
    int64_t *u = output(task, "u", I64, SHAPE(gate->shape[0], gate->shape[1]));
    int64_t log2e = integer_parameter(task, "log2e");
    enum ties ties;
    enum refusal refusal = ties_parameter(task, &ties);

    require_equal(task, up->shape[0], gate->shape[0]);
    require_equal(task, up->shape[1], gate->shape[1]);
    require_equal(task, table->count, 7);
    if (refusal != ACCEPTED)
        return refusal;
    if (log2e < TWO(30) || log2e >= TWO(31) || !exp2_table_fits(table->values))
        return REFUSE_RANGE;
    for (size_t i = 0; i < gate->count; i++)
        u[i] = gate_neuron(gate->values[i], up->values[i], log2e, table->values, ties);
    return ACCEPTED;
}

enum refusal op_residual_add(struct task *task)
{
    const struct tensor *x = input(task, "x", I64, 2);
    const struct tensor *out = input(task, "out", I64, 2);
    size_t rows = x->shape[0], n = x->shape[1];
    int64_t *residual = output(task, "residual", I64, SHAPE(rows, n));
    int64_t *saturations = output(task, "saturations", I64, SHAPE(rows));

    require_equal(task, out->shape[0], rows);
    require_equal(task, out->shape[1], n);
    if (!tensor_within(x, -TWO(39), TWO(39) - 1) || !tensor_within(out, -TWO(39), TWO(39) - 1))
        return REFUSE_RANGE;
    for (size_t t = 0; t < rows; t++)
        saturations[t] =
            add_residual(x->values + t * n, out->values + t * n, n, residual + t * n);
    return ACCEPTED;
}

enum refusal op_logits(struct task *task)
{
    const struct tensor *u = input(task, "u", I64, 2);
    const struct tensor *exponent = input(task, "exponent", I32, 1);
    const struct tensor *mantissas = input(task, "mantissas", I16, 2);
    const struct tensor *exponents = input(task, "exponents", I16, 1);
    size_t rows = u->shape[0], n = u->shape[1], vocabulary = mantissas->shape[0];
    int64_t *mantissa = output(task, "mantissa", I16, SHAPE(rows, n));
    int64_t *entry_exponent = output(task, "entry_exponent", I32, SHAPE(rows));
    int64_t *logits = output(task, "logits", I32, SHAPE(rows, vocabulary));
    int64_t *saturations = output(task, "saturations", I64, SHAPE(rows));
    struct head head = {mantissas->values, exponents->values, vocabulary, n, HALF_EVEN};
    enum refusal refusal = ties_parameter(task, &head.ties);

    require_equal(task, exponent->count, rows);
    require_equal(task, mantissas->shape[1], n);
    require_equal(task, exponents->count, vocabulary);
    for (size_t t = 0; t < rows; t++) {
        entry_exponent[t] = exponent->values[t];
        saturations[t] = score_vocabulary(&head, u->values + t * n, &entry_exponent[t],
                                          mantissa + t * n, logits + t * vocabulary);
    }
    return refusal;
}

enum refusal op_greedy(struct task *task)
{
    const struct tensor *logits = input(task, "logits", I32, 2);
    size_t rows = logits->shape[0], vocabulary = logits->shape[1];
    int64_t *tokens = output(task, "tokens", I64, SHAPE(rows));

    for (size_t k = 0; k < rows; k++)
        tokens[k] = choose(logits->values + k * vocabulary, vocabulary);
    return ACCEPTED;
}

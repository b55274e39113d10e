#include "hadamard.h"

#include "arithmetic.h"
#include "operations.h"

#include <string.h>

enum construction { PALEY_1, PALEY_2, WILLIAMSON };

/* q = p^r, or p = 0 where q is no power of an odd prime */
struct prime_power {
    size_t q, p, r;
};

struct factor {
    enum construction construction;
    size_t order;
    struct prime_power field;
    int8_t *character; /* chi of each element of the field (HAD-11) */
};

/* ---- finite fields (HAD-9 to HAD-11) ---- */

#define MAX_DEGREE 16

static struct prime_power prime_power(size_t q)
{
    struct prime_power field = {q, q, 0};
    size_t rest = q;

    for (size_t p = 2; p * p <= q && field.p == q; p++)
        if (q % p == 0)
            field.p = p;
    while (field.p > 2 && rest % field.p == 0) {
        rest /= field.p;
        field.r++;
    }
    if (q < 3 || rest != 1)
        field.p = 0;
    return field;
}

/* HAD-9: the coefficients of an element from its number. */
static void coefficients(struct prime_power field, size_t number, size_t c[MAX_DEGREE])
{
    for (size_t i = 0; i < field.r; i++) {
        c[i] = number % field.p;
        number /= field.p;
    }
}

/* The polynomial a, of `length` coefficients, modulo the monic polynomial b of degree `degree`
 * whose lower coefficients are in b. */
static void reduce(size_t *a, size_t length, const size_t *b, size_t degree, size_t p)
{
    for (size_t top = length; top-- > degree;) {
        size_t lead = a[top];

        a[top] = 0;
        for (size_t i = 0; i < degree; i++)
            a[top - degree + i] = (a[top - degree + i] + (p - lead) * b[i]) % p;
    }
}

static bool divides(struct prime_power divisor, size_t number, const size_t *modulus, size_t r)
{
    size_t rest[MAX_DEGREE + 1], b[MAX_DEGREE];

    memcpy(rest, modulus, r * sizeof *rest);
    rest[r] = 1;
    coefficients(divisor, number, b);
    reduce(rest, r + 1, b, divisor.r, divisor.p);
    for (size_t i = 0; i < divisor.r; i++)
        if (rest[i] != 0)
            return false;
    return true;
}

static bool is_irreducible(struct prime_power field, const size_t *modulus)
{
    struct prime_power divisor = {field.p, field.p, 1};

    for (; 2 * divisor.r <= field.r; divisor.r++, divisor.q *= field.p)
        for (size_t number = 0; number < divisor.q; number++)
            if (divides(divisor, number, modulus, field.r))
                return false;
    return true;
}

/* HAD-10: the irreducible polynomial of the smallest number. */
static void find_modulus(struct prime_power field, size_t modulus[MAX_DEGREE])
{
    for (size_t number = 0; number < field.q; number++) {
        coefficients(field, number, modulus);
        if (is_irreducible(field, modulus))
            return;
    }
}

static size_t square(struct prime_power field, const size_t *modulus, size_t element)
{
    size_t c[MAX_DEGREE], product[2 * MAX_DEGREE] = {0}, number = 0;

    coefficients(field, element, c);
    for (size_t i = 0; i < field.r; i++)
        for (size_t k = 0; k < field.r; k++)
            product[i + k] = (product[i + k] + c[i] * c[k]) % field.p;
    reduce(product, 2 * field.r - 1, modulus, field.r, field.p);
    for (size_t i = field.r; i-- > 0;)
        number = number * field.p + product[i];
    return number;
}

/* HAD-11 */
static int8_t *quadratic_character(struct pool *pool, struct prime_power field)
{
    int8_t *character = pool_take(pool, field.q, 1);
    size_t modulus[MAX_DEGREE] = {0};

    find_modulus(field, modulus);
    memset(character, -1, field.q);
    character[0] = 0;
    for (size_t b = 1; b < field.q; b++)
        character[square(field, modulus, b)] = 1;
    return character;
}

/* HAD-12: chi(a - b) of two element numbers. */
static int8_t jacobsthal(const struct factor *factor, size_t a, size_t b)
{
    size_t p = factor->field.p, place = 1, number = 0;

    for (size_t i = 0; i < factor->field.r; i++) {
        number += (a % p + p - b % p) % p * place;
        a /= p;
        b /= p;
        place *= p;
    }
    return factor->character[number];
}

/* ---- rows of the direct matrices (HAD-13 to HAD-15) ---- */

static void paley_1_row(const struct factor *factor, size_t i, int8_t *row)
{
    row[0] = i == 0 ? 1 : -1;
    for (size_t j = 1; j < factor->order; j++)
        row[j] = i == 0 || i == j ? 1 : jacobsthal(factor, i - 1, j - 1);
}

static void paley_2_row(const struct factor *factor, size_t row_number, int8_t *row)
{
    size_t i = row_number / 2, s = row_number % 2;

    for (size_t j = 0; j < factor->order / 2; j++) {
        int8_t c = i == 0 || j == 0 ? 1 : jacobsthal(factor, i - 1, j - 1);

        row[2 * j] = i != j ? c : s == 0 ? 1 : -1;
        row[2 * j + 1] = i != j ? (int8_t)(s == 0 ? c : -c) : -1;
    }
}

static void williamson_row(const struct factor *factor, size_t i, int8_t *row)
{
    static const char *const signs[2][4] = {
        {"+++--+-+-----+--++----++--+-----+-+--++", "++++---+--++----+-+--+-+----++--+---+++",
         "+++--++-+---+-+--+----+--+-+---+-++--++", "+---++-+-+-----+++-++-+++-----+-+-++---"},
        {"+---++--++++-+-+++-++--++-+++-+-++++--++---",
         "++-++++++----+-+--++-++-++--+-+----++++++-+",
         "+++-+-++--+-+-++++-+----+-++++-+-+--++-+-++",
         "++---++++-+--+--++--------++--+--+-++++---+"},
    };
    static const int pattern[4][4] = {{1, 2, 3, 4}, {-2, 1, -4, 3}, {-3, 4, 1, -2}, {-4, -3, 2, 1}};
    size_t t = factor->order / 4;

    for (size_t j = 0; j < factor->order; j++) {
        int block = pattern[i / t][j / t];
        const char *x = signs[t == 43][(block < 0 ? -block : block) - 1];
        bool plus = x[(j % t + t - i % t) % t] == '+';

        row[j] = plus == (block > 0) ? 1 : -1;
    }
}

static void factor_row(const struct factor *factor, size_t i, int8_t *row)
{
    switch (factor->construction) {
    case PALEY_1:
        paley_1_row(factor, i, row);
        break;
    case PALEY_2:
        paley_2_row(factor, i, row);
        break;
    case WILLIAMSON:
        williamson_row(factor, i, row);
        break;
    }
}

/* ---- the matrix of a width (HAD-4, HAD-5, HAD-16) ---- */

static bool is_power_of_two(size_t x)
{
    return (x & (x - 1)) == 0;
}

/* HAD-16: is b direct, and by which construction? */
static bool is_direct(size_t b, struct factor *factor)
{
    if (b % 4 != 0 || is_power_of_two(b))
        return false;
    factor->order = b;
    factor->construction = PALEY_1;
    factor->field = prime_power(b - 1);
    if (factor->field.p != 0)
        return true;
    factor->construction = PALEY_2;
    factor->field = prime_power(b / 2 - 1);
    if (factor->field.p != 0 && factor->field.q % 4 == 1)
        return true;
    factor->construction = WILLIAMSON;
    return b == 156 || b == 172;
}

static void add_factor(struct pool *pool, struct rotation *rotation, const struct factor *found)
{
    struct factor *factor = pool_take(pool, 1, sizeof *factor);

    *factor = *found;
    if (factor->construction != WILLIAMSON)
        factor->character = quadratic_character(pool, factor->field);
    rotation->factor[rotation->factors++] = factor;
}

/* HAD-16: the number of direct factors of the base of b, 0 where b has none. */
static int find_base(size_t b, struct factor *found)
{
    struct factor factor = {PALEY_1, 0, {0, 0, 0}, NULL};

    if (b < 12 || b % 4 != 0 || is_power_of_two(b))
        return 0;
    if (is_direct(b, &factor)) {
        found[0] = factor;
        return 1;
    }
    for (size_t l = 12; l <= b / 12; l += 4) {
        int more;

        if (b % l != 0 || !is_direct(l, &factor))
            continue;
        more = find_base(b / l, found + 1);
        if (more != 0) {
            found[0] = factor;
            return more + 1;
        }
    }
    return 0;
}

static struct rotation *new_rotation(struct pool *pool, size_t width)
{
    struct rotation *rotation = pool_take(pool, 1, sizeof *rotation);

    rotation->width = width;
    rotation->order = rotation->sylvester = 1;
    return rotation;
}

struct rotation *no_rotation(struct pool *pool, size_t width)
{
    return new_rotation(pool, width);
}

struct rotation *rotation_of_width(struct pool *pool, size_t width)
{
    struct rotation *rotation = new_rotation(pool, width);
    struct factor found[8];
    size_t odd = width, power = 1, base = 0;
    int factors = 0;

    while (odd != 0 && odd % 2 == 0) {
        odd /= 2;
        power *= 2;
    }
    for (size_t j = 1; odd > 1 && factors == 0 && j <= power; j *= 2) {
        factors = find_base(odd * j, found);
        base = odd * j;
    }
    rotation->sylvester = factors == 0 ? power : width / base;
    rotation->order = factors == 0 ? power : width;
    for (int i = 0; i < factors; i++)
        add_factor(pool, rotation, &found[i]);
    rotation->row = pool_take(pool, rotation->order, 1);
    rotation->scratch = pool_numbers(pool, rotation->order);
    return rotation;
}

/* ---- the transform (HAD-7), factor by factor ---- */

/* HAD-3: S(n) by butterflies; it is symmetric. */
static void rotate_sylvester(int64_t *v, size_t n)
{
    for (size_t half = 1; half < n; half *= 2)
        for (size_t i = 0; i < n; i++)
            if ((i & half) == 0) {
                int64_t a = v[i], b = v[i + half];

                v[i] = a + b;
                v[i + half] = a - b;
            }
}

/* I (x) F (x) I(inner) on one block: index = (outer * order of F + j) * inner + k (HAD-2). */
static void rotate_factor(const struct rotation *rotation, const struct factor *factor,
                          size_t inner, bool transposed, int64_t *v)
{
    size_t step = factor->order * inner;
    int64_t *out = rotation->scratch;

    memset(out, 0, rotation->order * sizeof *out);
    for (size_t i = 0; i < factor->order; i++) {
        factor_row(factor, i, rotation->row);
        for (size_t outer = 0; outer < rotation->order; outer += step)
            for (size_t j = 0; j < factor->order; j++) {
                size_t at_row = outer + i * inner, at_column = outer + j * inner;
                size_t to = transposed ? at_column : at_row, from = transposed ? at_row : at_column;

                for (size_t k = 0; k < inner; k++)
                    out[to + k] += rotation->row[j] * v[from + k];
            }
    }
    memcpy(v, out, rotation->order * sizeof *out);
}

void rotate(const struct rotation *rotation, bool transposed, int64_t *v)
{
    for (size_t block = 0; block < rotation->width; block += rotation->order) {
        size_t inner = rotation->order;

        for (size_t i = 0; i < rotation->order; i += rotation->sylvester)
            rotate_sylvester(v + block + i, rotation->sylvester);
        for (int f = 0; f < rotation->factors; f++) {
            inner /= rotation->factor[f]->order;
            rotate_factor(rotation, rotation->factor[f], inner, transposed, v + block);
        }
    }
}

int entry_width(const struct rotation *rotation)
{
    int logarithm = bit_length(rotation->order - 1); /* ceil(log2 n) */

    return logarithm > 15 ? 31 - logarithm : 16;
}

/* ---- operation ---- */

enum refusal op_hadamard(struct task *task)
{
    const struct tensor *u = input(task, "u", I32, 2);
    struct rotation *rotation = rotation_of_width(task->pool, u->shape[1]);
    int64_t *v = output(task, "v", I64, SHAPE(u->shape[0], u->shape[1]));
    bool transposed;
    enum refusal refusal = flag_parameter(task, "transpose", &transposed);

    if (refusal != ACCEPTED)
        return refusal;
    memcpy(v, u->values, u->count * sizeof *v);
    for (size_t t = 0; t < u->shape[0]; t++)
        rotate(rotation, transposed, v + t * u->shape[1]);
    return ACCEPTED;
}

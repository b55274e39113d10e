/* The parameters, inputs and outputs of a case while it is run. */
#include "case_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- text and elements ---- */

bool made_of(const char *text, const char *characters)
{
    return *text != '\0' && strspn(text, characters) == strlen(text);
}

bool parse_integer(const char *text, int64_t *value)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    long long parsed;

    if (!made_of(digits, "0123456789"))
        return false;
    errno = 0;
    parsed = strtoll(text, NULL, 10);
    *value = parsed;
    return errno == 0;
}

const char *element_name(enum element element)
{
    static const char *const names[] = {"i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"};

    return names[element];
}

int element_bytes(enum element element)
{
    static const int bytes[] = {1, 2, 4, 8, 1, 2, 4, 8};

    return bytes[element];
}

bool element_holds(enum element element, int64_t value)
{
    int bits = 8 * element_bytes(element);

    if (bits == 64)
        return true;
    return element < U8 ? fits(value, bits) : value >= 0 && value < TWO(bits);
}

/* ---- parameters ---- */

static const char *find_parameter(const struct task *task, const char *name)
{
    for (size_t i = 0; i < task->parameter_count; i++)
        if (strcmp(task->parameters[i].name, name) == 0)
            return task->parameters[i].value;
    return NULL;
}

bool has_parameter(const struct task *task, const char *name)
{
    return find_parameter(task, name) != NULL;
}

const char *text_parameter(const struct task *task, const char *name)
{
    const char *value = find_parameter(task, name);

    if (value == NULL)
        fail("%s: no parameter %s", task->id, name);
    return value;
}

int64_t integer_parameter(const struct task *task, const char *name)
{
    int64_t value;

    if (!parse_integer(text_parameter(task, name), &value))
        fail("%s: parameter %s is no integer of 64 bits", task->id, name);
    return value;
}

uint64_t word_parameter(const struct task *task, const char *name)
{
    const char *text = text_parameter(task, name);

    if (!made_of(text[0] == '-' ? text + 1 : text, "0123456789"))
        fail("%s: parameter %s is no integer", task->id, name);
    errno = 0;
    unsigned long long value = strtoull(text, NULL, 10);
    if (errno != 0)
        fail("%s: parameter %s has more than 64 bits", task->id, name);
    return value;
}

enum refusal flag_parameter(const struct task *task, const char *name, bool *flag)
{
    int64_t value = integer_parameter(task, name);

    *flag = value == 1;
    return value == 0 || value == 1 ? ACCEPTED : REFUSE_PARAMETER;
}

/* CONV-8 */
enum refusal ties_parameter(const struct task *task, enum ties *ties)
{
    const char *text = text_parameter(task, "ties");

    *ties = strcmp(text, "half-up") == 0 ? HALF_UP : HALF_EVEN;
    return *ties == HALF_UP || strcmp(text, "half-even") == 0 ? ACCEPTED : REFUSE_PARAMETER;
}

int64_t *list_parameter(struct task *task, const char *name, size_t *count)
{
    const char *text = text_parameter(task, name);
    size_t length = strlen(text);
    char *copy = pool_take(task->pool, length + 1, 1);
    int64_t *list = pool_numbers(task->pool, length + 1);

    *count = 0;
    memcpy(copy, text, length);
    while (copy != NULL && *copy != '\0') {
        char *comma = strchr(copy, ',');

        if (comma != NULL)
            *comma++ = '\0';
        if (!parse_integer(copy, &list[(*count)++]))
            fail("%s: parameter %s is no list of integers", task->id, name);
        copy = comma;
    }
    return list;
}

/* ---- tensors ---- */

const struct tensor *find_input(const struct task *task, const char *name)
{
    for (size_t i = 0; i < task->input_count; i++)
        if (strcmp(task->inputs[i].name, name) == 0)
            return &task->inputs[i];
    return NULL;
}

const struct tensor *input(const struct task *task, const char *name, enum element element,
                           int rank)
{
    const struct tensor *tensor = find_input(task, name);

    if (tensor == NULL || tensor->element != element || tensor->rank != rank)
        fail("%s: no input %s of type %s and rank %d", task->id, name, element_name(element),
             rank);
    return tensor;
}

void require_equal(const struct task *task, size_t a, size_t b)
{
    if (a != b)
        fail("%s: the shapes of its inputs do not agree", task->id);
}

bool tensor_within(const struct tensor *tensor, int64_t low, int64_t high)
{
    for (size_t i = 0; i < tensor->count; i++)
        if (tensor->values[i] < low || tensor->values[i] > high)
            return false;
    return true;
}

int64_t *output(struct task *task, const char *name, enum element element, int rank,
                const size_t *shape)
{
    struct tensor *tensor;

    if (task->output_count == MAX_OUTPUTS)
        fail("%s: too many outputs", task->id);
    tensor = &task->outputs[task->output_count++];
    tensor->name = name;
    tensor->element = element;
    tensor->rank = rank;
    tensor->count = 1;
    for (int i = 0; i < rank; i++) {
        tensor->shape[i] = shape[i];
        tensor->count *= shape[i];
    }
    tensor->values = pool_numbers(task->pool, tensor->count);
    return tensor->values;
}

int64_t *numbers(struct task *task, size_t count)
{
    return pool_numbers(task->pool, count);
}

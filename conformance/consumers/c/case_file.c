#define _POSIX_C_SOURCE 200809L

#include "case_file.h"

#include "sha256.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_PATH_LENGTH 4096
#define MAX_ELEMENTS ((size_t)1 << 31)

/* ---- files ---- */

static void join(char path[MAX_PATH_LENGTH], const char *format, const char *a, const char *b,
                 const char *c)
{
    int length = snprintf(path, MAX_PATH_LENGTH, format, a, b, c);

    if (length < 0 || length >= MAX_PATH_LENGTH)
        fail("%s: the path is too long", a);
}

static uint8_t *read_file(struct pool *pool, const char *path, size_t *size)
{
    struct stat status;
    FILE *file;
    uint8_t *bytes;

    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        fail("%s: no such file", path);
    file = fopen(path, "rb");
    if (file == NULL)
        fail("%s: %s", path, strerror(errno));
    *size = (size_t)status.st_size;
    bytes = pool_take(pool, *size + 1, 1);
    if (fread(bytes, 1, *size, file) != *size)
        fail("%s: cannot be read", path);
    fclose(file);
    return bytes;
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL)
        fail("%s: %s", path, strerror(errno));
    if (fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        fail("%s: cannot be written", path);
}

char **read_lines(struct pool *pool, const char *path, size_t *count)
{
    size_t size, lines = 0;
    char *text = (char *)read_file(pool, path, &size);
    char **line;

    for (size_t i = 0; i < size; i++) {
        if (text[i] != '\n' && (text[i] < ' ' || text[i] > '~'))
            fail("%s: a character outside ASCII", path);
        lines += text[i] == '\n';
    }
    if (size != 0 && text[size - 1] != '\n')
        fail("%s: the last line has no end", path);
    line = pool_take(pool, lines, sizeof *line);
    *count = lines;
    for (size_t i = 0; i < lines; i++) {
        line[i] = text;
        text = strchr(text, '\n');
        *text++ = '\0';
    }
    return line;
}

/* ---- text ---- */

/* Cuts `line` at its first `mark` and returns what follows. */
static char *cut(char *line, char mark, const char *path)
{
    char *rest = strchr(line, mark);

    if (rest == NULL)
        fail("%s: no '%c' in a line", path, mark);
    *rest = '\0';
    return rest + 1;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* CONF-1 */
bool is_case_id(const char *id)
{
    return made_of(id, "abcdefghijklmnopqrstuvwxyz0123456789-") && strlen(id) <= 64;
}

static bool is_tensor_name(const char *name)
{
    return made_of(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") && name[0] != '.' &&
           strlen(name) <= 128;
}

static size_t parse_size(const char *text, const char *path)
{
    int64_t value;

    if (!parse_integer(text, &value) || value < 0 || (uint64_t)value > MAX_ELEMENTS)
        fail("%s: %s is no dimension", path, text);
    return (size_t)value;
}

/* ---- suite.txt (CONF-6) and case.txt (CONF-5) ---- */

/* CONF-11 */
static void check_header(const char *path, const char *key, const char *value, const char *format)
{
    bool good = true;

    if (strcmp(key, "format") == 0)
        good = strcmp(value, format) == 0;
    else if (strcmp(key, "format_version") == 0)
        good = strcmp(value, "1") == 0;
    else if (strcmp(key, "spec_version") == 0)
        good = starts_with(value, "1.");
    if (!good)
        fail("%s: %s is %s", path, key, value);
}

static void read_header(char **line, size_t count, const char *const *keys, size_t key_count,
                        const char *path, const char *format)
{
    if (count < key_count)
        fail("%s: lines are missing", path);
    for (size_t i = 0; i < key_count; i++) {
        char *value = cut(line[i], '=', path);

        if (strcmp(line[i], keys[i]) != 0)
            fail("%s: %s in place of %s", path, line[i], keys[i]);
        check_header(path, keys[i], value, format);
        line[i] = value;
    }
}

void check_suite(struct pool *pool, const char *suite)
{
    static const char *const keys[] = {
        "format", "format_version", "suite", "suite_version",
        "spec_version", "model_digest", "cases", "root_digest",
    };
    char path[MAX_PATH_LENGTH];
    size_t count;
    char **line;

    join(path, "%s/suite.txt%s%s", suite, "", "");
    line = read_lines(pool, path, &count);
    read_header(line, count, keys, sizeof keys / sizeof *keys, path, "spikeref-suite");
}

static enum element parse_element(const char *text, const char *path)
{
    for (int i = 0; i < 8; i++)
        if (strcmp(text, element_name((enum element)i)) == 0)
            return (enum element)i;
    fail("%s: %s is no type", path, text);
}

static void parse_shape(struct tensor *tensor, char *text, const char *path)
{
    tensor->count = 1;
    while (text != NULL && *text != '\0') {
        char *comma = strchr(text, ',');

        if (comma != NULL)
            *comma++ = '\0';
        if (tensor->rank == MAX_RANK)
            fail("%s: more than %d dimensions", path, MAX_RANK);
        tensor->shape[tensor->rank] = parse_size(text, path);
        tensor->count *= tensor->shape[tensor->rank++];
        if (tensor->count > MAX_ELEMENTS)
            fail("%s: %s is too large", path, tensor->name);
        text = comma;
    }
}

/* Little-endian elements in two's complement (CONF-3). */
static int64_t decode_element(const uint8_t *bytes, enum element element)
{
    int size = element_bytes(element);
    uint64_t word = 0;

    for (int i = size - 1; i >= 0; i--)
        word = word << 8 | bytes[i];
    if (element < U8 && size < 8 && (bytes[size - 1] & 0x80) != 0)
        return (int64_t)word - TWO(8 * size);
    return (int64_t)word;
}

static void check_digest(const uint8_t *bytes, size_t size, const char *expected, const char *path)
{
    uint8_t digest[32];
    char text[65];

    sha256(bytes, size, digest);
    hexadecimal(digest, text);
    if (strcmp(text, expected) != 0)
        fail("%s: its SHA-256 is not the one that case.txt states", path);
}

/* TYPE:SHAPE:SHA256 */
static void read_tensor(struct task *task, struct tensor *tensor, char *value, const char *folder)
{
    char path[MAX_PATH_LENGTH];
    char *shape, *digest;
    uint8_t *bytes;
    size_t size;

    if (!is_tensor_name(tensor->name))
        fail("%s: %s is no name of a tensor", folder, tensor->name);
    shape = cut(value, ':', folder);
    digest = cut(shape, ':', folder);
    tensor->element = parse_element(value, folder);
    parse_shape(tensor, shape, folder);
    join(path, "%s/in/%s.bin%s", folder, tensor->name, "");
    bytes = read_file(task->pool, path, &size);
    if (size != tensor->count * (size_t)element_bytes(tensor->element))
        fail("%s: %zu bytes do not have its type and shape", path, size);
    check_digest(bytes, size, digest, path);
    tensor->values = pool_numbers(task->pool, tensor->count);
    for (size_t i = 0; i < tensor->count; i++)
        tensor->values[i] =
            decode_element(bytes + i * (size_t)element_bytes(tensor->element), tensor->element);
}

static void read_line(struct task *task, char *line, const char *folder)
{
    char *value = cut(line, '=', folder);

    if (starts_with(line, "parameter.")) {
        struct parameter *parameter = &task->parameters[task->parameter_count++];
        parameter->name = line + strlen("parameter.");
        parameter->value = value;
    } else if (starts_with(line, "input.")) {
        struct tensor *tensor = &task->inputs[task->input_count++];
        tensor->name = line + strlen("input.");
        read_tensor(task, tensor, value, folder);
    } else if (!starts_with(line, "output.")) {
        fail("%s/case.txt: unknown key %s", folder, line);
    }
}

void read_case(struct task *task, const char *suite)
{
    static const char *const keys[] = {
        "format", "format_version", "spec_version", "id", "operation", "class",
        "mode", "provenance", "verdict", "reject", "beside", "requirements",
    };
    const size_t key_count = sizeof keys / sizeof *keys;
    char folder[MAX_PATH_LENGTH], path[MAX_PATH_LENGTH];
    size_t count;
    char **line;

    join(folder, "%s/cases/%s%s", suite, task->id, "");
    join(path, "%s/case.txt%s%s", folder, "", "");
    line = read_lines(task->pool, path, &count);
    read_header(line, count, keys, key_count, path, "spikeref-case");
    if (strcmp(line[3], task->id) != 0)
        fail("%s: its id is %s", path, line[3]);
    task->operation = line[4];
    task->parameters = pool_take(task->pool, count, sizeof *task->parameters);
    task->inputs = pool_take(task->pool, count, sizeof *task->inputs);
    task->outputs = pool_take(task->pool, MAX_OUTPUTS, sizeof *task->outputs);
    for (size_t i = key_count; i < count; i++)
        read_line(task, line[i], folder);
}

/* ---- results (CONF-7) ---- */

static void write_tensor(const struct task *task, const struct tensor *tensor, const char *folder)
{
    size_t size = (size_t)element_bytes(tensor->element);
    uint8_t *bytes = pool_take(task->pool, tensor->count, size);
    char path[MAX_PATH_LENGTH];

    for (size_t i = 0; i < tensor->count; i++)
        for (size_t k = 0; k < size; k++)
            bytes[i * size + k] = (uint8_t)((uint64_t)tensor->values[i] >> (8 * k));
    join(path, "%s/%s.bin%s", folder, tensor->name, "");
    write_file(path, bytes, tensor->count * size);
}

static void write_reject(enum refusal refusal, const char *folder)
{
    static const char *const names[] = {
        "", "parameter", "range", "token", "delivery", "code", "model", "headroom",
    };
    char path[MAX_PATH_LENGTH], line[16];
    int length = snprintf(line, sizeof line, "%s\n", names[refusal]);

    join(path, "%s/reject.txt%s%s", folder, "", "");
    write_file(path, (const uint8_t *)line, (size_t)length);
}

/* ARITH-1: a value outside its width is an error. */
static bool outputs_hold(const struct task *task)
{
    for (size_t i = 0; i < task->output_count; i++)
        for (size_t k = 0; k < task->outputs[i].count; k++)
            if (!element_holds(task->outputs[i].element, task->outputs[i].values[k]))
                return false;
    return true;
}

void write_results(const struct task *task, enum refusal refusal, const char *out)
{
    char folder[MAX_PATH_LENGTH];

    join(folder, "%s/%s%s", out, task->id, "");
    if (mkdir(folder, 0777) != 0)
        fail("%s: %s", folder, strerror(errno));
    if (refusal == ACCEPTED && !outputs_hold(task))
        refusal = REFUSE_RANGE;
    if (refusal != ACCEPTED) {
        write_reject(refusal, folder);
        return;
    }
    for (size_t i = 0; i < task->output_count; i++)
        write_tensor(task, &task->outputs[i], folder);
}

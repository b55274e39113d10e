/* Suites, cases and tensors (CONF-2 to CONF-7): reading them strictly, writing the results.
 * What contradicts these clauses ends the program through fail(). */
#ifndef CASE_FILE_H
#define CASE_FILE_H

#include "arithmetic.h"
#include "pool.h"

#define MAX_RANK 4
#define MAX_OUTPUTS 10

/* CONF-8: the classes of error, and 0 for none */
enum refusal {
    ACCEPTED,
    REFUSE_PARAMETER,
    REFUSE_RANGE,
    REFUSE_TOKEN,
    REFUSE_DELIVERY,
    REFUSE_CODE,
    REFUSE_MODEL,
    REFUSE_HEADROOM
};

/* CONF-3 */
enum element { I8, I16, I32, I64, U8, U16, U32, U64 };

/* Every element is held in 64 bits (CONV-2); u64 as the same 64 bits. */
struct tensor {
    const char *name;
    enum element element;
    int rank;
    size_t shape[MAX_RANK];
    size_t count;
    int64_t *values;
};

struct parameter {
    const char *name, *value;
};

/* One case while it is run. */
struct task {
    struct pool *pool;
    const char *id, *operation;
    struct parameter *parameters;
    struct tensor *inputs, *outputs;
    size_t parameter_count, input_count, output_count;
};

/* A list of dimensions as two arguments: rank, shape. */
#define SHAPE(...) (int)(sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t)), (size_t[]){__VA_ARGS__}
#define SCALAR 0, (const size_t *)NULL

const char *element_name(enum element element);
int element_bytes(enum element element);
bool element_holds(enum element element, int64_t value);

/* CONF-6, CONF-11: suite.txt has a format and a version that this device knows. */
void check_suite(struct pool *pool, const char *suite);

/* The lines of a text file; *count is their number. */
char **read_lines(struct pool *pool, const char *path, size_t *count);

/* Text: made of one or more of these characters; a decimal integer of 64 bits. */
bool made_of(const char *text, const char *characters);
bool parse_integer(const char *text, int64_t *value);

bool is_case_id(const char *id);
void read_case(struct task *task, const char *suite);
void write_results(const struct task *task, enum refusal refusal, const char *out);

/* Parameters. */
bool has_parameter(const struct task *task, const char *name);
const char *text_parameter(const struct task *task, const char *name);
int64_t integer_parameter(const struct task *task, const char *name);
uint64_t word_parameter(const struct task *task, const char *name); /* modulo 2^64 */
enum refusal flag_parameter(const struct task *task, const char *name, bool *flag);
enum refusal ties_parameter(const struct task *task, enum ties *ties);
/* Integers joined by commas; empty gives none. */
int64_t *list_parameter(struct task *task, const char *name, size_t *count);

/* Inputs. */
const struct tensor *find_input(const struct task *task, const char *name);
const struct tensor *input(const struct task *task, const char *name, enum element element,
                           int rank);
/* The dimensions of two inputs must agree. */
void require_equal(const struct task *task, size_t a, size_t b);
bool tensor_within(const struct tensor *tensor, int64_t low, int64_t high);

/* A new output, all 0, to be filled. */
int64_t *output(struct task *task, const char *name, enum element element, int rank,
                const size_t *shape);
int64_t *numbers(struct task *task, size_t count);

#endif

/* Chapter 3: the matrix of a width and the transform by it. */
#ifndef HADAMARD_H
#define HADAMARD_H

#include "pool.h"

#include <stdbool.h>

struct factor; /* a direct matrix: Paley I, Paley II or Williamson */

/* The matrix of a width: I (x) factor (x) factor ... (x) S(sylvester), HAD-4 and HAD-5. */
struct rotation {
    size_t width;     /* N */
    size_t order;     /* n, of one block */
    size_t sylvester; /* the order of the last factor, a power of two */
    int factors;
    struct factor *factor[8];
    int8_t *row;      /* scratch: one row of a factor */
    int64_t *scratch; /* scratch: one block */
};

struct rotation *rotation_of_width(struct pool *pool, size_t width);
struct rotation *no_rotation(struct pool *pool, size_t width); /* the identity, n = 1 */

/* HAD-7, in place: v = H u, or transposed v = H' u. */
void rotate(const struct rotation *rotation, bool transposed, int64_t *v);

/* OP-4: the entry width min(16, 31 - ceil(log2 n)). */
int entry_width(const struct rotation *rotation);

#endif

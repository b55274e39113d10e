/* Memory of one case: everything taken from a pool is freed at once with the pool. */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define NORETURN __attribute__((noreturn, format(printf, 1, 2)))
#else
#define NORETURN
#endif

struct pool {
    void **blocks;
    size_t used, room;
};

/* One line on stderr, then exit status 1: the suite is broken or memory has run out. */
void fail(const char *format, ...) NORETURN;

/* `count` elements of `size` bytes, all zero. */
void *pool_take(struct pool *pool, size_t count, size_t size);
int64_t *pool_numbers(struct pool *pool, size_t count);
void pool_free(struct pool *pool);

#endif

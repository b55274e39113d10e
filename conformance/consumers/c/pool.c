#include "pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("spikeref_device: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static void grow(struct pool *pool)
{
    size_t room = pool->room == 0 ? 64 : 2 * pool->room;
    void **blocks = realloc(pool->blocks, room * sizeof *blocks);

    if (blocks == NULL)
        fail("out of memory");
    pool->blocks = blocks;
    pool->room = room;
}

void *pool_take(struct pool *pool, size_t count, size_t size)
{
    void *block = calloc(count == 0 ? 1 : count, size);

    if (block == NULL)
        fail("out of memory");
    if (pool->used == pool->room)
        grow(pool);
    pool->blocks[pool->used++] = block;
    return block;
}

int64_t *pool_numbers(struct pool *pool, size_t count)
{
    return pool_take(pool, count, sizeof(int64_t));
}

void pool_free(struct pool *pool)
{
    for (size_t i = 0; i < pool->used; i++)
        free(pool->blocks[i]);
    free(pool->blocks);
    pool->blocks = NULL;
    pool->used = pool->room = 0;
}

/* SHA-256 (FIPS 180-4), in one piece or piece by piece. */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[64];
};

void sha256_start(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *bytes, size_t count);
void sha256_end(struct sha256 *hash, uint8_t digest[32]);

void sha256(const void *bytes, size_t count, uint8_t digest[32]);

/* 64 lower-case hexadecimal digits and a final 0 */
void hexadecimal(const uint8_t digest[32], char text[65]);

#endif

/* Chapter 4: clipping, counts, trains; OP-4 to OP-7, the way from potentials into counts. */
#ifndef ENCODING_H
#define ENCODING_H

#include "case_file.h"
#include "hadamard.h"

/* ENC-1 */
struct encoder {
    int bits;
    bool binary; /* asymmetric counts, ENC-3; else symmetric, ENC-2 */
    int64_t ratio_n, ratio_d;
    enum ties ties;
};

enum clip_mode { CLIP_NONE, CLIP_SHIFT, CLIP_GATE };

/* What one scale covers: ENC-2, ENC-3 and ENC-7. */
struct row {
    int64_t range, zero_point;
    int64_t mantissa, exponent; /* the token scale */
};

/* How a group of linear operators takes its input: OP-4 to OP-7. */
struct entry {
    struct encoder encoder;
    const struct rotation *rotation;
    enum clip_mode clip;
    int64_t threshold;
};

/* Parameters `bits` alone, `bits` and `encoding`, or all of ENC-1. */
enum refusal bits_parameter(const struct task *task, struct encoder *encoder);
enum refusal count_parameters(const struct task *task, struct encoder *encoder);
enum refusal ratio_parameters(const struct task *task, struct encoder *encoder);
enum refusal encoder_parameters(const struct task *task, struct encoder *encoder);

int64_t train_length(const struct encoder *encoder);      /* D of ENC-5 */
int64_t largest_count(const struct encoder *encoder);     /* q of ENC-2, Q of ENC-3 */
bool counts_fit(const struct encoder *encoder, const struct tensor *counts);

/* ENC-2, ENC-3 and ENC-7 of one row of potentials. */
enum refusal encode_row(const struct encoder *encoder, const int64_t *v, size_t n,
                        struct row *row, int64_t *counts);

/* OP-4 to OP-7: u of exponent *exponent becomes potentials of the new *exponent, and counts. */
enum refusal enter(const struct entry *entry, const int64_t *u, int64_t *exponent,
                   int64_t *potential, struct row *row, int64_t *counts);

#endif

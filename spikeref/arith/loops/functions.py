"""SiLU's gate (OP-9), the weights of scores (ATT-7), and heads turned to positions (ATT-1)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def silu_rows(
    first: int,
    last: int,
    g: NDArray[Any],
    a: NDArray[Any],
    log2e: int,
    log2e_bits: int,
    logistic: NDArray[np.int32],
    logistic_bits: int,
    half_even: bool,
    result: NDArray[np.int64],
) -> None:
    """Fill result [R, N] with SiLU(g)·a, of g and a [R, N] (OP-9).

    logistic: σ with logistic_bits fraction bits at 0, 1, …; all after its end equal its last value.
    """
    even = np.int64(half_even)
    half_t = (np.int64(1) << (log2e_bits - 1)) - even
    half_s = (np.int64(1) << (logistic_bits - 1)) - even
    one = np.int64(1) << logistic_bits
    end = logistic.size - 1
    for row in range(first, last):
        # Three loops, because reading a table keeps a loop from taking several elements at once.
        for column in range(g.shape[1]):
            t = abs(np.int64(g[row, column])) * log2e
            t = (t + ((t >> log2e_bits) & even) + half_t) >> log2e_bits
            result[row, column] = min(t, np.int64(end))
        for column in range(g.shape[1]):
            result[row, column] = logistic[np.uintp(result[row, column])]
        for column in range(g.shape[1]):
            gate = np.int64(g[row, column])
            # All ones where the gate is negative: σ is 1 minus the table's there.
            sign = gate >> 63
            s = (((result[row, column] ^ sign) - sign) + (one & sign)) * gate
            s = (s + ((s >> logistic_bits) & even) + half_s) >> logistic_bits
            result[row, column] = s * a[row, column]


def weigh_rows(
    first: int,
    last: int,
    scores: NDArray[np.int64],
    hidden: NDArray[np.bool_],
    lowest: int,
    powers: NDArray[np.int32],
    top: NDArray[np.int64],
    weight: NDArray[np.int32],
    weight_sum: NDArray[np.int64],
) -> None:
    """Fill weight [B, C, S] with 2^(score − top) of scores [B, C, S], 0 where hidden [B, S].

    lowest: below every score. powers: 2^−a at 0, 1, …; all after its end are 0, its last value.
    top [B, C]: the highest visible score. weight_sum [B, C]: Σ of the weights.
    """
    end = powers.size - 1
    for query in range(first, last):
        for head in range(scores.shape[1]):
            highest = np.int64(lowest)
            for place in range(scores.shape[2]):
                score = lowest if hidden[query, place] else scores[query, head, place]
                highest = max(highest, np.int64(score))
            total = np.int64(0)
            for place in range(scores.shape[2]):
                score = lowest if hidden[query, place] else scores[query, head, place]
                power = powers[np.uintp(min(highest - score, end))]
                weight[query, head, place] = power
                total += power
            top[query, head] = highest
            weight_sum[query, head] = total


def turn_rows(
    first: int,
    last: int,
    x: NDArray[Any],
    cos: NDArray[np.int16],
    sin: NDArray[np.int16],
    result: NDArray[np.int64],
) -> None:
    """Fill result [T, H, d] with x [T, H, d] turned by cos and sin [T, d/2]."""
    half = x.shape[2] // 2
    for token in range(first, last):
        for head in range(x.shape[1]):
            for i in range(half):
                c = np.int64(cos[token, i])
                s = np.int64(sin[token, i])
                a = x[token, head, i]
                b = x[token, head, i + half]
                result[token, head, i] = a * c - b * s
                result[token, head, i + half] = b * c + a * s


def highest_rows(
    first: int,
    last: int,
    exponent: NDArray[np.int64],
    hidden: NDArray[np.bool_],
    lowest: int,
    highest: NDArray[np.int64],
) -> None:
    """Fill highest [B, C] with the largest exponent [C, S] that is not hidden [B, S].

    lowest: below every exponent.
    """
    for query in range(first, last):
        for head in range(exponent.shape[0]):
            most = np.int64(lowest)
            for place in range(exponent.shape[1]):
                seen = lowest if hidden[query, place] else exponent[head, place]
                most = max(most, np.int64(seen))
            highest[query, head] = most

"""The RoPE table, rounded as the real numbers are, whatever the machine's cosine (COMP-9)."""

from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from spikeref.checkpoint.rope import Rope
from spikeref.checkpoint.rope_frequencies import TWO_PI, inverse_frequencies

FRACTION_BITS = 14
MARGIN = 1e-6
"""A scaled value nearer than this to a tie is computed again with 40 digits.

The binary64 angle p·f is off by at most 2·2^-53·p·f <= 3e-11 for p <= 2^17 and f <= 1, and cosine
by a few 1e-16; times 2^14 that stays below 1e-6."""


def rope_tables(
    rope: Rope, head_dim: int, positions: int
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Return cos and sin, int16 [P, d/2] with 14 fraction bits: round(2^14·cos(p·f_i))."""
    frequencies = inverse_frequencies(rope, head_dim)
    angles = np.arange(positions, dtype=np.float64)[:, None] * np.array(
        [float(f) for f in frequencies], dtype=np.float64
    )
    return (
        _rounded(np.cos(angles), frequencies, quarter_turns=0),
        _rounded(np.sin(angles), frequencies, quarter_turns=-1),
    )


def _rounded(
    values: NDArray[np.float64], frequencies: list[Decimal], quarter_turns: int
) -> NDArray[np.int16]:
    scaled = values * float(1 << FRACTION_BITS)
    table = np.rint(scaled).astype(np.int16)
    to_tie = np.abs(np.abs(scaled - np.floor(scaled)) - 0.5)
    for position, i in np.argwhere(to_tie < MARGIN):
        with localcontext() as context:
            context.prec = 60
            angle = int(position) * frequencies[int(i)] + quarter_turns * TWO_PI / 4
            exact = cosine(angle) * (1 << FRACTION_BITS)
            table[position, i] = int(exact.to_integral_value())
    return table


def cosine(angle: Decimal) -> Decimal:
    """Return cos(angle) to about 40 digits under a context of 60, for |angle| < 2^18."""
    x = angle.remainder_near(TWO_PI)
    term = total = Decimal(1)
    k = 0
    while abs(term) > Decimal("1e-45"):
        k += 2
        term = -term * x * x / (k * (k - 1))
        total += term
    return total

"""The final norm's output to logits: a dense product, as the paper leaves it (OP-12)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import row_blocks
from spikeref.arith.dot import dot_exact
from spikeref.arith.rounding import block_shift, shift_saturate
from spikeref.arith.ties import Ties
from spikeref.model.layers import DyadicRows
from spikeref.ops.norm import Scaled

INPUT_BITS = 16
LOGIT_BITS = 32
LOGIT_FRACTION_BITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadOutput:
    """The head's input mantissas, integers [T, N] of 16 bits, their exponent [T], and the logits.

    A vocabulary is wide, so the logits are made a few tokens at a time and kept in 32 bits.
    """

    mantissas: NDArray[Any]
    exponent: NDArray[np.int64]
    logits: NDArray[np.int32]
    """int32 [T, V], 16 fraction bits."""
    saturations: NDArray[np.int64]
    """int64 [T]."""


def logits_of(u: Scaled, head: DyadicRows, ties: Ties) -> HeadOutput:
    """Return the logits of T tokens from the normalised residual u, int64 [T, N]."""
    block = block_shift(u.values, INPUT_BITS, ties)
    exponent = u.exponent + block.shift
    limit = 1 << (INPUT_BITS - 1)
    tokens, vocab = len(exponent), len(head.exponents)
    rows = head.exponents.astype(np.int64)
    logits = np.empty((tokens, vocab), dtype=np.int32)
    saturations = np.zeros(tokens, dtype=np.int64)
    for chosen in row_blocks(tokens, vocab):
        sums = dot_exact(block.mantissas[chosen], head.mantissas.T, a_max=limit, b_max=limit)
        shift = -(exponent[chosen, None] + rows + np.int64(LOGIT_FRACTION_BITS))
        shifted = shift_saturate(sums, shift, LOGIT_BITS, ties)
        logits[chosen] = shifted.values
        saturations[chosen] = shifted.count
    return HeadOutput(
        mantissas=block.mantissas, exponent=exponent, logits=logits, saturations=saturations
    )

"""The final norm's output to logits: a dense product, as the paper leaves it (OP-12)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.dot import dot_exact
from spikeref.arith.rounding import Saturated, block_shift, shift_saturate
from spikeref.arith.ties import Ties
from spikeref.model.layers import DyadicRows
from spikeref.ops.norm import Scaled

INPUT_BITS = 16
LOGIT_BITS = 32
LOGIT_FRACTION_BITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadOutput:
    """The head's input mantissas, int64 [T, N] of 16 bits, their exponent [T], and the logits."""

    mantissas: NDArray[np.int64]
    exponent: NDArray[np.int64]
    logits: Saturated
    """int64 [T, V], 32 bits, 16 fraction bits."""


def logits_of(u: Scaled, head: DyadicRows, ties: Ties) -> HeadOutput:
    """Return the logits of T tokens from the normalised residual u, int64 [T, N]."""
    block = block_shift(u.values, INPUT_BITS, ties)
    exponent = u.exponent + block.shift
    limit = 1 << (INPUT_BITS - 1)
    sums = dot_exact(block.mantissas, head.mantissas.T, a_max=limit, b_max=limit)
    rows = head.exponents.astype(np.int64)
    shift = -(exponent[:, None] + rows + np.int64(LOGIT_FRACTION_BITS))
    return HeadOutput(
        mantissas=block.mantissas,
        exponent=exponent,
        logits=shift_saturate(sums, shift, LOGIT_BITS, ties),
    )

"""Token ids to the residual stream (OP-1)."""

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import Saturated, shift_saturate
from spikeref.arith.ties import Ties
from spikeref.model.layers import DyadicRows

RESIDUAL_BITS = 40
FRACTION_BITS = 16


def embed(tokens: NDArray[np.int64], embedding: DyadicRows, ties: Ties) -> Saturated:
    """Return the residual stream of tokens [T]: int64 [T, N], 40 bits, 16 fraction bits."""
    mantissas = embedding.mantissas[tokens].astype(np.int64)
    exponents = embedding.exponents[tokens].astype(np.int64)
    shift = -(exponents + np.int64(FRACTION_BITS))
    return shift_saturate(mantissas, shift[:, None], RESIDUAL_BITS, ties)

"""Spike counts that come as input: refused where the encoder could not have given them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import RefusedError
from spikeref.neurons.counts import Encoder, Encoding


def spike_counts(counts: NDArray[Any], encoder: Encoder) -> NDArray[Any]:
    """Return counts i16 [...] in the type that the reference gives them: int8, uint8 if binary.

    Refused: a count that the bits and the encoding do not give, the clip ratio aside (CONF-10).
    """
    form: type[np.int8 | np.uint8]
    match encoder.encoding:
        case Encoding.TERNARY:
            low, high, form = -encoder.train_length, encoder.train_length - 1, np.int8
        case Encoding.BINARY:
            low, high, form = 0, encoder.levels, np.uint8
    if counts.size and not (low <= int(counts.min()) and int(counts.max()) <= high):
        raise RefusedError("range", f"a count leaves {low} … {high}")
    return counts.astype(form)

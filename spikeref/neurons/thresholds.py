"""The divider-free form of the symmetric encoder (ENC-4), as hardware builds it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.ties import Ties
from spikeref.neurons.counts import Encoder


def counts_by_threshold(
    v: NDArray[Any], amax: NDArray[np.int64], encoder: Encoder
) -> NDArray[np.int8]:
    """Return the ternary counts of potentials v, integers [..., N], with ranges amax [...]: int8.

    |c| is the number of k for which 2·q·|v| passes (2k−1)·r·amax; equals `encode` (ENC-4).
    """
    ratio = encoder.clip_ratio
    potential = v.astype(np.int64)
    doubled = np.abs(potential) * np.int64(2 * encoder.levels * ratio.denominator)
    unit = (amax * np.int64(ratio.numerator))[..., None]
    negative = potential < 0
    size = np.zeros(potential.shape, dtype=np.int64)
    for k in range(1, encoder.train_length + 1):
        threshold = unit * np.int64(2 * k - 1)
        match encoder.ties:
            case Ties.HALF_EVEN:
                passed = doubled >= threshold if k % 2 == 0 else doubled > threshold
            case Ties.HALF_UP:
                passed = np.where(negative, doubled > threshold, doubled >= threshold)
        if k == encoder.train_length:
            passed = passed & negative
        size += passed
    return np.where(negative, -size, size).astype(np.int8)

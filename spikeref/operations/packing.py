"""Spikes, weights and cache entries in packed memories (chapter 16)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import RefusedError

LANES = 4
"""Spikes in a byte (PACK-2)."""

ILLEGAL_CODE = 2
NIBBLE_BITS = 4


def pack_trains(train: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Return packed trains, uint8 [D, ⌈N/4⌉], of spikes −1, 0, 1, int8 [D, N] (PACK-2)."""
    if train.size and not (int(train.min()) >= -1 and int(train.max()) <= 1):
        raise RefusedError("range", "a spike is not −1, 0 or 1 (PACK-2)")
    codes = train.astype(np.uint8) & np.uint8(3)
    return _lanes_joined(codes, LANES)


def unpack_trains(packed: NDArray[np.uint8], neurons: int) -> NDArray[np.int8]:
    """Return trains, int8 [D, N], of packed ones, uint8 [D, ⌈N/4⌉] (PACK-2).

    Refused as `code`: 10, and anything but 0 beyond the last neuron.
    """
    lanes = np.arange(LANES, dtype=np.uint8) * np.uint8(2)
    codes = (packed[..., None] >> lanes & np.uint8(3)).reshape(len(packed), -1)
    if np.any(codes == ILLEGAL_CODE) or np.any(codes[:, neurons:]):
        raise RefusedError("code", "code 10, or a spike beyond the last neuron (PACK-2)")
    spikes = codes[:, :neurons].astype(np.int8)
    return np.where(spikes == 3, np.int8(-1), spikes)


def pack_weights(weights: NDArray[np.int8], bits: int) -> NDArray[np.uint8]:
    """Return packed weights, uint8 [N, ⌈M/2⌉] for at most 4 bits, else [N, M] (PACK-3).

    Refused as `range`: weights beyond ±(2^(bits−1) − 1).
    """
    largest = (1 << (bits - 1)) - 1
    if weights.size and not (int(weights.min()) >= -largest and int(weights.max()) <= largest):
        raise RefusedError("range", f"a weight leaves ±{largest} (PACK-3)")
    return _packed_rows(weights, bits)


def pack_cache(
    counts: NDArray[np.int8],
    mantissa: NDArray[Any],
    exponent: NDArray[Any],
    bits: int,
) -> NDArray[np.uint8]:
    """Return cache entries, uint8 [S, G, 4 + ⌈d/2⌉] for at most 4 bits, else [S, G, 4 + d].

    counts: [S, G, d]; mantissa, exponent: [S, G], of 16 bits each (PACK-4).
    """
    positions, groups, width = counts.shape
    scales = np.stack([mantissa.astype("<u2").view("<i2"), exponent.astype("<i2")], axis=-1).view(
        np.uint8
    )
    rows = _packed_rows(counts.reshape(-1, width), bits).reshape(positions, groups, -1)
    return np.concatenate([scales, rows], axis=-1)


def _packed_rows(values: NDArray[np.int8], bits: int) -> NDArray[np.uint8]:
    if bits > NIBBLE_BITS:
        return values.view(np.uint8)
    return _lanes_joined(values.astype(np.uint8) & np.uint8(15), 2)


def _lanes_joined(codes: NDArray[np.uint8], lanes: int) -> NDArray[np.uint8]:
    """Return bytes [R, ⌈N/lanes⌉] that hold `lanes` codes each, the first in the lowest bits."""
    rows, width = codes.shape
    padded = np.zeros((rows, -(-width // lanes) * lanes), dtype=np.uint8)
    padded[:, :width] = codes
    shifts = np.arange(lanes, dtype=np.uint8) * np.uint8(8 // lanes)
    shifted = padded.reshape(rows, -1, lanes) << shifts
    return np.asarray(np.bitwise_or.reduce(shifted, axis=-1, dtype=np.uint8))

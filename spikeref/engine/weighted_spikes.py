"""What spikes of binary weight add, by shifts and additions alone (NEUR-5, ENG-5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.neurons.binary_train import BinaryTrain, time_steps
from spikeref.neurons.outlier_aware import OatSpikes


def times(value: NDArray[np.int64], factor: int) -> NDArray[np.int64]:
    """Return value·factor for a constant factor >= 0: one shifted addition for each of its bits."""
    total = np.zeros_like(value)
    for place in range(factor.bit_length()):
        if factor >> place & 1:
            total += value << place
    return total


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volley:
    """Spikes of one time step that weigh the same."""

    weight: int
    """s·2^(T−t)·r."""
    signs: NDArray[np.int8]
    """Of which neurons, [...]: −1, 0 or 1."""


def volleys(spikes: OatSpikes) -> Iterator[list[Volley]]:
    """Yield the volleys of time steps 1 … T: one for each level and sub-neuron that fires."""
    form = spikes.code.form
    normal, outlier = spikes.code.ratios
    for step, fired in enumerate(time_steps(spikes.train), start=1):
        yield [
            Volley(weight=times_int(size << (form.steps - step), ratio), signs=signs)
            for ratio, chosen in ((normal, ~spikes.outliers), (outlier, spikes.outliers))
            for size, signs in _by_size(np.where(chosen, fired, np.int64(0)), form.levels)
        ]


def train_volleys(train: BinaryTrain) -> Iterator[list[Volley]]:
    """Yield the volleys of time steps 1 … T of trains without sub-neurons."""
    for step, fired in enumerate(time_steps(train), start=1):
        yield [
            Volley(weight=size << (train.steps - step), signs=signs)
            for size, signs in _by_size(fired, train.levels)
        ]


def times_int(value: int, ratio: int) -> int:
    """Return the weight of a spike of a sub-neuron: a constant of the code."""
    return sum(value << place for place in range(ratio.bit_length()) if ratio >> place & 1)


def _by_size(fired: NDArray[np.int64], levels: int) -> Iterator[tuple[int, NDArray[np.int8]]]:
    """Yield each size n … 2n − 1 that fires, with the signs of the neurons that fire it."""
    for size in range(levels, levels + levels):
        signs = (fired == size).astype(np.int8) - (fired == -size).astype(np.int8)
        if signs.any():
            yield size, signs


def signed_rows(signs: NDArray[np.int8], rows: NDArray[Any]) -> NDArray[np.int64]:
    """Return Σ_k ±rows[k], int64 [M], over the k of signs [K] that are not 0, of rows [K, M]."""
    rising = rows[signs > 0].sum(axis=0, dtype=np.int64)
    return np.asarray(rising - rows[signs < 0].sum(axis=0, dtype=np.int64))


def signed(signs: NDArray[np.int8], value: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return value where a sign is positive, −value where it is negative, else 0: broadcast."""
    rising = np.where(signs > 0, value, np.int64(0))
    return np.where(signs < 0, -value, rising)

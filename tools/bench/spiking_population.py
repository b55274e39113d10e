"""A population of width 4096 that fires at the rate of a real model, and its synapses."""

import numpy as np
from numpy.typing import NDArray

from spikeref.api import encode_counts
from spikeref.engine.products import Synaptic
from spikeref.model.profile import DEFAULT_PROFILE, find_profile
from tools.bench.random_model import column_bound, random_weights

WIDTH = 4096
ENCODER = find_profile(DEFAULT_PROFILE).encoder()

LARGEST_DEVIATION = 2.6
"""Normal potentials cut here fire at a rate of 0.27 of D = 8 virtual steps."""

POTENTIAL_SCALE = 1 << 24


def spiking_counts(tokens: int, seed: int = 0) -> NDArray[np.int8]:
    """Return ternary counts int8 [T, 4096] with a firing rate of about 0.27."""
    normal = np.random.default_rng(seed).standard_normal((tokens, WIDTH))
    cut = np.clip(normal, -LARGEST_DEVIATION, LARGEST_DEVIATION)
    potential = np.rint(cut * POTENTIAL_SCALE).astype(np.int64)
    counts: NDArray[np.int8] = encode_counts(potential, bits=ENCODER.bits).counts
    return counts


def spikes_in(counts: NDArray[np.int8]) -> int:
    """Return how many spikes the trains of `counts` hold."""
    return int(np.abs(counts.astype(np.int64)).sum(dtype=np.int64))


def square_synapses(seed: int = 0) -> Synaptic:
    """Return random 4-bit synapses, int8 [4096, 4096]."""
    largest = find_profile(DEFAULT_PROFILE).largest_weight
    rng = np.random.Generator(np.random.SFC64(seed))
    weights = random_weights(WIDTH, WIDTH, largest, rng)
    return Synaptic(
        weights=weights,
        largest=largest,
        accumulator_bound=column_bound(weights, ENCODER.largest_count),
    )

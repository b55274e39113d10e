"""LAS engines under test, and random populations of OAT neurons."""

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.las_asynchronous import las_asynchronous
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_products import LasEngine
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.engine.products import Synaptic
from spikeref.neurons.multi_threshold import Rule
from spikeref.neurons.outlier_aware import OatCode, OatSpikes, TrainForm, encode_oat
from tests.engine.populations import ARRIVALS

BATCHES = (1, 13, 4096)

CODES = {
    "default": OatCode(form=TrainForm(), normal=8 << 16, outlier=512 << 16),
    "few-steps": OatCode(form=TrainForm(steps=10), normal=10 << 16, outlier=500 << 16),
    "levels": OatCode(form=TrainForm(steps=12, levels=7), normal=3 << 14, outlier=7 << 14),
    "at-most": OatCode(
        form=TrainForm(levels=15, rule=Rule.AT_MOST, gate=Rule.AT_MOST), normal=5, outlier=1000
    ),
    "one-threshold": OatCode(form=TrainForm(steps=11), normal=1 << 16, outlier=1 << 16),
}


def every_las_engine() -> list[tuple[str, LasEngine]]:
    """Name and engine: dense, sync, and async in every arrival order and batch size."""
    engines = [("dense", LAS_DENSE), ("sync", LAS_SYNCHRONOUS)]
    for arrival in ARRIVALS:
        engines += [(f"async-{arrival}-{b}", las_asynchronous(arrival, b)) for b in BATCHES]
    return engines


def random_spikes(code: OatCode, shape: tuple[int, ...], seed: int) -> OatSpikes:
    """Normal, outlying, saturated and silent neurons of both signs."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape, dtype=np.int64))
    magnitude = np.concatenate(
        [
            [0, code.normal, code.outlier, 2 * code.outlier],
            rng.integers(0, code.normal + 1, size=size),
            rng.integers(0, code.outlier + 1, size=size),
        ]
    )
    chosen = rng.choice(magnitude, size=size) * rng.choice([-1, 1], size=size)
    return encode_oat(chosen.reshape(shape).astype(np.int64), 16, code)


def wide_synaptic(weights: NDArray[np.int16], code: OatCode) -> Synaptic:
    """The weights with their proven bound (LAS-6)."""
    absolute = np.abs(weights.astype(np.int64))
    bound = int(absolute.sum(axis=0).max(initial=0)) * code.largest_value
    return Synaptic(weights=weights, largest=32767, accumulator_bound=bound)


def random_weights(sources: int, targets: int) -> NDArray[np.int16]:
    """Weights of 16 bits, the extremes among them."""
    rng = np.random.default_rng(targets)
    weights = rng.integers(-32767, 32767, size=(sources, targets), endpoint=True)
    weights.flat[0] = -32767
    return weights.astype(np.int16)

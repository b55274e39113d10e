"""The value ranges that a compiled model must keep (MODEL-3, MODEL-7)."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.dot import absolute_column_sums
from spikeref.arith.widths import magnitude
from spikeref.errors import ModelError
from spikeref.model.layers import Synapses, Tables
from spikeref.model.limits import LARGEST_BOUND
from spikeref.model.profile import Profile
from spikeref.neurons.clipping import THRESHOLD_BITS

LARGEST_MANTISSA = (1 << 15) - 1
LARGEST_EXPONENT = 512
ONE_IN_ROPE = 1 << 14
ONE_IN_EXP2 = 1 << 30


def check_synapses(name: str, synapses: Synapses, profile: Profile) -> None:
    """Refuse synapses out of range, or whose derived tensors do not follow from the weights."""
    if magnitude(synapses.weights) > profile.largest_weight:
        raise ModelError(f"{name}.weights: a weight leaves ±{profile.largest_weight}")
    if int(synapses.channel_mantissas.min()) < 1 << 15:
        raise ModelError(f"{name}.channel_mantissas: must be at least 2^15")
    if magnitude(synapses.channel_exponents) > LARGEST_EXPONENT:
        raise ModelError(f"{name}.channel_exponents: one leaves ±{LARGEST_EXPONENT}")
    if synapses.bias is not None and not _fits(synapses.bias, 40):
        raise ModelError(f"{name}.bias: one leaves 40 bits")
    largest = int(absolute_column_sums(synapses.weights).max())
    bound = largest * profile.encoder().largest_count
    if synapses.accumulator_bound != bound or bound > LARGEST_BOUND:
        raise ModelError(
            f"{name}.accumulator_bound: {synapses.accumulator_bound} stated, the weights give"
            f" {bound}; {LARGEST_BOUND} is the largest possible"
        )
    zeros = synapses.weights.shape[1] - np.count_nonzero(synapses.weights, axis=1)
    if not np.array_equal(zeros, synapses.zero_weights):
        raise ModelError(f"{name}.zero_weights: does not follow from the weights")
    if synapses.weight_sums is not None:
        sums = synapses.weights.sum(axis=0, dtype=np.int32)
        if not np.array_equal(sums, synapses.weight_sums):
            raise ModelError(f"{name}.weight_sums: does not follow from the weights")


def check_mantissas(name: str, mantissas: NDArray[np.int16], exponents: NDArray[np.int16]) -> None:
    """Refuse 16-bit mantissas of −2^15 and exponents beyond ±512."""
    if magnitude(mantissas) > LARGEST_MANTISSA or magnitude(exponents) > LARGEST_EXPONENT:
        raise ModelError(f"{name}: a mantissa or exponent is out of its range")


def check_thresholds(name: str, thresholds: Iterable[int]) -> None:
    """Refuse clip thresholds that leave 48 bits."""
    for threshold in thresholds:
        if not -(1 << (THRESHOLD_BITS - 1)) <= threshold < 1 << (THRESHOLD_BITS - 1):
            raise ModelError(f"{name}: threshold {threshold} leaves {THRESHOLD_BITS} bits")


def check_tables(tables: Tables) -> None:
    """Refuse tables with which a stated width would not hold."""
    if max(magnitude(tables.cos), magnitude(tables.sin)) > ONE_IN_ROPE:
        raise ModelError("rope.cos, rope.sin: an entry is beyond 1")
    first, total = tables.exp2[0], sum(tables.exp2)
    if first != ONE_IN_EXP2 or min(tables.exp2) < 0 or total > 2 * ONE_IN_EXP2:
        raise ModelError("tables.exp2: c_0 must be 2^30, all at least 0, their sum at most 2^31")


def _fits(values: NDArray[np.int64], bits: int) -> bool:
    return int(values.min()) >= -(1 << (bits - 1)) and int(values.max()) < 1 << (bits - 1)

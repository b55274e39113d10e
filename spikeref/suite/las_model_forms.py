"""Parts of a LAS model as parameters and inputs of single operations (CONF-9)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.model.las_layers import NormParameters, WideSynapses
from spikeref.model.las_profile import LasProfile
from spikeref.model.las_tables import piece_members
from spikeref.neurons.expansion import CODE_BITS, Expansion
from spikeref.neurons.few_spikes import FewSpikes
from spikeref.neurons.hierarchical import HgNeuron
from spikeref.neurons.outlier_aware import OatCode
from spikeref.suite.build import Tensors

LARGEST_WEIGHTS = 1 << 16
"""Weights in one case; a wider operator is cut to some of its targets."""


def form_parameters(profile: LasProfile) -> dict[str, int | str]:
    """Return T, n, rule and gate."""
    form = profile.form
    return {
        "steps": form.steps,
        "levels": form.levels,
        "rule": form.rule.value,
        "gate": form.gate.value,
    }


def code_parameters(code: OatCode, role: str = "") -> dict[str, int]:
    """Return the thresholds of a code under the role's name."""
    return {f"{role}threshold_n": code.normal, f"{role}threshold_o": code.outlier}


def spike_inputs(record: Any, role: str = "") -> dict[str, NDArray[Any]]:
    """Return the counts and flags of a record under the role's name."""
    return {
        f"{role}counts": record.counts.astype(np.int32),
        f"{role}outliers": record.outliers.astype(np.int8),
    }


def stated_thresholds(neuron: Expansion, steps: int) -> NDArray[np.int32]:
    """Return the 2^T − 1 thresholds that T steps read (NEUR-7)."""
    apart = 1 << (CODE_BITS - steps)
    return np.ascontiguousarray(neuron.thresholds[apart - 1 :: apart])


def function_table(neuron: HgNeuron, steps: int) -> NDArray[np.int32] | None:
    """Return the thresholds of a function of one piece; None where an FS neuron stands there."""
    sub = neuron.pieces[0].neuron
    return stated_thresholds(sub, steps) if isinstance(sub, Expansion) else None


def piece_inputs(neuron: HgNeuron, steps: int) -> dict[str, NDArray[Any]]:
    """Return `pieces`, `thresholds` and `constants` of a neuron of many pieces."""
    subs = [piece.neuron for piece in neuron.pieces]
    tables = [stated_thresholds(sub, steps) for sub in subs if isinstance(sub, Expansion)]
    constants = [
        (sub.resets, sub.thresholds, sub.weights) for sub in subs if isinstance(sub, FewSpikes)
    ]
    rows = [piece_members(piece) for piece in neuron.pieces]
    found: dict[str, NDArray[Any]] = {"pieces": np.array(rows, dtype=np.int64)}
    if tables:
        found["thresholds"] = np.stack(tables)
    if constants:
        found["constants"] = np.array(constants, dtype=np.int64)
    return found


def norm_inputs(given: NormParameters) -> dict[str, NDArray[Any]]:
    """Return γ and β of a norm."""
    found: dict[str, NDArray[Any]] = {"gamma": np.array(given.gamma.mantissas)}
    return found if given.beta is None else {**found, "beta": np.array(given.beta)}


def chosen_targets(weights: NDArray[Any]) -> NDArray[np.int64]:
    """Return the targets of a case: all, or the first ones and the one of the largest sum.

    So the bound on the accumulators, and with it every output, is that of the whole operator.
    weights: [N, M].
    """
    sources, targets = weights.shape
    count = min(targets, max(1, LARGEST_WEIGHTS // sources))
    sums = np.abs(weights.astype(np.int64)).sum(axis=0, dtype=np.int64)
    largest = int(np.argmax(sums))
    chosen = np.arange(count, dtype=np.int64)
    chosen[-1] = max(count - 1, largest)
    return chosen


def synapse_inputs(synapses: WideSynapses) -> Tensors:
    """Return weights, channel scales and biases of an operator's chosen targets."""
    targets = chosen_targets(synapses.weights)
    bias = np.zeros(synapses.weights.shape[1], dtype=np.int64)
    if synapses.bias is not None:
        bias = np.array(synapses.bias)
    return {
        "weights": np.ascontiguousarray(synapses.weights[:, targets]),
        "channel_mantissa": np.array(synapses.channel_mantissas[targets]),
        "channel_exponent": np.array(synapses.channel_exponents[targets]),
        "bias": bias[targets],
    }

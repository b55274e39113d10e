"""What a trace says of each product: spikes, additions that they selected, shapes."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from spikeref.energy.table import SPIKE_BITS, cost_factor
from spikeref.errors import TraceError
from spikeref.model.groups import GROUP_OF, OPERATORS, Operator
from spikeref.model.profile import Profile
from spikeref.neurons.counts import Encoding
from spikeref.trace.canonical import Place
from spikeref.trace.populations import populations, spike_totals
from spikeref.trace.reader import TraceFolder
from spikeref.trace.records import INPUT_OPS, OP_CODES


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One product of one layer over all tokens of a trace."""

    layer: int
    op: str
    spikes: int
    """Of its input; of attention those that entered the cache, in LAS the queries' too."""
    slots: int
    """Neurons times steps of the same."""
    steps: int
    """D of the train, in LAS the time steps."""
    macs: int
    """Multiply-accumulates of the same product in an ANN: T·N·M; of attention 2·T²·H·d."""
    additions: int
    """Synaptic additions that were made (COUNT-4, LAS-19)."""
    factor: Fraction
    """What an addition costs, an accumulate being 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """Spikes, slots, neurons of one population over all tokens, and the steps of its trains."""

    spikes: int
    slots: int
    neurons: int
    steps: int


def firing_by_place(trace: TraceFolder) -> dict[tuple[int, str], Firing]:
    """Return the firing of each population by (layer, op).

    UsageError at level `digest`; TraceError for a count that the profile cannot encode.
    """
    sums: dict[tuple[int, str], NDArray[np.int64]] = {}
    steps: dict[tuple[int, str], int] = {}
    for population in populations(trace):
        key = (population.place.layer, population.op)
        spikes = sum(spike_totals(population))
        one = np.array([spikes, population.counts.size], dtype=np.int64)
        sums[key] = sums.get(key, np.zeros(2, dtype=np.int64)) + one
        steps[key] = population.train.steps
    return {
        key: Firing(
            spikes=int(spikes),
            slots=int(neurons) * steps[key],
            neurons=int(neurons),
            steps=steps[key],
        )
        for key, (spikes, neurons) in sums.items()
    }


def observe_sdllm(
    trace: TraceFolder, profile: Profile, firing: dict[tuple[int, str], Firing]
) -> list[Observed]:
    """Return every product of a trace of SDLLM, from the trace alone.

    TraceError where a layer lacks a record that a width follows from.
    """
    return [
        one
        for layer in range(trace.manifest.layers)
        for one in (
            *_linear(trace, profile, firing, layer),
            _attention(trace, profile, firing, layer),
        )
    ]


def _linear(
    trace: TraceFolder, profile: Profile, firing: dict[tuple[int, str], Firing], layer: int
) -> list[Observed]:
    factor = cost_factor(profile.weight_bits, SPIKE_BITS[profile.encoding])
    found = []
    for operator in OPERATORS:
        given = fired_at(trace, firing, layer, INPUT_OPS[GROUP_OF[operator]])
        targets = _targets(trace, layer, operator)
        found.append(
            Observed(
                layer=layer,
                op=operator,
                spikes=given.spikes,
                slots=given.slots,
                steps=given.steps,
                macs=given.neurons * targets,
                additions=given.spikes * targets,
                factor=factor,
            )
        )
    return found


def _targets(trace: TraceFolder, layer: int, operator: Operator) -> int:
    """Return M: the size of what the operator's output becomes."""
    match operator:
        case "q":
            return first_field(trace, layer, "query", "mantissa").size
        case "k":
            return first_field(trace, layer, "key_spikes", "counts").size
        case "v":
            return first_field(trace, layer, "value_spikes", "counts").size
        case "gate" | "up":
            return first_field(trace, layer, "down_input", "counts").size
        case "o" | "down":
            # Their outputs go to the residual stream, which drives q, k and v.
            return first_field(trace, layer, "qkv_input", "counts").size


def _attention(
    trace: TraceFolder, profile: Profile, firing: dict[tuple[int, str], Firing], layer: int
) -> Observed:
    """Each visible key spike adds a query to a score, each visible value spike a weight."""
    keys = fired_at(trace, firing, layer, "key_spikes")
    values = fired_at(trace, firing, layer, "value_spikes")
    tokens = len(trace.manifest.tokens)
    additions = field_sum(trace, layer, "attention", ("key_spikes", "value_spikes"))
    width = first_field(trace, layer, "query", "mantissa").size
    return Observed(
        layer=layer,
        op="attention",
        spikes=keys.spikes + values.spikes,
        slots=keys.slots + values.slots,
        steps=keys.steps,
        macs=2 * tokens**2 * width,
        additions=additions,
        # The cache is ternary whatever the encoding; queries and weights count as weights.
        factor=cost_factor(profile.weight_bits, SPIKE_BITS[Encoding.TERNARY]),
    )


def fired_at(
    trace: TraceFolder, firing: dict[tuple[int, str], Firing], layer: int, op: str
) -> Firing:
    """Return the firing of an op; TraceError where the trace has none."""
    found = firing.get((layer, op))
    if found is None:
        raise missing_record(trace, layer, op)
    return found


def field_sum(trace: TraceFolder, layer: int, op: str, names: tuple[str, ...]) -> int:
    """Return the sum of integer fields of an op over all tokens."""
    total = 0
    for token in range(len(trace.manifest.tokens)):
        number = trace.find(Place(token, layer, OP_CODES[op]))
        if number is None:
            raise missing_record(trace, layer, op)
        fields = trace.fields(number)
        total += sum(int(fields[name].sum(dtype=np.int64)) for name in names)
    return total


def first_field(trace: TraceFolder, layer: int, op: str, name: str) -> NDArray[np.int64]:
    """Return a stored field of an op at the first token."""
    number = trace.find(Place(0, layer, OP_CODES[op]))
    if number is None:
        raise missing_record(trace, layer, op)
    return trace.fields(number)[name]


def missing_record(trace: TraceFolder, layer: int, op: str) -> TraceError:
    """Say that a trace is not of a whole run."""
    return TraceError(
        f"{trace.path}: layer {layer} lacks records of {op}; energy needs the trace of a whole run"
    )

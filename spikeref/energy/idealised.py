"""What texts cost by the papers' idealisation, beside the additions that were made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from spikeref.energy.setting import (
    WHOLE_ADDITION,
    Floating,
    Quantised,
    Spiking,
    WeightedSpiking,
    energy,
    operations,
)
from spikeref.energy.shapes import RULES, MatrixShape, macs_by_operator
from spikeref.energy.table import SPIKE_BITS, EnergyTable, cost_factor
from spikeref.model.any_model import AnyProfile
from spikeref.model.las_profile import LasProfile
from spikeref.model.profile import Profile
from spikeref.neurons.counts import Encoding

ATTENTION = ("attention", "las_attention")
"""Names of its op in traces of both systems."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Macs:
    """Multiply-accumulates of texts in an ANN: of linear operators, and of attention."""

    linear: int
    attention: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.linear + self.attention


@dataclass(frozen=True, slots=True, kw_only=True)
class IdealCost:
    """FLOPs are operations in binary32 ones."""

    flops: Fraction
    energy_j: Fraction


def count_macs(shape: MatrixShape, lengths: Sequence[int]) -> Macs:
    """Return the multiply-accumulates of texts of these lengths, keys as wide as they are.

    Embedding and head do not count.
    """
    linear = attention = 0
    for length in lengths:
        found = macs_by_operator(shape, RULES["attention-grouped"], length)
        attention += found.pop("attention")
        linear += sum(found.values())
    return Macs(linear=linear, attention=attention)


def ideal_cost(macs: Macs, profile: AnyProfile, rate: Fraction, table: EnergyTable) -> IdealCost:
    """Return firing rate × steps × MACs: one rate R for all products (SDLLM appendix A).

    D of a product is that of its trains; the cache's are ternary. In LAS R·T is the spikes per
    neuron of equation 25.
    """
    match profile:
        case Profile():
            cache = profile.cache_encoder().train_length
            steps = profile.encoder().train_length
            parts = [
                (macs.linear, _spiking(profile, profile.encoding, steps, rate)),
                (macs.attention, _spiking(profile, Encoding.TERNARY, cache, rate)),
            ]
            return IdealCost(
                flops=sum((operations(n, one) for n, one in parts), Fraction(0)),
                energy_j=sum((energy(n, one, table) for n, one in parts), Fraction(0)),
            )
        case LasProfile():
            weighted = WeightedSpiking(spikes_per_neuron=rate * profile.form.steps)
            return IdealCost(
                flops=operations(macs.total, weighted),
                energy_j=energy(macs.total, weighted, table),
            )
        case _:
            assert_never(profile)


def additions_energy(
    additions: Mapping[str, int], profile: AnyProfile, table: EnergyTable
) -> Fraction:
    """Return the joules of synaptic additions by op; queries and weights count as weights."""
    total = Fraction(0)
    for op, number in additions.items():
        match profile:
            case Profile():
                encoding = Encoding.TERNARY if op in ATTENTION else profile.encoding
                factor = cost_factor(profile.weight_bits, SPIKE_BITS[encoding])
            case LasProfile():
                factor = WHOLE_ADDITION
            case _:
                assert_never(profile)
        total += number * factor * table.accumulate
    return total


def quantised_cost(
    macs: Macs, weight_bits: int, act_bits: int, steps: Fraction, table: EnergyTable
) -> IdealCost:
    """Return the cost of the same bits as integer multiply-accumulates."""
    setting = Quantised(weight_bits=weight_bits, act_bits=act_bits, steps=steps)
    return IdealCost(
        flops=operations(macs.total, setting), energy_j=energy(macs.total, setting, table)
    )


def float_cost(macs: Macs, table: EnergyTable) -> IdealCost:
    """Return the cost of binary32 multiply-accumulates."""
    setting = Floating()
    return IdealCost(
        flops=operations(macs.total, setting), energy_j=energy(macs.total, setting, table)
    )


def _spiking(profile: Profile, encoding: Encoding, steps: int, rate: Fraction) -> Spiking:
    return Spiking(
        weight_bits=profile.weight_bits, encoding=encoding, steps=Fraction(steps), rate=rate
    )

"""How a model's products are computed, and what that costs: a closed union, exact fractions."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias, assert_never

from spikeref.energy.table import SPIKE_BITS, EnergyTable, cost_factor
from spikeref.errors import UsageError
from spikeref.neurons.counts import Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class Floating:
    """Binary32 multiply-accumulates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantised:
    """Integer multiply-accumulates; UsageError for bits or steps below 1 or above 32 bits."""

    weight_bits: int
    act_bits: int
    steps: Fraction = Fraction(1)
    """Passes over the weights: 1.2 in SpikeLLM, whose salient channels take more than one."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        _check_bits("weight bits", self.weight_bits)
        _check_bits("activation bits", self.act_bits)
        _check_steps(self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spiking:
    """Additions that spikes select: R·D of them for each multiply-accumulate (equation 15)."""

    weight_bits: int
    encoding: Encoding
    steps: Fraction
    """Virtual steps D of a train; 8.3 where the cache alone has more."""
    rate: Fraction
    """Firing rate R, spikes over slots."""

    def __post_init__(self) -> None:
        """Check the ranges; UsageError otherwise."""
        _check_bits("weight bits", self.weight_bits)
        _check_steps(self.steps)
        if not 0 <= self.rate <= 1:
            raise UsageError(f"firing rate: {self.rate} given, 0 to 1 are possible")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedSpiking:
    """Additions of whole weights, so many for each multiply-accumulate (LAS equation 25)."""

    spikes_per_neuron: Fraction
    """Over all time steps."""

    def __post_init__(self) -> None:
        """Check the range; UsageError otherwise."""
        if self.spikes_per_neuron < 0:
            raise UsageError(f"spikes per neuron: {self.spikes_per_neuron} given, at least 0")


WHOLE_ADDITION = Fraction(1)
"""LAS takes an addition as a whole accumulate, whatever it weighs."""

Setting: TypeAlias = Floating | Quantised | Spiking | WeightedSpiking


def operations(macs: int, setting: Setting) -> Fraction:
    """Return FLOPs, the operations that `macs` multiply-accumulates become, in binary32 ones.

    Quantised: w·a/128·steps·MACs. Spiking: R·D·w·s/128·MACs, s = 2 ternary, 1 binary (SDLLM
    appendix A). WeightedSpiking: SOPs = spikes per neuron·MACs (LAS appendix E).
    """
    match setting:
        case Floating():
            return Fraction(macs)
        case Quantised(weight_bits=weights, act_bits=acts, steps=steps):
            return macs * steps * cost_factor(weights, acts)
        case Spiking(weight_bits=weights, encoding=encoding, steps=steps, rate=rate):
            return macs * rate * steps * cost_factor(weights, SPIKE_BITS[encoding])
        case WeightedSpiking(spikes_per_neuron=spikes):
            return macs * spikes * WHOLE_ADDITION
        case _:
            assert_never(setting)


def joules_each(setting: Setting, table: EnergyTable) -> Fraction:
    """Return the joules of one operation: a multiply-accumulate, or an accumulate for spikes."""
    match setting:
        case Floating() | Quantised():
            return table.mac
        case Spiking() | WeightedSpiking():
            return table.accumulate
        case _:
            assert_never(setting)


def energy(macs: int, setting: Setting, table: EnergyTable) -> Fraction:
    """Return the joules of `macs` multiply-accumulates under a setting."""
    return operations(macs, setting) * joules_each(setting, table)


def energy_ratio(synaptic_operations: int, macs: int, table: EnergyTable) -> Fraction:
    """Return E_SNN/E_ANN = SOPs·E_AC / (FLOPs·E_MAC) (LAS equation 25); UsageError for 0 MACs."""
    if macs <= 0 or table.mac <= 0:
        raise UsageError("equation 25 needs at least one multiply-accumulate that costs something")
    return synaptic_operations * table.accumulate / (macs * table.mac)


def _check_bits(what: str, bits: int) -> None:
    if not 1 <= bits <= 32:
        raise UsageError(f"{what}: {bits} given, 1 to 32 are possible")


def _check_steps(steps: Fraction) -> None:
    if steps < 1:
        raise UsageError(f"steps: {steps} given, at least 1")

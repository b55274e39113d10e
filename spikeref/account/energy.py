"""Theoretical energy of the synaptic additions that a run made (SDLLM appendix A)."""

from dataclasses import dataclass

from spikeref.model.profile import Profile
from spikeref.neurons.counts import Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyTable:
    """Joules of one binary32 multiply-accumulate and of one accumulate (45 nm, as printed)."""

    mac: float = 4.6e-12
    accumulate: float = 0.9e-12


SPIKE_BITS = {Encoding.TERNARY: 2, Encoding.BINARY: 1}
COST_UNIT_BITS = 128
"""A k-bit by m-bit operation costs k·m/128 of a binary32 one: 1/32 for 2 × 2, 1/8 for 4 × 4."""


def spike_energy(additions: int, profile: Profile, table: EnergyTable) -> float:
    """Return the joules of `additions` synaptic additions.

    0.9 pJ · additions · w·s/128 with w weight bits and s = 2 for ternary, 1 for binary spikes: the
    paper's FLOPs_SNN = R·T·D·factor·MACs, with R·T·D·MACs counted instead of estimated.
    """
    factor = profile.weight_bits * SPIKE_BITS[profile.encoding] / COST_UNIT_BITS
    return table.accumulate * additions * factor

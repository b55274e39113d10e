"""The energy table, and what synaptic additions cost by it (SDLLM appendix A, LAS appendix E)."""

from dataclasses import dataclass
from fractions import Fraction

from spikeref.model.profile import Profile
from spikeref.neurons.counts import Encoding

PICO = Fraction(1, 10**12)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyTable:
    """Picojoules of one binary32 multiply-accumulate and of one accumulate (45 nm, as printed)."""

    mac_pj: Fraction = Fraction(46, 10)
    accumulate_pj: Fraction = Fraction(9, 10)

    @property
    def mac(self) -> Fraction:
        """Joules of a multiply-accumulate, exact."""
        return self.mac_pj * PICO

    @property
    def accumulate(self) -> Fraction:
        """Joules of an accumulate, exact."""
        return self.accumulate_pj * PICO


SPIKE_BITS = {Encoding.TERNARY: 2, Encoding.BINARY: 1}
"""What a spike counts as beside the bits of a weight: ternary ones as 2 bits, binary ones as 1."""

COST_UNIT_BITS = 128


def cost_factor(left_bits: int, right_bits: int) -> Fraction:
    """Return what an operation of k by m bits costs, a binary32 one being 1: k·m/128.

    1/32 for 2 × 2 and 1/8 for 4 × 4, as SDLLM's appendix A has it. It has 1/16 for 3 × 3, where
    this gives 9/128; no printed table holds 3 bits.
    """
    return Fraction(left_bits * right_bits, COST_UNIT_BITS)


def spike_energy(additions: int, profile: Profile, table: EnergyTable) -> float:
    """Return the joules of `additions` synaptic additions.

    0.9 pJ · additions · w·s/128 with w weight bits and s = 2 for ternary, 1 for binary spikes: the
    paper's FLOPs_SNN = R·T·D·factor·MACs, with R·T·D·MACs counted instead of estimated.
    """
    factor = cost_factor(profile.weight_bits, SPIKE_BITS[profile.encoding])
    return float(table.accumulate * additions * factor)

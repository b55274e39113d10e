"""The leaky integrate-and-fire neuron on integers (ENC-9, equations 2 to 4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import round_shift, saturate
from spikeref.arith.ties import Ties
from spikeref.arith.widths import minimum_bits
from spikeref.errors import UsageError

POTENTIAL_BITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LifNeuron:
    """Threshold θ, reset V_r (32 bits each) and decay β = decay_mantissa / 2^decay_shift."""

    threshold: int
    reset: int
    decay_mantissa: int
    decay_shift: int
    ties: Ties = Ties.HALF_EVEN

    def __post_init__(self) -> None:
        """Check 0 <= β <= 1, a shift of at most 15, and potentials of 32 bits."""
        for name, value in (("threshold", self.threshold), ("reset", self.reset)):
            if minimum_bits(value, value) > POTENTIAL_BITS:
                raise UsageError(f"{name} {value} does not fit {POTENTIAL_BITS} bits")
        if not (0 <= self.decay_shift <= 15 and 0 <= self.decay_mantissa <= 1 << self.decay_shift):
            raise UsageError(
                f"decay {self.decay_mantissa}/2^{self.decay_shift} is not in [0, 1] with a shift"
                " of at most 15"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LifRun:
    """What a population did over T time steps."""

    spikes: NDArray[np.int8]
    """S, int8 [T, ...], 0 or 1."""
    potential: NDArray[np.int64]
    """U before firing, int64 [T, ...], 32 bits."""
    residue: NDArray[np.int64]
    """V after the last step, int64 [...], 32 bits."""


def run_lif(current: NDArray[np.int64], neuron: LifNeuron) -> LifRun:
    """Return spikes and potentials of neurons driven by input currents I, int64 [T, ...], 32 bits.

    U = V + I saturated to 32 bits; S = 1 where U >= θ; V = V_r where S, else β·U rounded (ENC-9).
    """
    residue = np.zeros(current.shape[1:], dtype=np.int64)
    spikes = np.zeros(current.shape, dtype=np.int8)
    potential = np.zeros(current.shape, dtype=np.int64)
    for t in range(current.shape[0]):
        summed = np.atleast_1d(residue + current[t])
        potential[t] = saturate(summed, POTENTIAL_BITS).values.reshape(residue.shape)
        spikes[t] = potential[t] >= neuron.threshold
        decayed = round_shift(
            potential[t] * np.int64(neuron.decay_mantissa), neuron.decay_shift, neuron.ties
        )
        residue = np.where(spikes[t] == 1, np.int64(neuron.reset), decayed)
    return LifRun(spikes=spikes, potential=potential, residue=residue)

"""The leaky integrate-and-fire neuron (ENC-9)."""

from collections.abc import Sequence
from dataclasses import dataclass

from .arithmetic import Ties, round_shift, saturate
from .tensor import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Threshold θ, reset potential V_r and decay β_m/2^β_s."""

    threshold: int
    reset: int
    decay_mantissa: int
    decay_shift: int
    ties: Ties


def check_leak(leak: Leak) -> None:
    """Refuse what ENC-9 excludes."""
    if not 0 <= leak.decay_shift <= 15:
        raise Refusal("parameter", f"decay shift {leak.decay_shift} outside 0 … 15")
    if not 0 <= leak.decay_mantissa <= 1 << leak.decay_shift:
        raise Refusal("parameter", f"decay mantissa {leak.decay_mantissa} outside 0 … 2^shift")
    for potential in (leak.threshold, leak.reset):
        if saturate(potential, 32) != potential:
            raise Refusal("parameter", f"potential {potential} of more than 32 bits")


def integrate_and_fire(currents: Sequence[int], leak: Leak) -> tuple[list[int], list[int], int]:
    """One neuron over time: spikes S, potentials U, and the last V (equations 2 to 4)."""
    residue = 0
    spikes, potentials = [], []
    for current in currents:
        potential = saturate(residue + current, 32)
        spike = potential >= leak.threshold
        decayed = round_shift(leak.decay_mantissa * potential, leak.decay_shift, leak.ties)
        residue = leak.reset if spike else decayed
        spikes.append(int(spike))
        potentials.append(potential)
    return spikes, potentials, residue

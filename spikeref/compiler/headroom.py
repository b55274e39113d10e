"""Proof that no accumulator can overflow, from the integer weights themselves (COMP-12, ADD-3)."""

from spikeref.errors import HeadroomError

LARGEST_BOUND = 1 << 30
"""Bounds up to this keep a rescale product below 2^62 (OP-8)."""


def accumulator_bits(bound: int) -> int:
    """Return the two's complement width that holds −bound … bound."""
    return 1 + bound.bit_length()


def prove_headroom(signal: str, bound: int, allowed_bits: int | None) -> None:
    """Raise HeadroomError, naming `signal`, unless `bound` fits 2^30 and `allowed_bits`."""
    needed = accumulator_bits(bound)
    if bound > LARGEST_BOUND:
        raise HeadroomError(signal, needed, accumulator_bits(LARGEST_BOUND) - 1)
    if allowed_bits is not None and needed > allowed_bits:
        raise HeadroomError(signal, needed, allowed_bits)

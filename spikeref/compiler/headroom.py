"""Proof that no accumulator can overflow, from the integer weights themselves (COMP-12, ADD-3)."""

from spikeref.arith.widths import minimum_bits
from spikeref.errors import HeadroomError
from spikeref.model.limits import LARGEST_BOUND

LARGEST_LAS_BOUND = (1 << 62) - 1


def prove_headroom(signal: str, bound: int, allowed_bits: int | None) -> None:
    """Raise HeadroomError, naming `signal`, unless `bound` fits 2^30 and `allowed_bits`."""
    _require(signal, bound, LARGEST_BOUND, "2^30 (OP-8); choose fewer weight or count bits")
    _require_bits(signal, bound, allowed_bits, "fewer weight or count bits")


def prove_las_headroom(signal: str, bound: int, allowed_bits: int | None) -> None:
    """Raise HeadroomError, naming `signal`, unless `bound` fits 2^62 and `allowed_bits`."""
    remedy = "fewer weight bits, time steps or levels, or thresholds of a smaller ratio"
    _require(signal, bound, LARGEST_LAS_BOUND, f"2^62 (LAS-6); choose {remedy}")
    _require_bits(signal, bound, allowed_bits, remedy)


def _require(signal: str, bound: int, largest: int, limit: str) -> None:
    if bound > largest:
        raise HeadroomError(f"{signal}: its accumulator can reach {bound}, beyond {limit}")


def _require_bits(signal: str, bound: int, allowed_bits: int | None, remedy: str) -> None:
    needed = minimum_bits(-bound, bound)
    if allowed_bits is not None and needed > allowed_bits:
        raise HeadroomError(
            f"{signal}: its accumulator needs {needed} bits, {allowed_bits} are allowed; choose"
            f" {remedy}, or a wider accumulator (--acc-bits)"
        )

"""Proof that no accumulator can overflow, from the integer weights themselves (COMP-12, ADD-3)."""

from spikeref.arith.widths import minimum_bits
from spikeref.errors import HeadroomError
from spikeref.model.limits import LARGEST_BOUND


def prove_headroom(signal: str, bound: int, allowed_bits: int | None) -> None:
    """Raise HeadroomError, naming `signal`, unless `bound` fits 2^30 and `allowed_bits`."""
    if bound > LARGEST_BOUND:
        raise HeadroomError(
            f"{signal}: its accumulator can reach {bound}, beyond 2^30 (OP-8);"
            " choose fewer weight or count bits"
        )
    needed = minimum_bits(-bound, bound)
    if allowed_bits is not None and needed > allowed_bits:
        raise HeadroomError(
            f"{signal}: its accumulator needs {needed} bits, {allowed_bits} are allowed; choose"
            " fewer weight or count bits, or a wider accumulator (--acc-bits)"
        )

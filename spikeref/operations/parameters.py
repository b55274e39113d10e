"""Parameters of an operation as the objects of the reference; refused where ENC-1 refuses them."""

from enum import Enum
from fractions import Fraction
from typing import TypeVar

from spikeref.arith.hadamard import HadamardPlan, plan_hadamard
from spikeref.arith.ties import Ties
from spikeref.arith.widths import minimum_bits
from spikeref.errors import RefusedError, UsageError
from spikeref.neurons.clipping import THRESHOLD_BITS, ClipMode, MembraneClip
from spikeref.neurons.counts import LARGEST_RATIO_TERM, Encoder, Encoding
from spikeref.operations.operation import Parameters

Variant = TypeVar("Variant", bound=Enum)

ANY_INTEGER = ("seed", "epoch")
"""Taken modulo a power of two."""

OUTPUT_WIDTHS = range(2, 41)
"""Of what is rescaled: outputs have 32 or 40 bits, and wider ones would saturate before a bias."""


def refuse_wide_parameters(parameters: Parameters) -> None:
    """Refuse integers beyond 2^62, of which formulas could leave 64 bits (CONF-10)."""
    for name, value in parameters.items():
        if isinstance(value, int) and abs(value) > 1 << 62 and name not in ANY_INTEGER:
            raise RefusedError("parameter", f"{name} {value} is beyond 2^62")


def integer(parameters: Parameters, name: str) -> int:
    """Return an integer parameter; UsageError for a string."""
    value = parameters[name]
    if not isinstance(value, int):
        raise UsageError(f"parameter {name}: {value!r} is no integer")
    return value


def text(parameters: Parameters, name: str) -> str:
    """Return a parameter that is a string; UsageError for an integer."""
    value = parameters[name]
    if not isinstance(value, str):
        raise UsageError(f"parameter {name}: {value!r} is no string")
    return value


def variant(parameters: Parameters, name: str, variants: type[Variant]) -> Variant:
    """Return the member of an enumeration whose value is given; unknown ones are refused."""
    value = text(parameters, name)
    if value not in {member.value for member in variants}:
        raise RefusedError("parameter", f"{name} {value!r} is unknown")
    return variants(value)


def ties_of(parameters: Parameters) -> Ties:
    """Return the tie rule."""
    return variant(parameters, "ties", Ties)


def flag(parameters: Parameters, name: str) -> bool:
    """Return a parameter that is 0 or 1; others are refused."""
    value = integer(parameters, name)
    if value not in (0, 1):
        raise RefusedError("parameter", f"{name} {value} is neither 0 nor 1")
    return value == 1


def integers(parameters: Parameters, name: str) -> tuple[int, ...]:
    """Return the integers that a parameter lists, joined by commas; none if empty or absent."""
    value = text(parameters, name) if name in parameters else ""
    try:
        return tuple(int(item) for item in value.split(",")) if value else ()
    except ValueError as fault:
        raise UsageError(f"parameter {name}: {value!r} is no list of integers") from fault


def ratio_of(parameters: Parameters) -> Fraction:
    """Return the clip ratio; refused unless 1 ≤ r_n ≤ r_d ≤ 1024 (ENC-1)."""
    numerator, denominator = integer(parameters, "ratio_n"), integer(parameters, "ratio_d")
    if not 1 <= numerator <= denominator <= LARGEST_RATIO_TERM:
        raise RefusedError("parameter", f"clip ratio {numerator}/{denominator} (ENC-1)")
    return Fraction(numerator, denominator)


def encoder_of(parameters: Parameters, *, bits: str = "bits") -> Encoder:
    """Return the encoder that the parameters describe; refused where ENC-1 excludes it.

    An operation without `encoding` is ternary; where it has no clip ratio any count of its bits
    may come, so the ratio is one below 1; one without `ties` rounds nothing.
    """
    ternary = "encoding" not in parameters
    encoding = Encoding.TERNARY if ternary else variant(parameters, "encoding", Encoding)
    ratio = ratio_of(parameters) if "ratio_n" in parameters else Fraction(1, 2)
    ties = ties_of(parameters) if "ties" in parameters else Ties.HALF_EVEN
    try:
        return Encoder(
            bits=integer(parameters, bits), encoding=encoding, clip_ratio=ratio, ties=ties
        )
    except UsageError as fault:
        raise RefusedError("parameter", str(fault)) from fault


def count_bits(parameters: Parameters) -> int:
    """Return `bits` of counts or weights, 2 to 8, else refused (ENC-1)."""
    bits = integer(parameters, "bits")
    if not 2 <= bits <= 8:
        raise RefusedError("parameter", f"bits {bits} (ENC-1)")
    return bits


def width_of(parameters: Parameters, name: str, widths: range) -> int:
    """Return a width of values; refused unless it is one of `widths` (CONF-10)."""
    bits = integer(parameters, name)
    if bits not in widths:
        raise RefusedError("parameter", f"{name} {bits} outside {widths[0]} … {widths[-1]}")
    return bits


def rotation_of(parameters: Parameters, width: int) -> HadamardPlan | None:
    """Return the Hadamard matrix of a width where `rotate` is 1, else None."""
    return plan_hadamard(width) if flag(parameters, "rotate") else None


def clip_of(parameters: Parameters) -> MembraneClip | None:
    """Return the membrane clipping that mode and threshold state, None where there is none."""
    if "mode" not in parameters:
        return None
    threshold = integer(parameters, "threshold")
    if minimum_bits(threshold, threshold) > THRESHOLD_BITS:
        raise RefusedError("parameter", f"threshold {threshold} leaves 48 bits (ENC-8)")
    return MembraneClip(threshold=threshold, mode=variant(parameters, "mode", ClipMode))


def window_of(parameters: Parameters) -> int | None:
    """Return the sliding window, None for none; a negative one is refused."""
    window = integer(parameters, "window")
    if window < 0:
        raise RefusedError("parameter", f"window {window} is negative")
    return window or None

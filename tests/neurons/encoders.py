"""Encoders of every kind, and the formulas ENC-2 and ENC-3 on rationals."""

from fractions import Fraction
from itertools import product

from spikeref.arith.ties import Ties
from spikeref.neurons.counts import Encoder, Encoding
from tests.arith.integers import nearest

RATIOS = (Fraction(1), Fraction(9, 10), Fraction(1, 2), Fraction(1023, 1024))
ALL_BITS = range(2, 9)


def encoders(encoding: Encoding) -> list[Encoder]:
    """Every bit width, both tie rules, four clip ratios."""
    return [
        Encoder(bits=bits, encoding=encoding, clip_ratio=ratio, ties=ties)
        for bits, ties, ratio in product(ALL_BITS, Ties, RATIOS)
    ]


def name_of(encoder: Encoder) -> str:
    ratio = f"{encoder.clip_ratio.numerator}:{encoder.clip_ratio.denominator}"
    return f"{encoder.encoding.value}-{encoder.bits}-{ratio}-{encoder.ties.value}"


def symmetric_counts(v: list[int], encoder: Encoder) -> tuple[list[int], int]:
    """ENC-2: the counts and the range of a row."""
    levels, limit = 2 ** (encoder.bits - 1) - 1, 2 ** (encoder.bits - 1)
    amax = max(abs(x) for x in v) or 1
    step = encoder.clip_ratio * amax / levels
    counts = [nearest(Fraction(x) / step, encoder.ties) for x in v]
    return [min(max(c, -limit), limit - 1) for c in counts], amax


def asymmetric_counts(v: list[int], encoder: Encoder) -> tuple[list[int], int, int]:
    """ENC-3: the counts, the range and the zero point of a row."""
    levels = 2**encoder.bits - 1
    low, high = min(0, *v), max(0, *v)
    spread = high - low or 1
    zero_point = nearest(Fraction(-levels * low, spread), encoder.ties)
    step = encoder.clip_ratio * spread / levels
    counts = [nearest(Fraction(x) / step, encoder.ties) + zero_point for x in v]
    return [min(max(c, 0), levels) for c in counts], spread, zero_point

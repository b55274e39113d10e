"""Rescale and whole spiking linear layers (chapter 8)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.suite.build import accepted
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import TIES, Setting, settings
from spikeref.vectors.case import Case

HALF_MANTISSA = 1 << 15


def linear_cases() -> Iterator[Case]:
    """Yield the cases of rescale and linear."""
    for ties in TIES:
        for bits in (32, 40):
            yield from _rescaled(bits, ties)
    for place, setting in enumerate(list(settings())[1::2]):
        yield _random(setting, place)
    for encoding in ("ternary", "binary"):
        yield from _directed(encoding)
    yield _many_targets()


def _rescaled(bits: int, ties: str) -> Iterator[Case]:
    # With both mantissas 2^15 the product is y·2^30, so that a shift of 31 halves y.
    accumulators = [-7, -5, -3, -1, 0, 1, 2, 3, 5, 6, 7, 8]
    shifts = [29, 30, 31, 32, 33, 61, 62, 63, 64, 90, 1, 0, -1, -9, -10, -11, -40, -200]
    targets = len(accumulators)
    channels: dict[str, NDArray[Any]] = {
        "channel_mantissa": np.full(targets, HALF_MANTISSA, dtype=np.uint16),
        "channel_exponent": np.full(targets, -16, dtype=np.int16),
        "bias": np.zeros(targets, dtype=np.int64),
    }
    tokens = {
        "token_mantissa": np.full(len(shifts), HALF_MANTISSA, dtype=np.int32),
        "token_exponent": tensor([-shift for shift in shifts], "i32"),
    }
    yield accepted(
        f"rescale-halves-{bits}-bits-{ties}",
        "rescale",
        "Odd halves of both signs, shifts 0, 1, large and negative: catches a floor, ties away"
        " from zero, rounding twice, and a left shift that wraps before it saturates.",
        {"bits": bits, "ties": ties},
        {"accumulator": tensor([accumulators] * len(shifts), "i32"), **tokens, **channels},
        clauses=("ARITH-2", "ARITH-4", "COUNT-6"),
    )
    limit = 1 << (bits - 1)
    bias = tensor([0, 1, -1, limit - 1, -limit, 5, -5, (1 << 39) - 1, -(1 << 39), 3], "i64")
    rows = [[1, 1, -1, 1, -1, -1, 1, 1, -1, 0], [-1, -1, 1, 0, 0, 1, -1, -1, 1, 0]]
    rows += [[3, -3, 5, -5, 7, 0, 0, 1 << 30, -(1 << 30), 1 << 29]]
    mantissa = [HALF_MANTISSA, 65535, 40000, HALF_MANTISSA, HALF_MANTISSA] * 2
    yield accepted(
        f"rescale-bias-{bits}-bits-{ties}",
        "rescale",
        "A bias at the limits, added after rounding and before saturation: catches saturating"
        " first, a bias left out, and double rounding through fewer bits.",
        {"bits": bits, "ties": ties},
        {
            "accumulator": tensor(rows * 2, "i32"),
            "token_mantissa": tensor([HALF_MANTISSA, 65535, 50000] * 2, "i32"),
            "token_exponent": tensor([-31, -32, -30, -24, -36, -20], "i32"),
            "channel_mantissa": tensor(mantissa, "u16"),
            "channel_exponent": tensor([-16, -15, -17, -16, -16, -20, -12, -16, -16, -14], "i16"),
            "bias": bias,
        },
        clauses=("ARITH-4", "COUNT-6"),
    )
    # y·m_t·m_c lies just beside a half, so that a first rounding to fewer bits makes a tie of it.
    identity = f"rescale-random-{bits}-bits-{ties}"
    draw = Draw(identity)
    yield accepted(
        identity,
        "rescale",
        "Random scales over the whole range: catches exponents added with another sign.",
        {"bits": bits, "ties": ties},
        {
            "accumulator": draw.spread("accumulator", 29, (6, 5), "i32"),
            "token_mantissa": draw.uniform("token", 1 << 15, (1 << 16) - 1, (6,), "i32"),
            "token_exponent": draw.uniform("exponent", -40, 0, (6,), "i32"),
            "channel_mantissa": draw.uniform("channel", 1 << 15, (1 << 16) - 1, (5,), "u16"),
            "channel_exponent": draw.uniform("channel exponent", -30, -5, (5,), "i16"),
            "bias": draw.spread("bias", 39, (5,), "i64"),
        },
        provenance="random",
    )


def _random(setting: Setting, place: int) -> Case:
    identity = f"linear-{setting.slug}"
    width, draw = (12, 8, 14, 20)[place % 4], Draw(identity)
    weights = draw.weights("weights", (width, 3), 4 if place % 2 else 8)
    inputs = {
        "u": draw.spread("u", 30, (2, width), "i64"),
        "exponent": draw.uniform("exponent", -30, -16, (2,), "i32"),
        "weights": weights,
        "channel_mantissa": draw.uniform("channel", 1 << 15, (1 << 16) - 1, (3,), "u16"),
        "channel_exponent": draw.uniform("channel exponent", -26, -16, (3,), "i16"),
        "bias": draw.spread("bias", 24, (3,), "i64"),
    }
    if setting.encoding == "binary":
        inputs["weight_sums"] = weights.sum(axis=0, dtype=np.int32)
    return accepted(
        identity,
        "linear",
        "A whole spiking layer: catches any fault of its parts, and scales of another token.",
        {
            **setting.encoder,
            "rotate": (place // 2 + 1) % 2,
            "output_bits": 40 if place % 3 == 0 else 32,
        },
        inputs,
        provenance="random",
    )


def _directed(encoding: str) -> Iterator[Case]:
    setting = Setting(bits=4, encoding=encoding, ratio=(1, 1), ties="half-even")
    draw = Draw(f"linear-stale-{encoding}")
    weights = draw.weights("weights", (12, 4), 4)
    zero = [0] * 12
    rows = [[1 << 40, *zero[1:]], zero, [*zero[1:], -3], [5, -5] * 6, zero, [-(1 << 50)] * 12]
    inputs = {
        "u": tensor(rows, "i64"),
        "exponent": tensor([-40, -40, -10, -16, 0, -50], "i32"),
        "weights": weights,
        "channel_mantissa": draw.uniform("channel", 1 << 15, (1 << 16) - 1, (4,), "u16"),
        "channel_exponent": tensor([-16, -20, -24, 30], "i16"),
        "bias": tensor([0, 77, -77, 1], "i64"),
    }
    if encoding == "binary":
        inputs["weight_sums"] = weights.sum(axis=0, dtype=np.int32)
    for rotate in (0, 1):
        yield accepted(
            f"linear-back-to-back-{encoding}-rotate-{rotate}",
            "linear",
            "Huge, zero and tiny tokens back to back, outliers in the first and last lane: catches"
            " a scale, an exponent or a zero point that belongs to the token before.",
            {**setting.encoder, "rotate": rotate, "output_bits": 32},
            inputs,
            clauses=("ARITH-4", "COUNT-6", "ENG-7"),
        )


def _many_targets() -> Case:
    identity, sources, targets = "linear-few-sources-many-targets", 4, 48
    setting = Setting(bits=4, encoding="ternary", ratio=(1, 1), ties="half-even")
    draw = Draw(identity)
    return accepted(
        identity,
        "linear",
        "Bursts of events that each keep many accumulators busy: catches a queue that loses events"
        " when the layer stalls.",
        {**setting.encoder, "rotate": 0, "output_bits": 32},
        {
            "u": draw.spread("u", 20, (5, sources), "i64"),
            "exponent": tensor([-16] * 5, "i32"),
            "weights": draw.weights("weights", (sources, targets), 4),
            "channel_mantissa": draw.uniform("m", 1 << 15, (1 << 16) - 1, (targets,), "u16"),
            "channel_exponent": draw.uniform("e", -24, -18, (targets,), "i16"),
            "bias": draw.spread("bias", 20, (targets,), "i64"),
        },
        provenance="random",
        clauses=("EVENT-5",),
    )

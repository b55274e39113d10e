"""Clipping and encoding in particular situations (chapter 4)."""

from collections.abc import Iterator

import numpy as np

from spikeref.operations.operation import Parameters
from spikeref.suite.build import accepted, refused
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import BITS, TIES, Setting, settings
from spikeref.vectors.case import Case

LIMIT = 1 << 30


def encoder_cases() -> Iterator[Case]:
    """Yield the cases of clip and encode, thresholds aside."""
    yield from _clipped()
    for place, setting in enumerate(settings()):
        if place % 2 == 0:
            yield _random(setting)
        else:
            yield _corners(setting)
    yield _corners(Setting(bits=4, encoding="ternary", ratio=(1, 1), ties=TIES[0]))
    yield from _scales()
    yield from _zero_points()
    yield from _refused()


def _clipped() -> Iterator[Case]:
    thresholds = (0, 1, 5 << 16, 3 << 15, -(3 << 15), (1 << 47) - 1, -(1 << 47))
    exponents = [-80, -17, -16, -15, 0, 2]
    for mode in ("shift", "gate"):
        for ties in TIES:
            for place, threshold in enumerate(thresholds):
                near = sorted({_at(threshold, e) + d for e in exponents for d in (-1, 0, 1)})
                lanes = [v for v in near if abs(v) < LIMIT] + [LIMIT - 1, 1 - LIMIT, 0]
                yield accepted(
                    f"clip-{mode}-threshold-{place}-{ties}",
                    "clip",
                    "Potentials at the threshold of every exponent and beside it: catches >= for >,"
                    " a threshold not saturated to 31 bits, shift for gate, a floor of the tie.",
                    {"mode": mode, "threshold": threshold, "ties": ties},
                    {
                        "v": tensor([lanes] * len(exponents), "i32"),
                        "exponent": tensor(exponents, "i32"),
                    },
                )


def _at(threshold: int, exponent: int) -> int:
    """Return about where a threshold lies among potentials of an exponent."""
    shift = exponent + 16
    return threshold >> shift if shift >= 0 else threshold << min(-shift, 64)


def _random(setting: Setting) -> Case:
    identity = f"encode-random-{setting.slug}"
    return accepted(
        identity,
        "encode",
        "Random rows of all sizes: catches a scale kept from the row before.",
        setting.encoder,
        {"v": Draw(identity).spread("v", 30, (4, 9), "i32")},
        provenance="random",
    )


def _corners(setting: Setting) -> Case:
    rows = [
        [0] * 9,
        [LIMIT, *[1, -1] * 4],
        [0] * 9,
        [*[3, -2] * 4, -LIMIT],
        [1, 0, 0, 0, 0, 0, 0, 0, 0],
        [-1, 0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, -1],
        [127, -127, 64, -64, 1, -1, 0, 90, -90],
        [128, -128, 64, -64, 1, -1, 0, 90, -90],
        [129, -129, 64, -64, 1, -1, 0, 90, -90],
        [65535, -65535, 32767, -32768, 32768, 1, 0, -1, 2],
        [131071, -131071, 65535, -65535, 65536, 1, 0, -1, 2],
        [131070, -5, 65535, -65535, 65536, 1, 0, -1, 2],
        [LIMIT, LIMIT, LIMIT, LIMIT, LIMIT, LIMIT, LIMIT, LIMIT, LIMIT],
        [-LIMIT, -LIMIT, -LIMIT, -LIMIT, -LIMIT, -LIMIT, -LIMIT, -LIMIT, -LIMIT],
    ]
    if setting.encoding == "ternary":
        rows.append([(1 << 31) - 1, 0, 1, 5, 1 << 30, (1 << 30) + 1, 3 << 29, 0, 0])
    return accepted(
        f"encode-corners-{setting.slug}",
        "encode",
        "All-zero rows beside rows of full size, a lone outlier in the first and the last lane, a"
        " negative maximum, r < 1 at ±amax, scales that carry into 2^16: catches a stale scale, a"
        " range of 0, a range of v instead of |v|, and a mantissa of 2^16.",
        setting.encoder,
        {"v": tensor(rows, "i32")},
        clauses=("ARITH-6",),
    )


def _scales() -> Iterator[Case]:
    for ties in TIES:
        setting = Setting(bits=4, encoding="ternary", ratio=(1, 1), ties=ties)
        # Halves below 16 bits, at an even and an odd neighbour, and one that carries into 2^16.
        ranges = [(1 << 16) + 1, (1 << 16) + 3, (1 << 17) + 2, (3 << 15) + 1, (1 << 17) - 1]
        yield accepted(
            f"encode-scale-ties-{ties}",
            "encode",
            "Ranges whose 16-bit mantissa is an exact half: catches a token scale that floors, or"
            " ties by another rule than the counts.",
            setting.encoder,
            {"v": tensor([[spread, -1, 0] for spread in ranges], "i32")},
            clauses=("ARITH-6",),
        )


def _zero_points() -> Iterator[Case]:
    for bits in BITS:
        for ties in TIES if bits in (2, 4, 8) else TIES[bits % 2 :][:1]:
            levels = (1 << bits) - 1
            # −Q·low/range is k + 1/2 for these lows of a range 2·Q.
            lows = [1, 2, 3, 5, levels, 2 * levels - 1, 2 * levels]
            rows = [[-low, 2 * levels - low, 0, 1, -1 if low else 0] for low in lows]
            rows += [[3, 5, 7, 9, 11], [-3, -5, -7, -9, -11], [0, 0, 4, 0, 0], [0, 0, -4, 0, 0]]
            setting = Setting(bits=bits, encoding="binary", ratio=(1, 2), ties=ties)
            yield accepted(
                f"encode-zero-point-b{bits}-{ties}",
                "encode",
                "Zero points at exact halves, rows that are all positive or all negative: catches"
                " a zero point that floors, takes the clip ratio, or leaves 0 out of the range.",
                setting.encoder,
                {"v": tensor(rows, "i32")},
                clauses=("ENC-6",),
            )


def _refused() -> Iterator[Case]:
    v = tensor([[5, -3, 0, 1]], "i32")
    valid: Parameters = {
        "bits": 4,
        "encoding": "ternary",
        "ratio_n": 9,
        "ratio_d": 10,
        "ties": "half-even",
    }
    beside = "encode-parameters-valid"
    comment = "The valid neighbour of refused parameters: catches a device that refuses all."
    yield accepted(beside, "encode", comment, valid, {"v": v})
    yield accepted(
        "encode-ratio-of-1024",
        "encode",
        "The largest denominator: catches a limit one off.",
        {**valid, "ratio_n": 1, "ratio_d": 1024},
        {"v": v},
    )
    for name, change in (
        ("bits-1", {"bits": 1}),
        ("bits-9", {"bits": 9}),
        ("unknown-encoding", {"encoding": "unary"}),
        ("ratio-of-0", {"ratio_n": 0}),
        ("ratio-above-1", {"ratio_n": 11}),
        ("ratio-denominator-1025", {"ratio_n": 1, "ratio_d": 1025}),
    ):
        yield refused(
            f"encode-{name}",
            "encode",
            "parameter",
            "One parameter out of its range: catches a device that encodes all the same.",
            {**valid, **change},
            {"v": v},
            beside=beside,
        )
    for encoding, sign in (("ternary", -1), ("binary", -1), ("binary", 1)):
        name = f"{encoding}-{'low' if sign < 0 else 'high'}"
        parameters: Parameters = {**valid, "encoding": encoding}
        edge = np.array([[sign * LIMIT, 7]], dtype=np.int32)
        yield accepted(
            f"encode-{name}-at-limit",
            "encode",
            "The last potential of the domain: catches a gate one too early.",
            parameters,
            {"v": edge},
            clauses=("OP-6",),
        )
        yield refused(
            f"encode-{name}-beyond-limit",
            "encode",
            "range",
            "One potential beyond 2^30: catches a missing width gate.",
            parameters,
            {"v": edge + np.array([[sign, 0]], dtype=np.int32)},
            beside=f"encode-{name}-at-limit",
            clauses=("ARITH-1", "OP-6"),
        )

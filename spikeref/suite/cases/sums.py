"""Spike-driven sums, their tiles and width, zero points (chapter 5)."""

from collections.abc import Iterator

import numpy as np

from spikeref.operations.operation import Parameters
from spikeref.suite.build import accepted, refused
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import BITS, RATIOS, Setting, count_kinds
from spikeref.vectors.case import Case


def sum_cases() -> Iterator[Case]:
    """Yield the cases of headroom, sparse_add, tiled_add, zero_point."""
    yield from _headroom()
    for bits, encoding in count_kinds():
        yield from _sums(bits, encoding)
        if bits in (2, 4, 8):
            yield from _refused_counts(bits, encoding)
    yield from _every_count()
    yield _more_targets()
    yield from _extreme_sums()
    yield from _tiles()
    yield from _zero_points()


def _headroom() -> Iterator[Case]:
    for place, (bits, encoding) in enumerate(count_kinds()):
        ratio = RATIOS[place % 4]
        setting = Setting(bits=bits, encoding=encoding, ratio=ratio, ties="half-even")
        identity = f"headroom-{encoding}-b{bits}-r{ratio[0]}-{ratio[1]}"
        weights = Draw(identity).weights("weights", (9, 4))
        parameters: Parameters = {k: v for k, v in setting.encoder.items() if k != "ties"} | {
            "acc_bits": 32
        }
        yield accepted(
            identity,
            "headroom",
            "The bound from absolute sums of columns: catches rows for columns, signed sums, and"
            " c_max of another encoding or clip ratio.",
            parameters,
            {"weights": weights},
            provenance="random",
        )
    ternary: Parameters = {"bits": 4, "encoding": "ternary", "ratio_n": 1, "ratio_d": 1}
    # 7·(127·9 + 27) = 2^13 − 2 and 7·(127·9 + 28) = 2^13 + 5: widths of 14 and 15 bits.
    for name, last, acc_bits in (("last", 27, 14), ("first", 28, 15)):
        yield accepted(
            f"headroom-{name}-of-width-{acc_bits}",
            "headroom",
            "A bound just below or above a power of two: catches a width one off.",
            {**ternary, "acc_bits": acc_bits},
            {"weights": tensor([[127], [-127]] * 4 + [[127], [last]], "i8")},
        )
    yield refused(
        "headroom-one-bit-short",
        "headroom",
        "headroom",
        "A width over acc_bits by one: catches a comparison of the bound without its sign bit.",
        {**ternary, "acc_bits": 14},
        {"weights": tensor([[127], [-127]] * 4 + [[127], [28]], "i8")},
        beside="headroom-last-of-width-14",
    )
    yield accepted(
        "headroom-all-zero",
        "headroom",
        "Weights that are all 0: catches a width of 0 bits.",
        {**ternary, "acc_bits": 1},
        {"weights": tensor([[0, 0]], "i8")},
    )
    binary: Parameters = {
        "bits": 8,
        "encoding": "binary",
        "ratio_n": 1,
        "ratio_d": 1,
        "acc_bits": 32,
    }
    yield accepted(
        "headroom-large-sum",
        "headroom",
        "A bound of 255·127·16600, just over 2^29: catches a sum of 16 bits, and a lower limit.",
        binary,
        {"weights": np.full((16600, 1), -127, dtype=np.int8)},
    )
    yield refused(
        "headroom-beyond-2-to-the-30",
        "headroom",
        "headroom",
        "255·127·33156 passes 2^30, though acc_bits would allow it: catches a missing limit.",
        binary,
        {"weights": np.full((33156, 1), 127, dtype=np.int8)},
        beside="headroom-large-sum",
    )


def _sums(bits: int, encoding: str) -> Iterator[Case]:
    identity = f"sparse-add-{encoding}-b{bits}"
    draw = Draw(identity)
    yield accepted(
        identity,
        "sparse_add",
        "Random counts with the most negative one: catches the sign of a -1 spike, D-1 steps, and"
        " rows for columns.",
        {"bits": bits, "encoding": encoding},
        {
            "counts": draw.counts("counts", bits, encoding, (3, 8)),
            "weights": draw.weights("weights", (8, 5)),
        },
        provenance="random",
        clauses=("ADD-5", "ENC-5"),
    )


def _refused_counts(bits: int, encoding: str) -> Iterator[Case]:
    low, high = (0, (1 << bits) - 1) if encoding == "binary" else (-(1 << bits - 1), 0)
    high = high or (1 << (bits - 1)) - 1
    weights = tensor([[1, -1], [2, 3]], "i8")
    parameters: Parameters = {"bits": bits, "encoding": encoding}
    for name, wrong in (("low", low - 1), ("high", high + 1)):
        yield refused(
            f"sparse-add-{name}-count-{encoding}-b{bits}",
            "sparse_add",
            "range",
            "One count beyond those of the encoder: catches a device that adds it all the same.",
            parameters,
            {"counts": tensor([[1, wrong]], "i16"), "weights": weights},
            beside=f"sparse-add-{encoding}-b{bits}",
            clauses=("ENC-2" if encoding == "ternary" else "ENC-3",),
        )
    if bits == 4:
        wrong = high + 1
        yield refused(
            f"counters-high-count-{encoding}",
            "counters",
            "range",
            "One count beyond those of the encoder: catches a device that counts it.",
            parameters,
            {"counts": tensor([[1, wrong]], "i16"), "weights": weights},
            beside=f"counters-{encoding}-b{bits}",
        )
        yield refused(
            f"tiled-add-low-count-{encoding}",
            "tiled_add",
            "range",
            "One count beyond those of the encoder: catches a device that adds it.",
            parameters,
            {
                "counts": tensor([1, low - 1], "i16"),
                "weights": weights,
                "edges": tensor([0, 1, 2], "i32"),
            },
            beside=f"tiled-add-{encoding}-in-2",
        )


def _every_count() -> Iterator[Case]:
    for encoding, low, high in (("ternary", -128, 127), ("binary", 0, 255)):
        yield accepted(
            f"sparse-add-every-count-{encoding}-b8",
            "sparse_add",
            "Every count of eight bits by itself: catches one that fires once too often.",
            {"bits": 8, "encoding": encoding},
            {
                "counts": np.arange(low, high + 1, dtype=np.int16)[:, None],
                "weights": tensor([[1]], "i8"),
            },
            provenance="exhaustive",
            clauses=("ENC-5",),
        )


def _more_targets() -> Case:
    return accepted(
        "sparse-add-more-targets-than-sources",
        "sparse_add",
        "More targets than sources, and a silent token: catches accumulators of N elements.",
        {"bits": 4, "encoding": "ternary"},
        {
            "counts": tensor([[0, 0], [3, -8], [0, 0]], "i16"),
            "weights": tensor([[1, -2, 3, -4, 5], [127, 0, -127, 1, 2]], "i8"),
        },
    )


def _extreme_sums() -> Iterator[Case]:
    for bits, encoding, width in ((4, "ternary", 4096), (8, "ternary", 512), (8, "binary", 512)):
        low, high = (0, 255) if encoding == "binary" else (-(1 << bits - 1), (1 << bits - 1) - 1)
        signs = np.where(np.arange(width) % 2 == 0, 1, -1).astype(np.int8)
        extreme = np.where(signs > 0, high, low).astype(np.int16)
        columns = [np.full(width, 127), np.full(width, -127), signs * 127]
        yield accepted(
            f"sparse-add-extreme-{encoding}-b{bits}-k{width}",
            "sparse_add",
            "All counts and weights at their limits, alternating and of one sign, the most negative"
            " count on the most negative weight: catches an accumulator of 16 bits, or one that"
            " saturates before the whole sum.",
            {"bits": bits, "encoding": encoding},
            {
                "counts": np.stack([extreme, extreme[::-1]])[: 1 if width > 1024 else 2],
                "weights": np.stack(columns, axis=1).astype(np.int8)[:, : 1 if width > 1024 else 3],
            },
            clauses=("ADD-2", "ADD-3"),
        )


def _tiles() -> Iterator[Case]:
    for encoding in ("ternary", "binary"):
        for tiles, edges in (
            (1, [0, 21]),
            (2, [0, 5, 21]),
            (3, [0, 1, 14, 21]),
            (7, [0, 1, 3, 4, 9, 10, 20, 21]),
        ):
            identity = f"tiled-add-{encoding}-in-{tiles}"
            draw = Draw(identity)
            counts = draw.counts("counts", 4, encoding, (21,))
            counts[edges[-2] :] = 0
            yield accepted(
                identity,
                "tiled_add",
                "Uneven tiles, the last of them silent: catches an accumulator kept between tiles,"
                " edges taken as inclusive, and a rescale for each tile.",
                {"bits": 4, "encoding": encoding},
                {
                    "counts": counts,
                    "weights": draw.weights("weights", (21, 3)),
                    "edges": tensor(edges, "i32"),
                },
            )
    for bits in BITS:
        identity = f"tiled-add-b{bits}"
        draw = Draw(identity)
        yield accepted(
            identity,
            "tiled_add",
            "Tiles of every number of bits, one of them empty: catches tiles of a fixed size.",
            {"bits": bits, "encoding": "ternary" if bits % 2 else "binary"},
            {
                "counts": draw.counts("counts", bits, "ternary" if bits % 2 else "binary", (9,)),
                "weights": draw.weights("weights", (9, 2)),
                "edges": tensor([0, 4, 4, 9], "i32"),
            },
        )


def _zero_points() -> Iterator[Case]:
    draw = Draw("zero-point-random")
    yield accepted(
        "zero-point-random",
        "zero_point",
        "Zero points of every size: catches the term left out, added, or of the row before.",
        {},
        {
            "y": draw.uniform("y", -(1 << 28), 1 << 28, (5, 4), "i32"),
            "zero_point": tensor([0, 1, 7, 128, 255], "i16"),
            "weight_sums": draw.uniform("weight_sums", -(1 << 20), 1 << 20, (4,), "i32"),
        },
        provenance="random",
    )

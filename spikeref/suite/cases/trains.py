"""Trains, LIF neurons, packed spikes, and the whole spiking input (chapters 4, 8 and 16)."""

from collections.abc import Iterator

from spikeref.operations.operation import Parameters
from spikeref.suite.build import accepted, refused
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import TIES, Setting, count_kinds, settings
from spikeref.vectors.case import Case

LARGEST_TRAIN = 1 << 13
BESIDE_POWERS = {(1 << k) - 1 for k in range(9)} | {1 << k for k in range(8)}
LARGEST_INPUT = (1 << 62) - 1


def train_cases() -> Iterator[Case]:
    """Yield the cases of unfold, lif, pack_ternary, unpack_ternary and spiking_input."""
    yield from _unfolded()
    yield from _lif()
    yield from _packed()
    for place, setting in enumerate(list(settings())[::2]):
        yield _random_input(setting, place)
    yield from _directed_inputs()


def counts_of(bits: int, encoding: str) -> list[int]:
    """Return every count that an encoder can give."""
    if encoding == "binary":
        return list(range(1 << bits))
    return list(range(-(1 << (bits - 1)), 1 << (bits - 1)))


def _unfolded() -> Iterator[Case]:
    for bits, encoding in count_kinds():
        counts = counts_of(bits, encoding)
        if len(counts) * counts[-1] > LARGEST_TRAIN:
            # 255 steps of 256 neurons would be a twentieth of the whole suite; every count is
            # tried in sparse_add.
            near = BESIDE_POWERS | {-count for count in BESIDE_POWERS}
            counts = sorted({*counts[::8], *near}.intersection(counts))
        parameters: Parameters = {"bits": bits, "encoding": encoding}
        identity = f"unfold-every-count-{encoding}-b{bits}"
        yield accepted(
            identity,
            "unfold",
            "Every count, every eighth of the longest trains: catches D-1 steps, a right-aligned"
            " train, and the most negative count that fires once too few.",
            parameters,
            {"counts": tensor(counts, "i16")},
            provenance="exhaustive",
        )
        for name, wrong in (("low", counts[0] - 1), ("high", counts[-1] + 1)):
            yield refused(
                f"unfold-{name}-count-{encoding}-b{bits}",
                "unfold",
                "range",
                "One count beyond those that the bits give: catches a train that wraps.",
                parameters,
                {"counts": tensor([0, wrong, 1], "i16")},
                beside=identity,
            )


def _lif() -> Iterator[Case]:
    top, low = (1 << 31) - 1, -(1 << 31)
    neurons = (
        ("plain", 100, 0, 1, 1), ("reset", 100, -7, 3, 2), ("keep-all", 50, 5, 1, 0),
        ("forget", 10, 0, 0, 3), ("half", 1000, 0, 1, 1), ("slow", 1 << 20, -1, 32767, 15),
        ("zero-threshold", 0, -3, 5, 3), ("negative-threshold", -4, 2, 7, 4),
        ("extreme", top, low, 1 << 15, 15),
    )  # fmt: skip
    current = [
        [99, 100, 101, -5, 5, 3, -3, 7, top, low],
        [1, 0, -1, -5, 5, 3, -3, -7, top, low],
        [50, 101, 100, -5, -5, 1, -1, 9, 5, -5],
        [-50, 3, 0, 5, 7, 1000, 999, -9, low, top],
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    ]
    for ties in TIES:
        for name, threshold, reset, mantissa, shift in neurons:
            yield accepted(
                f"lif-{name}-{ties}",
                "lif",
                "A potential at the threshold, decays to odd halves, saturation at 32 bits:"
                " catches > for >=, a decay that floors, a reset by subtraction, and wrapping.",
                {
                    "threshold": threshold,
                    "reset": reset,
                    "decay_mantissa": mantissa,
                    "decay_shift": shift,
                    "ties": ties,
                },
                {"current": tensor(current, "i32")},
                clauses=("ARITH-4",),
            )
    valid: Parameters = {
        "threshold": 1,
        "reset": 0,
        "decay_mantissa": 2,
        "decay_shift": 1,
        "ties": TIES[0],
    }
    for name, change in (
        ("decay-above-1", {"decay_mantissa": 3}),
        ("negative-decay", {"decay_mantissa": -1}),
        ("decay-shift-16", {"decay_shift": 16}),
        ("decay-shift-minus-1", {"decay_shift": -1, "decay_mantissa": 0}),
        ("threshold-33-bits", {"threshold": 1 << 31}),
        ("reset-33-bits", {"reset": -(1 << 31) - 1}),
    ):
        yield refused(
            f"lif-{name}",
            "lif",
            "parameter",
            "One parameter that ENC-9 excludes: catches a device without the check.",
            {**valid, **change},
            {"current": tensor([[1, 2]], "i32")},
            beside="lif-keep-all-half-even",
        )


def _packed() -> Iterator[Case]:
    for neurons in (1, 2, 3, 4, 5, 7, 8, 13):
        identity = f"pack-ternary-{neurons}-neurons"
        train = Draw(identity).uniform("train", -1, 1, (5, neurons), "i8")
        comment = "Rows with a tail: catches the order of lanes, sign codes, and rows not padded."
        yield accepted(identity, "pack_ternary", comment, {}, {"train": train})
        codes = Draw(identity).uniform("codes", 0, 2, (3, neurons), "u8").tolist()
        rows = [_joined([(0, 1, 3)[code] for code in row]) for row in codes]
        yield accepted(
            f"unpack-ternary-{neurons}-neurons",
            "unpack_ternary",
            "Packed rows: catches 11 read as 3, and lanes from the high end.",
            {"neurons": neurons},
            {"packed": tensor(rows, "u8")},
        )
    for name, neurons, byte, valid in (
        ("code-10-in-first-lane", 4, 0b00000010, 4),
        ("code-10-in-last-lane", 4, 0b10000000, 4),
        ("spike-in-tail", 3, 0b01000000, 3),
        ("negative-spike-in-tail", 1, 0b00001100, 1),
        ("code-10-in-tail", 3, 0b10000000, 3),
    ):
        yield refused(
            f"unpack-ternary-{name}",
            "unpack_ternary",
            "code",
            "An illegal code, or a spike of no neuron: catches a receiver that trusts its sender.",
            {"neurons": neurons},
            {"packed": tensor([[0b00000001], [byte]], "u8")},
            beside=f"unpack-ternary-{valid}-neurons",
        )


def _joined(codes: list[int]) -> list[int]:
    """Return bytes of four codes each, the first in the lowest bits (PACK-2)."""
    return [
        sum(code << 2 * k for k, code in enumerate(codes[start : start + 4]))
        for start in range(0, len(codes), 4)
    ]


def _random_input(setting: Setting, place: int) -> Case:
    width, rotate = (12, 16, 20, 14, 28)[place % 5], (place // 2) % 2
    identity = f"spiking-input-{setting.slug}"
    draw = Draw(identity)
    return accepted(
        identity,
        "spiking_input",
        "Entry, rotation and encoding in one: catches an exponent that forgets the shift, and a"
        " rotation after the encoder or of another order.",
        {**setting.encoder, "rotate": rotate},
        {
            "u": draw.spread("u", 42, (3, width), "i64"),
            "exponent": draw.uniform("exponent", -40, 10, (3,), "i32"),
        },
        provenance="random",
    )


def _directed_inputs() -> Iterator[Case]:
    big, width = LARGEST_INPUT, 12
    rows = [
        [0] * width,
        [big, *[0] * (width - 1)],
        [*[0] * (width - 1), -big],
        [0] * width,
        [32767] * width,
        [32768, *[1, -1] * 5, 3],
        [65535, *[3, -3] * 5, 1],
        [-65536, *[2, -6] * 5, 1],
        [(1 << 40) - 1, *[(1 << 24) + 1, -(1 << 24) - 1] * 5, 5],
        [1, *[0] * (width - 1)],
        [-1] * width,
    ]
    exponents = [-32, -32, -16, -30, 0, 1, 5, -7, -64, 3, 12]
    for encoding in ("ternary", "binary"):
        for rotate in (0, 1):
            for ties in (TIES[rotate],):
                setting = Setting(bits=4, encoding=encoding, ratio=(1, 1), ties=ties)
                yield accepted(
                    f"spiking-input-corners-{encoding}-rotate-{rotate}-{ties}",
                    "spiking_input",
                    "A zero token between full ones, an outlier in the first and last lane, entries"
                    " at 2^15: catches a stale shift, and an entry of 17 bits.",
                    {**setting.encoder, "rotate": rotate},
                    {"u": tensor(rows, "i64"), "exponent": tensor(exponents, "i32")},
                    clauses=("ARITH-5",),
                )
    draw = Draw("spiking-input-clipped")
    for mode in ("shift", "gate"):
        for threshold in (3 << 16, -(2 << 16), 1 << 15):
            for rotate, ties in enumerate(TIES):
                setting = Setting(bits=4, encoding="ternary", ratio=(9, 10), ties=ties)
                sign = "minus" if threshold < 0 else "plus"
                yield accepted(
                    f"spiking-input-{mode}-{sign}-{abs(threshold)}-{ties}",
                    "spiking_input",
                    "Potentials clipped after the rotation: catches clipping before it, with the"
                    " exponent of the input, or after the range was taken.",
                    {**setting.encoder, "rotate": rotate, "mode": mode, "threshold": threshold},
                    {
                        "u": draw.spread("u", 20, (5, 12), "i64"),
                        "exponent": tensor([-16, -14, -18, -12, -20], "i32"),
                    },
                )

"""Address events: packets, arrival, integration, and delivery that fails (chapter 11)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spikeref.operations.operation import Parameters
from spikeref.operations.table import run_operation
from spikeref.suite.build import accepted, refused
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import count_kinds
from spikeref.vectors.case import Case

EPOCH = 5
END = 1 << 37
STEP = 1 << 28
NEGATIVE = 1 << 36
EPOCH_UNIT = 1 << 38
TERNARY: Parameters = {"bits": 4, "encoding": "ternary", "epoch": EPOCH}
WEIGHTS = [[1, -2, 3], [10, 20, -30], [-127, 127, 5], [4, -5, 6]]
COUNTS = [3, -8, 7, -1]


def event_cases() -> Iterator[Case]:
    """Yield the cases of pack_events, arrival and integrate."""
    for bits, encoding in count_kinds():
        yield from _whole_route(bits, encoding)
    yield from _epochs()
    yield from _refused_counts()
    yield from _arrivals()
    yield from _orders()
    yield from _faulty()
    yield from _beyond_odd_steps()


def packets_of(counts: list[int], bits: int = 4, encoding: str = "ternary") -> NDArray[np.uint64]:
    """Return the packets of counts in epoch 5, as pushed."""
    parameters: Parameters = {"bits": bits, "encoding": encoding, "epoch": EPOCH}
    return run_operation("pack_events", parameters, {"counts": tensor(counts, "i16")})["packets"]


def _whole_route(bits: int, encoding: str) -> Iterator[Case]:
    identity = f"pack-events-{encoding}-b{bits}"
    low = 0 if encoding == "binary" else -(1 << (bits - 1))
    high = (1 << bits) - 1 if encoding == "binary" else (1 << (bits - 1)) - 1
    parameters: Parameters = {"bits": bits, "encoding": encoding, "epoch": EPOCH}
    counts = tensor([1, 0, high, low], "i16")
    yield accepted(
        identity,
        "pack_events",
        "Both extreme counts: catches steps numbered from 1, the order of source before step,"
        " polarity of the other sign, and an end marker that counts itself.",
        parameters,
        {"counts": counts},
        clauses=("ENC-5", "PACK-5"),
    )
    draw = Draw(f"integrate-{encoding}-b{bits}")
    packets = packets_of(draw.counts("counts", bits, encoding, (4,)).tolist(), bits, encoding)
    yield accepted(
        f"integrate-{encoding}-b{bits}",
        "integrate",
        "Every step of a train: catches a receiver that ignores polarity or the last steps.",
        parameters,
        {"packets": packets, "weights": draw.weights("weights", (4, 3))},
        provenance="random",
        clauses=("ADD-1", "ENG-4"),
    )


def _epochs() -> Iterator[Case]:
    for name, epoch in (("zero", 0), ("largest", (1 << 26) - 1), ("wrapped", (1 << 26) + 7)):
        parameters: Parameters = {"bits": 3, "encoding": "ternary", "epoch": epoch}
        counts = tensor([2, -3, 0], "i16")
        yield accepted(
            f"pack-events-epoch-{name}",
            "pack_events",
            "Epochs at the ends of their field: catches a field of other width, or no modulus.",
            parameters,
            {"counts": counts},
            clauses=("PACK-5",),
        )
        packets = run_operation("pack_events", parameters, {"counts": counts})["packets"]
        yield accepted(
            f"integrate-epoch-{name}",
            "integrate",
            "Epochs at the ends of their field: catches a receiver that compares more bits.",
            parameters,
            {"packets": packets, "weights": tensor([[1, 2], [4, 8], [16, 32]], "i8")},
            clauses=("EVENT-1",),
        )
    yield accepted(
        "pack-events-falling-before-rising",
        "pack_events",
        "A lower source falls in the step in which a higher one rises: catches an order by"
        " polarity.",
        TERNARY,
        {"counts": tensor([-2, 3, -1, 1], "i16")},
    )
    yield accepted(
        "pack-events-silent",
        "pack_events",
        "A silent population: catches a missing end marker where there is no event.",
        TERNARY,
        {"counts": tensor([0, 0, 0], "i16")},
    )


def _refused_counts() -> Iterator[Case]:
    for encoding, wrong in (("ternary", 8), ("ternary", -9), ("binary", -1), ("binary", 16)):
        yield refused(
            f"pack-events-{encoding}-count-{'minus-' if wrong < 0 else ''}{abs(wrong)}",
            "pack_events",
            "range",
            "A count of no train: catches a sender that wraps its steps.",
            {**TERNARY, "encoding": encoding},
            {"counts": tensor([1, wrong], "i16")},
            beside=f"pack-events-{encoding}-b4",
        )


def _arrivals() -> Iterator[Case]:
    packets = packets_of([3, -8, 0, 7, 1, -1])
    for order, seed in (
        ("sorted", 0),
        ("reversed", 0),
        ("shuffled", 0),
        ("shuffled", 1),
        ("shuffled", (1 << 40) + 12345),
    ):
        yield accepted(
            f"arrival-{order}-seed-{seed}",
            "arrival",
            "Twenty events in one order: catches words of the seed alone, without the epoch, an"
            " unstable order, and an end marker that is moved too.",
            {"order": order, "seed": seed},
            {"packets": packets},
            clauses=("ARITH-10",),
        )
    yield accepted(
        "arrival-silent",
        "arrival",
        "Nothing but an end marker: catches an order of no events.",
        {"order": "shuffled", "seed": 3},
        {"packets": packets_of([0, 0])},
    )


def _integrated(name: str, comment: str, packets: list[int]) -> Case:
    return accepted(
        f"integrate-{name}",
        "integrate",
        comment,
        TERNARY,
        {"packets": tensor(packets, "u64"), "weights": tensor(WEIGHTS, "i8")},
    )


def _orders() -> Iterator[Case]:
    packets = [int(word) for word in packets_of(COUNTS)]
    events, end = packets[:-1], packets[-1]
    comment = "The same epoch in another order: catches a receiver that relies on the order"
    yield _integrated("sorted", f"{comment} of steps.", packets)
    yield _integrated("reversed", f"{comment} of steps.", [*reversed(events), end])
    turn = Draw("integrate-shuffled").uniform("turn", 0, 1 << 30, (len(events),), "i32").tolist()
    shuffled = [word for _, word in sorted(zip(turn, events, strict=True))]
    yield _integrated("shuffled", f"{comment} of sources.", [*shuffled, end])
    yield _integrated("end-first", f"{comment} of the end marker.", [end, *events])
    yield _integrated("end-in-the-middle", f"{comment} after it.", [*events[:6], end, *events[6:]])
    silent = [int(word) for word in packets_of([0, 0, 0, 0])]
    yield _integrated("silent", "No events: catches an accumulator that is not cleared.", silent)


def _faulty() -> Iterator[Case]:
    packets = [int(word) for word in packets_of(COUNTS)]
    events, end = packets[:-1], packets[-1]
    other = 6 * EPOCH_UNIT
    faults = (
        ("dropped", "a lost event", [*events[1:], end]),
        ("dropped-last", "a lost event", [*events[:-1], end]),
        ("doubled", "an event twice, the count raised", [*events, events[3], end + 1]),
        ("doubled-for-another", "an event in place of another", [*events[1:], events[4], end]),
        ("doubled-in-reverse", "an event twice, its copy of the other sign",
         [*events, events[0] ^ NEGATIVE, end + 1]),
        ("wrong-epoch", "an event of the next epoch", [events[0] + EPOCH_UNIT, *events[1:], end]),
        ("wrong-epoch-added", "an event of epoch 6 beside the whole epoch",
         [*events, other, end]),
        ("epoch-high-bit", "an epoch that differs in its highest bit",
         [events[0] | 1 << 63, *events[1:], end]),
        ("end-of-another-epoch", "the end marker of epoch 6", [*events, end + EPOCH_UNIT]),
        ("end-missing", "no end marker", events),
        ("end-twice", "a second end marker", [end, *events, end]),
        ("end-counts-one-less", "an end marker that counts one less", [*events, end - 1]),
        ("end-counts-one-more", "an end marker that counts one more", [*events, end + 1]),
        ("end-counts-itself", "an end marker alone that counts 1", [end - len(events) + 1]),
        ("source-out-of-range", "a source one beyond the last",
         [*events[:-1], (events[-1] & ~(STEP - 1)) | 4, end]),
        ("source-far-out-of-range", "the largest source number",
         [events[0] | STEP - 1, *events[1:], end]),
        ("step-out-of-range", "a step one beyond D", [*events[1:], events[0] + 8 * STEP, end]),
        ("step-far-out-of-range", "the largest step", [*events[1:], events[0] | 255 * STEP, end]),
    )  # fmt: skip
    for name, what, wrong in faults:
        yield refused(
            f"integrate-{name}",
            "integrate",
            "delivery",
            f"Delivery with {what}: catches a receiver that does not notice it.",
            TERNARY,
            {"packets": tensor(wrong, "u64"), "weights": tensor(WEIGHTS, "i8")},
            beside="integrate-sorted",
            clauses=("EVENT-1",),
        )


def _beyond_odd_steps() -> Iterator[Case]:
    """Yield steps one beyond an odd D, the length of asymmetric trains."""
    for bits in (4, 8):
        steps = (1 << bits) - 1
        packets = [int(word) for word in packets_of([1, 5], bits, "binary")]
        parameters: Parameters = {"bits": bits, "encoding": "binary", "epoch": EPOCH}
        yield refused(
            f"integrate-step-{steps + 1}-of-{steps}",
            "integrate",
            "delivery",
            "A step one beyond D = 2^b - 1: catches a limit of 2^b steps.",
            parameters,
            {
                "packets": tensor([packets[0] + steps * STEP, *packets[1:]], "u64"),
                "weights": tensor([[1], [2]], "i8"),
            },
            beside=f"integrate-binary-b{bits}",
            clauses=("EVENT-1",),
        )

"""Address events of OAT trains: packets, integration, delivery that fails (NEUR-9)."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spikeref.operations.operation import Parameters
from spikeref.operations.table import run_operation
from spikeref.suite.build import accepted, hand_worked, refused
from spikeref.suite.cases.las_operators import CODE, coded
from spikeref.suite.draw import Draw, tensor
from spikeref.vectors.case import Case

EPOCH = 5
OUTLIER, STEP, LEVEL, NEGATIVE, END = (1 << bit for bit in (27, 28, 32, 36, 37))
EPOCH_UNIT = 1 << 38
FORM: Parameters = {"steps": 11, "levels": 2}


def las_event_cases() -> Iterator[Case]:
    """Yield the cases of las_events and las_integrate."""
    yield from _by_hand()
    yield from _packets()
    yield from _integrations()
    yield from _faulty()


def _by_hand() -> Iterator[Case]:
    # n = 2, T = 10: 1540 = 3·512 + 2·2: step 1 level 1, step 9 level 0; −2 = step 10 level 0.
    stamp = EPOCH * EPOCH_UNIT
    packets = [
        OUTLIER + LEVEL + stamp,
        OUTLIER + 8 * STEP + stamp,
        1 + 9 * STEP + NEGATIVE + stamp,
        3 + END + stamp,
    ]
    yield hand_worked(
        "hand-las-events",
        "las_events",
        "1540 = 3*512 + 2*2 fires level 1 at step 1 and level 0 at step 9 behind the outlier gate;"
        " -2 fires level 0 at step 10; three events.",
        {"steps": 10, "levels": 2, "epoch": EPOCH},
        {"counts": tensor([1540, -2], "i32"), "outliers": tensor([1, 0], "i8")},
        {"packets": packets},
    )
    # r_o = 3: (1536 + 4)·3·2 − 2·5 = 9230.
    yield hand_worked(
        "hand-las-integrate",
        "las_integrate",
        "(3*512 + 2*2)*3 on a weight of 2, and -2 on 5: 9240 - 10.",
        {"steps": 10, "levels": 2, "threshold_n": 5, "threshold_o": 15, "epoch": EPOCH},
        {"packets": tensor(packets, "u64"), "weights": tensor([[2], [5]], "i16")},
        {"y": [9230]},
    )


def packets_of(
    identity: str, neurons: int, epoch: int = EPOCH, *, steps: int, levels: int
) -> NDArray[np.uint64]:
    """Return the packets of random spikes of thresholds 2 and 24."""
    spikes = coded(identity, (1, neurons), steps=steps, levels=levels)
    return run_operation(
        "las_events",
        {"steps": steps, "levels": levels, "epoch": epoch},
        {name: array[0] for name, array in spikes.items()},
    )["packets"]


def _packets() -> Iterator[Case]:
    for steps, levels, epoch in ((16, 1, (1 << 26) - 1), (13, 15, (1 << 26) + 7)):
        identity = f"las-events-t{steps}-n{levels}"
        spikes = coded(identity, (1, 5), steps=steps, levels=levels)
        yield accepted(
            identity,
            "las_events",
            "Every step of a train, levels and both sub-neurons: catches steps or levels from 1,"
            " the order of source before step, a field of other width, an end marker that counts"
            " itself.",
            {"steps": steps, "levels": levels, "epoch": epoch},
            {name: array[0] for name, array in spikes.items()},
            provenance="random",
        )
    form: Parameters = {"steps": 10, "levels": 1, "epoch": EPOCH}
    silent = {"counts": tensor([0, 0], "i32"), "outliers": tensor([0, 1], "i8")}
    comment = "A silent population: catches a missing end marker where there is no event."
    yield accepted("las-events-silent", "las_events", comment, form, silent)
    yield refused(
        "las-events-count-of-no-neuron",
        "las_events",
        "range",
        "A count of one bit too many: catches a sender that drops it.",
        form,
        {**silent, "counts": tensor([1024, 0], "i32")},
        beside="las-events-silent",
    )


def _integrated(name: str, comment: str, packets: list[int], **form: int) -> Case:
    identity = f"las-integrate-{name}"
    return accepted(
        identity,
        "las_integrate",
        comment,
        {**(form or FORM), **CODE, "epoch": EPOCH},
        {
            "packets": tensor(packets, "u64"),
            "weights": Draw("las-integrate").uniform("weights", -32767, 32767, (4, 3), "i16"),
        },
        clauses=("EVENT-5", "EVENT-6"),
    )


def _integrations() -> Iterator[Case]:
    for steps, levels in ((16, 1), (12, 15)):
        name = f"t{steps}-n{levels}"
        packets = packets_of(f"las-integrate-{name}", 4, steps=steps, levels=levels)
        yield _integrated(
            name,
            "Every step and level: catches the least significant step first, a ratio of the other"
            " sub-neuron, a lost polarity.",
            packets.tolist(),
            steps=steps,
            levels=levels,
        )
    *events, end = _sorted()
    comment = "The same epoch in another order: catches a receiver that relies on the order"
    yield _integrated("sorted", f"{comment} of steps.", [*events, end])
    yield _integrated("reversed", f"{comment} of steps.", [*reversed(events), end])
    yield _integrated("end-first", f"{comment} of the end marker.", [end, *events])


def _sorted() -> list[int]:
    return [int(word) for word in packets_of("las-integrate-sorted", 4, steps=11, levels=2)]


def _faulty() -> Iterator[Case]:
    *events, end = _sorted()
    faults = (
        ("doubled-in-other-fields", "a second event of a neuron and step, of the other sub-neuron,"
         " level and sign", [*events, events[0] ^ OUTLIER ^ LEVEL ^ NEGATIVE, end + 1]),
        ("wrong-epoch", "an event of the next epoch", [events[0] + EPOCH_UNIT, *events[1:], end]),
        ("end-missing", "no end marker", events),
        ("end-twice", "a second end marker", [end, *events, end]),
        ("end-counts-one-less", "an end marker that counts one less", [*events, end - 1]),
        ("source-out-of-range", "a source one beyond the last",
         [*events[:-1], (events[-1] & ~(OUTLIER - 1)) | 4, end]),
        ("step-out-of-range", "a step one beyond T",
         [(events[0] & ~(15 * STEP)) | 11 * STEP, *events[1:], end]),
        ("level-out-of-range", "a level one beyond the last",
         [(events[0] & ~(15 * LEVEL)) | 2 * LEVEL, *events[1:], end]),
    )  # fmt: skip
    for name, what, wrong in faults:
        yield refused(
            f"las-integrate-{name}",
            "las_integrate",
            "delivery",
            f"Delivery with {what}: catches a receiver that does not notice it.",
            {**FORM, **CODE, "epoch": EPOCH},
            {
                "packets": tensor(wrong, "u64"),
                "weights": Draw("las-integrate").uniform("weights", -32767, 32767, (4, 3), "i16"),
            },
            beside="las-integrate-sorted",
            clauses=("EVENT-6",),
        )

"""Planted faults of the RTL: each replaces one piece of text in a copy of one source file.

    python mutants.py              list them
    python mutants.py NAME OUT     copy rtl/ to the folder OUT with the fault planted

A bench must fail on each of them, at the operation that the table names.
"""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

RTL = Path(__file__).parent / "rtl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One fault."""

    name: str
    file: str
    operation: str
    """The first operation of CONF-9 that fails; `reset` for faults that only a reset in mid-train
    shows."""
    before: str
    """Occurs once in the file."""
    after: str
    build: str = ""
    """Variables of make that the fault needs."""
    bench: str = ""
    """The cocotb bench that fails first, where the replay of the frozen vectors cannot show it."""


def _mutant(
    name: str, operation: str, before: str, after: str, build: str = "", bench: str = ""
) -> Mutant:
    module = name.split("-")[0]
    return Mutant(
        name=name,
        file=f"spike_{module}.sv",
        operation=operation,
        before=before,
        after=after,
        build=build,
        bench=bench,
    )


MUTANTS = (
    _mutant("encoder-ties-to-odd", "encode", "(k % 2 == 0)", "(k % 2 == 1)"),
    _mutant("encoder-ties-up", "encode", "(k % 2 == 0)", "(k > 0)"),
    _mutant(
        "encoder-ties-symmetric",
        "encode",
        "negative ? doubled > threshold : doubled >= threshold",
        "negative ? doubled >= threshold : doubled >= threshold",
        "TIES=half-up",
    ),
    _mutant("encoder-threshold-spacing", "encode", "threshold + (unit << 1)", "threshold + unit"),
    _mutant(
        "encoder-no-positive-clip",
        "encode",
        "passed = passed && negative;",
        "passed = passed;",
        "RATIO=1/2",
    ),
    _mutant(
        "encoder-no-last-step",
        "encode",
        "passed = passed && negative;",
        "passed = 1'b0;",
        "RATIO=1/2",
    ),
    _mutant("encoder-ratio-inverted", "encode", "64'(RATIO_N)", "64'(RATIO_D)", "RATIO=1/2"),
    _mutant("encoder-silent-range", "encode", "(amax == 0) ? 32'd1", "(amax == 0) ? 32'd0",
            "RATIO=1/2"),
    _mutant("encoder-range-of-positive", "encode", "if (magnitude(potential) > amax)",
            "if (potential > 0 && magnitude(potential) > amax)", "RATIO=1/2"),
    _mutant(
        "encoder-stale-range",
        "encode",
        "counts_taken <= 1'b0;\n      amax         <= '0;\n    end else begin",
        "counts_taken <= 1'b0;\n      amax         <= amax;\n    end else begin",
    ),
    _mutant("normalise-no-carry", "encode", "places + 16'(carry) + offset", "places + offset"),
    _mutant("normalise-ties-up", "encode", "+ half - 34'd1 + odd", "+ half", bench="encoder"),
    _mutant("normalise-floor", "encode", "+ half - 34'd1 + odd", "+ 34'd0"),
    _mutant("unfold-one-step-short", "unfold", "magnitude(current) >= step",
            "magnitude(current) > step"),
    _mutant("unfold-polarity", "unfold", "event_packet.negative = current < 0",
            "event_packet.negative = current > 0"),
    _mutant("unfold-steps-from-one", "unfold", "EVENT_STEP_BITS'(step) - 1'b1",
            "EVENT_STEP_BITS'(step)"),
    _mutant("unfold-end-counts-itself", "unfold", "event_packet.source = sent",
            "event_packet.source = sent + 1'b1"),
    _mutant("unfold-no-epoch", "pack_events", "event_packet.epoch = epoch",
            "event_packet.epoch = '0"),
    _mutant("accumulator-polarity", "sparse_add", "add && !event_packet.negative",
            "add && event_packet.negative"),
    _mutant("accumulator-stale-sums", "sparse_add", "(fresh && !continued) ? '0",
            "(1'b0 && !continued) ? '0"),
    _mutant("accumulator-weight-unsigned", "sparse_add", "selected[m*WIDTH +: WIDTH]",
            "selected[m*WIDTH +: WIDTH-1]"),
    _mutant("accumulator-tiles-forgotten", "tiled_add", "(fresh && !continued) ? '0",
            "(fresh) ? '0"),
    _mutant("accumulator-epoch-ignored", "integrate", "event_packet.epoch != epoch", "1'b0"),
    _mutant("accumulator-doubled-event", "integrate", "else if (seen_before[step])",
            "else if (1'b0)"),
    _mutant("accumulator-source-range", "integrate", "event_packet.source < neurons",
            "event_packet.source <= neurons"),
    _mutant("accumulator-lost-event", "integrate", "received_now != announced_now",
            "received_now > announced_now"),
    _mutant("accumulator-second-end", "integrate", "ended_before || event_packet.step",
            "event_packet.step"),
    _mutant("accumulator-missing-end", "integrate", "!ended_before && !is_end", "1'b0"),
    _mutant("rescale-floor", "rescale", "product + half - 80'sd1 + odd", "product"),
    _mutant("rescale-ties-up", "rescale", "product + half - 80'sd1 + odd", "product + half"),
    _mutant("rescale-saturation-point", "rescale", "(out_bits - 6'd1)) - 80'sd1",
            "(out_bits - 6'd1)) - 80'sd2"),
    _mutant("rescale-fraction-bits", "rescale", "+ 16'sd16", "+ 16'sd15"),
    _mutant("rescale-no-bias", "rescale", "rounded + 80'(biases[lane])", "rounded"),
    _mutant("rescale-saturations-uncounted", "rescale", "&& limited != biased", "&& 1'b0"),
    _mutant("layer-no-exponent", "linear", ".offset(row_exponent)", ".offset(16'sd0)"),
    _mutant("layer-early-exponent", "linear", "if (potential_valid && potential_ready)",
            "if (potential_valid)"),
    _mutant("layer-epoch-stands", "linear", "sent_epoch <= sent_epoch + 1'b1",
            "sent_epoch <= sent_epoch"),
    _mutant("fifo-overruns", "linear", "|| out_ready", "|| 1'b1", bench="layer"),
    _mutant("fifo-gives-early", "sparse_add", "out_valid = level != 0",
            "out_valid = level != 0 || in_valid"),
    _mutant("encoder-reset-waits", "reset", "if (reset) begin",
            "if (reset && draining !== 1'b1) begin", bench="encoder"),
    _mutant("unfold-reset-waits", "reset", "if (reset) begin",
            "if (reset && !(state === WALK)) begin", bench="unfold"),
    _mutant("accumulator-reset-waits", "reset", "if (reset) begin",
            "if (reset && fresh !== 1'b0) begin", bench="accumulator"),
)  # fmt: skip


def find(name: str) -> Mutant:
    """Return the mutant of that name; the process ends with a message if there is none."""
    for mutant in MUTANTS:
        if mutant.name == name:
            return mutant
    sys.exit(f"mutants: {name} is unknown; known: {', '.join(m.name for m in MUTANTS)}")


def plant(mutant: Mutant, target: Path) -> None:
    """Copy rtl/ to `target`, with the fault in it."""
    target.mkdir(parents=True, exist_ok=True)
    for source in RTL.glob("*.sv"):
        shutil.copy(source, target)
    text = (RTL / mutant.file).read_text()
    if text.count(mutant.before) != 1:
        sys.exit(f"mutants: {mutant.name}: {mutant.before!r} is not once in {mutant.file}")
    (target / mutant.file).write_text(text.replace(mutant.before, mutant.after))


def main(arguments: list[str]) -> None:
    """List the mutants, or plant one."""
    match arguments:
        case []:
            for one in MUTANTS:
                print(f"{one.name:32} {one.operation:12} {one.bench:12} {one.build}".rstrip())
        case [name, target]:
            plant(find(name), Path(target))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])

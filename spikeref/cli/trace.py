"""`spikeref trace`: look at a trace, compare two, export its address events."""

import argparse
from dataclasses import asdict
from typing import Any, assert_never

from spikeref.cli.apart import require_apart
from spikeref.cli.command import FAILED, FINE, Command, Outcome, add_subcommand
from spikeref.cli.shared import population_progress
from spikeref.cosim.vcd import Waves, export_vcd
from spikeref.errors import UsageError
from spikeref.trace.diff import Divergence, first_divergence
from spikeref.trace.export import EXPORT_FORMATS, Exported, export_events
from spikeref.trace.las_records import LAS_OPS
from spikeref.trace.populations import (
    SPIKING_OPS,
    Population,
    find_population,
    population_count,
    spiking_ops,
)
from spikeref.trace.reader import TraceFolder, read_trace
from spikeref.trace.show import firing, raster_lines, summary_lines


def configure(parser: argparse.ArgumentParser) -> None:
    """Add show, diff and export."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="show|diff|export")
    show = add_subcommand(
        actions,
        "show",
        "what a trace is of, its firing rates, and, where an option chooses one, a raster",
        "spikeref trace show ./trace --layer 1 --neurons 0:32",
    )
    show.add_argument("trace", metavar="DIR", help="trace folder")
    show.add_argument("--token", type=int, metavar="N", help="raster: position (default 0)")
    show.add_argument("--layer", type=int, metavar="N", help="raster: layer (default 0)")
    show.add_argument("--op", choices=SPIKING_OPS, help="raster: population (default: the first)")
    show.add_argument("--neurons", metavar="A:B", help="raster: A to B-1 (default 0:64)")
    diff = add_subcommand(
        actions,
        "diff",
        "the first record, field and element that differ",
        "spikeref trace diff expected-trace got-trace",
    )
    diff.add_argument("expected", metavar="EXPECTED", help="trace folder that is right")
    diff.add_argument("got", metavar="GOT", help="trace folder to judge")
    export = add_subcommand(
        actions,
        "export",
        "every spike as an address event",
        "spikeref trace export ./trace -o events.jsonl",
    )
    export.add_argument("trace", metavar="DIR", help="trace folder of level counts or full")
    export.add_argument("-o", "--output", required=True, metavar="FILE", help="file to write")
    export.add_argument(
        "--format",
        choices=(*EXPORT_FORMATS, "vcd"),
        default=EXPORT_FORMATS[0],
        help="a JSON object a line, 64-bit little-endian words, or waves, which need the extra hdl"
        " (default %(default)s)",
    )
    export.add_argument("--layer", type=int, metavar="N", help="vcd: layer (default 0)")
    export.add_argument("--op", choices=SPIKING_OPS, help="vcd: population (default: the first)")
    export.add_argument("--token", type=int, metavar="N", help="vcd: one position (default: all)")


def run(args: argparse.Namespace) -> Outcome:
    """Do what `args.action` says."""
    match args.action:
        case "show":
            return _show(args)
        case "diff":
            return _diff(args)
        case "export":
            return _export(args)
        case _:
            raise UsageError(f"trace {args.action}: unknown; known: show, diff, export")


def _show(args: argparse.Namespace) -> Outcome:
    trace = read_trace(args.trace)
    fired = firing(trace, population_progress("trace show", population_count(trace)))
    json = _manifest_json(trace)
    json["firing"] = [
        {**asdict(one), "firing_rate": (one.positive + one.negative) / one.slots} for one in fired
    ]
    lines = summary_lines(trace, fired)
    if (args.token, args.layer, args.op, args.neurons) != (None, None, None, None):
        first, end = _neuron_range("0:64" if args.neurons is None else args.neurons)
        op = args.op or spiking_ops(trace)[0]
        population = find_population(trace, args.token or 0, args.layer or 0, op)
        lines += ["", *raster_lines(population, first, end)]
        json["raster"] = _raster_json(population, first, end)
    return Outcome(json=json, lines=lines)


def _manifest_json(trace: TraceFolder) -> dict[str, Any]:
    manifest = trace.manifest
    return {
        "trace_digest": manifest.trace_digest,
        "model_digest": manifest.model_digest,
        "level": manifest.level,
        "engine": manifest.engine,
        "profile": manifest.profile.name,
        "layers": manifest.layers,
        "tokens": list(manifest.tokens),
        "records": manifest.records,
    }


def _raster_json(population: Population, first: int, end: int) -> dict[str, Any]:
    place = population.place
    return {
        "token": place.token,
        "layer": place.layer,
        "op": population.op,
        "first_neuron": first,
        "train_length": population.train.steps,
        "counts": population.counts[first:end].tolist(),
    }


def _neuron_range(text: str) -> tuple[int, int]:
    try:
        first, end = map(int, text.split(":"))
    except ValueError:
        raise UsageError(f"--neurons {text}: give A:B, two numbers, as in 0:64") from None
    return first, end


def _diff(args: argparse.Namespace) -> Outcome:
    expected, got = read_trace(args.expected), read_trace(args.got)
    found = first_divergence(expected, got)
    if found is None:
        line = f"equal: {len(expected)} records, trace digest {expected.manifest.trace_digest}"
        return Outcome(json={"equal": True, "first_divergence": None}, lines=[line], status=FINE)
    return Outcome(
        json={"equal": False, "first_divergence": asdict(found)},
        lines=divergence_lines(found),
        status=FAILED,
    )


def divergence_lines(found: Divergence) -> list[str]:
    """Return where two traces first differ, for people."""
    lines = [f"first divergence: token {found.token}, layer {found.layer}, {found.op}"]
    match found.missing:
        case "expected" | "got":
            return [*lines, f"the record is missing from {found.missing.upper()}"]
        case None:
            pass
        case _:
            assert_never(found.missing)
    if found.field is None:
        return [*lines, "no field that both traces store differs; write both with level full"]
    if found.index is None:
        return [*lines, f"{found.field}: the shapes differ"]
    steps = "time" if found.op in LAS_OPS else "virtual"
    step = "" if found.step is None else f", from {steps} step {found.step}"
    values = f"expected {found.expected}, got {found.got}"
    return [*lines, f"{found.field}, element {found.index}{step}: {values}"]


def _export(args: argparse.Namespace) -> Outcome:
    require_apart(outputs={"-o": args.output}, inputs={"DIR": args.trace})
    trace = read_trace(args.trace)
    done: Exported | Waves
    if args.format == "vcd":
        tokens = None if args.token is None else [args.token]
        op = args.op or spiking_ops(trace)[0]
        done = export_vcd(trace, args.output, args.layer or 0, op, tokens)
    elif (args.layer, args.op, args.token) != (None, None, None):
        raise UsageError("trace export: --layer, --op and --token choose what a vcd file shows")
    else:
        progress = population_progress("trace export", population_count(trace))
        done = export_events(trace, args.output, args.format, progress)
    return Outcome(
        json={
            "file": args.output,
            "format": args.format,
            "populations": done.populations,
            "events": done.events,
        },
        lines=[f"{args.output}: {done.events} events of {done.populations} populations"],
    )


COMMAND = Command(
    name="trace",
    summary="look at a trace, compare two, export its address events",
    example="spikeref trace diff expected-trace got-trace",
    configure=configure,
    run=run,
)

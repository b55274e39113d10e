"""`spikeref report`: one HTML page of what a trace shows."""

import argparse

from spikeref.cli.apart import require_apart
from spikeref.cli.command import Command, Outcome
from spikeref.cli.shared import integer_list, step_progress
from spikeref.model.folder import load_model
from spikeref.report.page import choose, page
from spikeref.report.pictures import require_matplotlib
from spikeref.storage.atomic import atomic_file
from spikeref.trace.reader import read_trace


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("trace", metavar="TRACE", help="trace folder")
    parser.add_argument(
        "second", nargs="?", metavar="TRACE2", help="another to compare: where it first differs"
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE.html", help="file to write")
    parser.add_argument(
        "--layers", metavar="A,B", help="layers to draw (default: the first, middle and last)"
    )
    parser.add_argument(
        "--token", type=int, metavar="N", help="position to draw (default: as many as fit)"
    )
    parser.add_argument(
        "--model-folder",
        metavar="DIR",
        help="its compiled model: for proven widths, and for the energy of LAS",
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    require_apart(
        outputs={"-o": arguments.output},
        inputs={
            "TRACE": arguments.trace,
            "TRACE2": arguments.second,
            "--model-folder": arguments.model_folder,
        },
    )
    require_matplotlib()
    text = arguments.layers
    layers = None if text is None else tuple(sorted(set(integer_list("--layers", text))))
    trace = read_trace(arguments.trace)
    second = None if arguments.second is None else read_trace(arguments.second)
    model = None if arguments.model_folder is None else load_model(arguments.model_folder)
    chosen = choose(trace, layers, arguments.token)
    with atomic_file(arguments.output) as temporary:
        text = page(trace, chosen, second, model, step_progress("draw", "part"))
        temporary.write_text(text, encoding="utf-8")
        size = temporary.stat().st_size
    return Outcome(
        json={"file": arguments.output, "bytes": size},
        lines=[f"{arguments.output}: {size:,} bytes, one page that needs nothing else"],
    )


COMMAND = Command(
    name="report",
    summary="one HTML page of a trace: rasters, histograms, firing rates, energy, widths",
    example="spikeref report ./trace -o report.html --layers 0,1",
    configure=_configure,
    run=_run,
)

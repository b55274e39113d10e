"""`spikeref export-pkg`: SystemVerilog package, C header and memory images of a model."""

import argparse

from spikeref.cli.command import Command, Outcome
from spikeref.cli.shared import integer_list, step_progress
from spikeref.cosim.export import export_package
from spikeref.model.folder import load_model


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="folder of a compiled model")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="new folder")
    parser.add_argument(
        "--layers", metavar="0,5", help="layers whose operators get images (default: all)"
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    model = load_model(arguments.model)
    text = arguments.layers
    layers = None if text is None else integer_list("--layers", text)
    progress = step_progress("export", "layer")
    files = export_package(model, arguments.output, layers, progress)
    return Outcome(
        json={
            "folder": arguments.output,
            "model_digest": model.digest,
            "profile": model.config.profile.name,
            "files": files,
        },
        lines=[
            f"{arguments.output}: {len(files)} files of model {model.digest[:16]}…",
            "spikeref_pkg.sv, spikeref_model.h, manifest.json; images below tables, layers, …",
        ],
    )


COMMAND = Command(
    name="export-pkg",
    summary="SystemVerilog package, C header and memory images of a model",
    example="spikeref export-pkg ./model -o ./package",
    configure=_configure,
    run=_run,
)

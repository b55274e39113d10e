"""`spikeref calibrate`: membrane-clipping thresholds from tokens."""

import argparse
from typing import cast

from spikeref.cli.command import Command, Outcome
from spikeref.cli.profile_options import fraction
from spikeref.evaluate.calibrate import ClipPlan, calibrate
from spikeref.evaluate.token_files import read_sequences
from spikeref.model.folder import load_decoder
from spikeref.model.groups import GROUPS, Group
from spikeref.neurons.clipping import ClipMode


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="folder of a compiled model")
    parser.add_argument("--tokens-file", required=True, metavar="FILE", help="JSON token ids")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="new folder")
    parser.add_argument("--quantile", default="0.5", metavar="Q", help="0 < Q < 1")
    parser.add_argument("--decay", default="0.9", metavar="A", help="of the moving average")
    parser.add_argument("--clip-mode", choices=[m.value for m in ClipMode], default="shift")
    parser.add_argument("--groups", default="qkv", metavar="A,B", help=f"of {', '.join(GROUPS)}")


def _run(arguments: argparse.Namespace) -> Outcome:
    plan = ClipPlan(
        quantile=fraction(arguments.quantile),
        decay=fraction(arguments.decay),
        mode=ClipMode(arguments.clip_mode),
        groups=cast(tuple[Group, ...], tuple(arguments.groups.split(","))),
    )
    sequences = read_sequences(arguments.tokens_file)
    model = load_decoder(arguments.model)
    digest, thresholds = calibrate(model, sequences, plan, arguments.output)
    return Outcome(
        json={"model_digest": digest, "thresholds": thresholds},
        lines=[
            f"{arguments.output}: {len(thresholds)} thresholds, mode {plan.mode.value}",
            f"model digest {digest}",
            *(f"{name} {value / 65536:.4f}" for name, value in thresholds.items()),
        ],
    )


COMMAND = Command(
    name="calibrate",
    summary="find membrane-clipping thresholds and write a model with them",
    example="spikeref calibrate ./model --tokens-file calibration.json -o ./clipped",
    configure=_configure,
    run=_run,
)

"""`spikeref calibrate`: thresholds from tokens, of membrane clipping or of OAT neurons."""

import argparse
from typing import assert_never, cast

from spikeref.cli.command import Command, Outcome
from spikeref.cli.profile_options import fraction
from spikeref.cli.shared import token_progress
from spikeref.errors import UsageError
from spikeref.evaluate.calibrate import ClipPlan, calibrate
from spikeref.evaluate.las_calibrate import Rounding, ThresholdPlan, calibrate_las
from spikeref.evaluate.scoring import Progress
from spikeref.evaluate.token_files import read_sequences
from spikeref.model.folder import load_model
from spikeref.model.groups import GROUPS, Group
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.neurons.clipping import ClipMode

SDLLM_ONLY = ("decay", "clip_mode", "groups")
LAS_ONLY = ("rounding",)
ONE = 1 << 16
"""In the fixed point of every threshold."""


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="folder of a compiled model")
    parser.add_argument("--tokens-file", required=True, metavar="FILE", help="JSON token ids")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="new folder")
    parser.add_argument("--quantile", metavar="Q", help="0.5 in SDLLM, 0.99 in LAS if not given")
    sdllm = parser.add_argument_group("models of SDLLM: membrane clipping")
    sdllm.add_argument("--decay", metavar="A", help="of the moving average (default 0.9)")
    sdllm.add_argument("--clip-mode", choices=[m.value for m in ClipMode], help="default shift")
    sdllm.add_argument("--groups", metavar="A,B", help=f"of {', '.join(GROUPS)} (default qkv)")
    las = parser.add_argument_group("models of LAS: normal and outlier thresholds")
    las.add_argument(
        "--rounding",
        choices=[r.value for r in Rounding],
        help="up to powers of two (default), or the outlier threshold to a multiple of the normal",
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    sequences = read_sequences(arguments.tokens_file)
    model = load_model(arguments.model)
    match model:
        case IntegerModel():
            _refuse(arguments, LAS_ONLY, "LAS")
            return _clip(arguments, model, sequences)
        case LasModel():
            _refuse(arguments, SDLLM_ONLY, "SDLLM")
            return _set_thresholds(arguments, model, sequences)
        case _:
            assert_never(model)


def _clip(
    arguments: argparse.Namespace, model: IntegerModel, sequences: list[list[int]]
) -> Outcome:
    plan = ClipPlan(
        quantile=fraction(_given(arguments.quantile, "0.5")),
        decay=fraction(_given(arguments.decay, "0.9")),
        mode=ClipMode(arguments.clip_mode or "shift"),
        groups=cast(tuple[Group, ...], tuple(_given(arguments.groups, "qkv").split(","))),
    )
    digest, thresholds = calibrate(model, sequences, plan, arguments.output, _progress(sequences))
    return Outcome(
        json={"model_digest": digest, "thresholds": thresholds},
        lines=[
            f"{arguments.output}: {len(thresholds)} thresholds, mode {plan.mode.value}",
            f"model digest {digest}",
            *(f"{name} {value / ONE:.4f}" for name, value in thresholds.items()),
        ],
    )


def _set_thresholds(
    arguments: argparse.Namespace, model: LasModel, sequences: list[list[int]]
) -> Outcome:
    plan = ThresholdPlan(
        quantile=fraction(_given(arguments.quantile, "0.99")),
        rounding=Rounding(arguments.rounding or Rounding.POWER_OF_TWO.value),
    )
    digest, thresholds = calibrate_las(
        model, sequences, plan, arguments.output, _progress(sequences)
    )
    return Outcome(
        json={"model_digest": digest, "thresholds": thresholds},
        lines=[
            f"{arguments.output}: {len(thresholds)} pairs of thresholds",
            f"model digest {digest}",
            *(f"{name} {n / ONE:.4f} {o / ONE:.4f}" for name, (n, o) in thresholds.items()),
        ],
    )


def _given(text: str | None, default: str) -> str:
    """Return what an option says, also where that is nothing, which is then refused."""
    return default if text is None else text


def _progress(sequences: list[list[int]]) -> Progress:
    return token_progress("calibrate", sum(map(len, sequences)))


def _refuse(arguments: argparse.Namespace, options: tuple[str, ...], whose: str) -> None:
    for option in options:
        if getattr(arguments, option) is not None:
            name = option.replace("_", "-")
            raise UsageError(f"--{name}: {arguments.model} is not a model of {whose}")


COMMAND = Command(
    name="calibrate",
    summary="find thresholds on tokens and write a model with them",
    example="spikeref calibrate ./model --tokens-file calibration.json -o ./clipped",
    configure=_configure,
    run=_run,
)

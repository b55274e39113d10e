"""`spikeref compare`: profiles of one checkpoint in one table."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from spikeref import __version__
from spikeref.checkpoint.reader import Checkpoint
from spikeref.cli.command import Command, Interrupted, Outcome
from spikeref.cli.evaluate import add_window_options
from spikeref.cli.shared import token_progress
from spikeref.evaluate.compare import Comparison, Resume, compare
from spikeref.evaluate.comparison_rows import ComparisonRow
from spikeref.evaluate.contenders import Clipped, Contender, SpikeLlmBaseline, find_contenders
from spikeref.evaluate.fake_quantised import SCOPES
from spikeref.evaluate.spikellm import SPIKELLM
from spikeref.evaluate.stretches import Window
from spikeref.evaluate.token_files import read_sequences
from spikeref.model.profile import PROFILES


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", help="checkpoint folder")
    parser.add_argument("--tokens-file", required=True, metavar="FILE", help="JSON token ids")
    parser.add_argument(
        "--profiles",
        default=",".join(PROFILES),
        metavar="A,B",
        help="names, separated by commas (default: all of SDLLM): profiles of either system,"
        f" {SPIKELLM}, and of SDLLM's profiles NAME@{', NAME@'.join(SCOPES)} (other operators at"
        " 8 bits) and NAME@clip0.5 (membrane clipping at that quantile)",
    )
    parser.add_argument(
        "--calibration-file",
        metavar="FILE",
        help=f"JSON token ids that set clipping thresholds and {SPIKELLM}'s salient channels"
        " (default: those that are scored)",
    )
    add_window_options(parser)
    parser.add_argument(
        "--resume",
        metavar="FILE",
        help="keep what is finished in this file, and take up what it holds of the same comparison",
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    contenders = find_contenders(arguments.profiles)
    sequences = read_sequences(arguments.tokens_file)
    calibration = None
    if arguments.calibration_file is not None:
        calibration = read_sequences(arguments.calibration_file)
    resume = None
    if arguments.resume is not None:
        resume = Resume(path=Path(arguments.resume), version=__version__)
    with Checkpoint.open(arguments.source) as checkpoint:
        window = Window(size=arguments.window, stride=arguments.stride)
        comparison = Comparison(
            checkpoint, sequences, window=window, calibration=calibration, resume=resume
        )
        total = comparison.tokens * (1 + len(contenders))
        comparison.progress = token_progress("compare", total)
        rows: list[ComparisonRow] = []
        try:
            rows.extend(compare(comparison, contenders))
        except KeyboardInterrupt as stop:
            if resume is None:
                raise
            raise Interrupted(
                f"what was finished is kept in {resume.path}; the same command goes on from there"
            ) from stop
    note = _note(contenders, arguments.calibration_file)
    return Outcome(
        json={"rows": [asdict(row) for row in rows], "calibration": note},
        lines=[*table(rows), *([] if note is None else [f"calibrated on {note}"])],
    )


def _note(contenders: Sequence[Contender], file: str | None) -> str | None:
    """Return what set thresholds and salient channels, where a contender has any."""
    if not any(isinstance(one, Clipped | SpikeLlmBaseline) for one in contenders):
        return None
    return "the tokens that are scored" if file is None else file


def table(rows: list[ComparisonRow]) -> list[str]:
    """Return the rows as a Markdown table."""
    lines = [
        "| profile | bits w/a/kv | D | firing rate | perplexity | ÷ float64 | GFLOPs |"
        " idealised, J | additions, J | as MACs, J |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        name = row.profile
        if row.kind == "fake-quantised":
            name += " (float64, rounded operands)"
        rate = "" if row.firing_rate is None else f"{row.firing_rate:.3f}"
        flops = "" if row.flops is None else f"{row.flops / 1e9:.3f}"
        lines.append(
            f"| {name} | {row.bits or ''} | {row.train_length or ''} | {rate} |"
            f" {row.perplexity:.4f} | {row.ratio:.4f} | {flops} | {_joules(row.energy_ideal_j)} |"
            f" {_joules(row.energy_j)} | {_joules(row.energy_mac_j)} |"
        )
    return lines


def _joules(energy: float | None) -> str:
    return "" if energy is None else f"{energy:.2e}"


COMMAND = Command(
    name="compare",
    summary="perplexity, firing rate, FLOPs and energy of several profiles beside float64",
    example="spikeref compare ./checkpoint --tokens-file heldout.json"
    " --profiles sdllm-w4a4kv4,rtn-w4a4kv4,spikellm-w4a4kv4",
    configure=_configure,
    run=_run,
)

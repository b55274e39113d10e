"""`spikeref widths`: the proven width of every signal beside the widest observed."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import asdict

import numpy as np

from spikeref.account.any_ranges import observed_signals
from spikeref.arith.generator import random_words, seed_of
from spikeref.cli.command import Command, Outcome
from spikeref.cli.shared import token_progress
from spikeref.evaluate.token_files import read_sequences
from spikeref.model.folder import load_model

PROBE_TOKENS = 32


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="folder of a compiled model")
    parser.add_argument(
        "--tokens-file", metavar="FILE", help="what to observe; default: 32 random tokens"
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    model = load_model(arguments.model)
    if arguments.tokens_file is not None:
        sequences = read_sequences(arguments.tokens_file)
    else:
        count = min(PROBE_TOKENS, model.config.shape.positions)
        words = random_words(seed_of("spikeref/widths"), count)
        sequences = [(words % np.uint64(model.config.shape.vocab)).astype(np.int64).tolist()]
    progress = token_progress("widths", sum(map(len, sequences)))
    signals = observed_signals(model, _told(sequences, progress))
    rows = [asdict(signal) | {"observed_bits": signal.observed_bits} for signal in signals]
    # As wide as the longest names: those of LAS are longer.
    ops, names = (
        max(map(len, column), default=0)
        for column in ((s.op for s in signals), (s.signal for s in signals))
    )
    ops, names = max(ops, 18), max(names, 11)
    lines = [f"layer  {'op':{ops}}  {'signal':{names}}  proven  observed"]
    lines += [
        f"{s.layer:5}  {s.op:{ops}}  {s.signal:{names}}  {s.proven_bits:6}  {s.observed_bits:8}"
        for s in signals
    ]
    return Outcome(json={"signals": rows}, lines=lines)


def _told(sequences: list[list[int]], progress: Callable[[int], None]) -> Iterator[list[int]]:
    """Yield sequences, and say of each when it has been used."""
    for sequence in sequences:
        yield sequence
        progress(len(sequence))


COMMAND = Command(
    name="widths",
    summary="minimum width of every signal, proven, beside the widest observed",
    example="spikeref widths ./model",
    configure=_configure,
    run=_run,
)

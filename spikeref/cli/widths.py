"""`spikeref widths`: the proven width of every signal beside the widest observed."""

import argparse
from dataclasses import asdict

import numpy as np

from spikeref.account.ranges import RangeSink
from spikeref.arith.generator import random_words, seed_of
from spikeref.cli.command import Command, Outcome
from spikeref.cli.shared import token_progress
from spikeref.engine.dense import DENSE
from spikeref.evaluate.token_files import read_sequences
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.forward.tokens import token_array
from spikeref.model.folder import load_decoder

PROBE_TOKENS = 32


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="folder of a compiled model")
    parser.add_argument(
        "--tokens-file", metavar="FILE", help="what to observe; default: 32 random tokens"
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    model = load_decoder(arguments.model)
    sink = RangeSink()
    if arguments.tokens_file is not None:
        sequences = read_sequences(arguments.tokens_file)
    else:
        count = min(PROBE_TOKENS, model.config.shape.positions)
        words = random_words(seed_of("spikeref/widths"), count)
        sequences = [(words % np.uint64(model.config.shape.vocab)).astype(np.int64).tolist()]
    progress = token_progress("widths", sum(map(len, sequences)))
    for sequence in sequences:
        forward(model, token_array(sequence), Cache(model.config.shape), DENSE, sink)
        progress(len(sequence))
    signals = sink.signals(model)
    rows = [asdict(signal) | {"observed_bits": signal.observed_bits} for signal in signals]
    lines = ["layer  op                  signal       proven  observed"]
    lines += [
        f"{s.layer:5}  {s.op:18}  {s.signal:11}  {s.proven_bits:6}  {s.observed_bits:8}"
        for s in signals
    ]
    return Outcome(json={"signals": rows}, lines=lines)


COMMAND = Command(
    name="widths",
    summary="minimum width of every signal, proven, beside the widest observed",
    example="spikeref widths ./model",
    configure=_configure,
    run=_run,
)

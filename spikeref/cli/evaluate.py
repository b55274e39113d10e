"""`spikeref eval`: perplexity of a compiled model, or of a checkpoint in float64."""

import argparse
from pathlib import Path

from spikeref.account.counters import CounterSink
from spikeref.checkpoint.reader import Checkpoint
from spikeref.cli.command import Command, Outcome
from spikeref.cli.shared import is_compiled, rate_text, token_progress
from spikeref.evaluate.perplexity import checkpoint_perplexity, model_perplexity
from spikeref.evaluate.token_files import read_sequences
from spikeref.model.folder import load_decoder


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", help="compiled model, or checkpoint for the float64 baseline")
    parser.add_argument("--tokens-file", required=True, metavar="FILE", help="JSON token ids")


def _run(arguments: argparse.Namespace) -> Outcome:
    sequences = read_sequences(arguments.tokens_file)
    path = Path(arguments.source)
    rates: dict[str, tuple[int, int]] = {}
    if is_compiled(path):
        model = load_decoder(path)
        counters = CounterSink(model)
        total = sum(len(sequence) for sequence in sequences)
        found = model_perplexity(model, sequences, counters, token_progress("eval", total))
        rates = counters.firing_rates()
    else:
        with Checkpoint.open(arguments.source) as checkpoint:
            found = checkpoint_perplexity(checkpoint, sequences)
    return Outcome(
        json={
            "perplexity": found.perplexity,
            "nll": found.nll,
            "tokens": found.scored_tokens,
            "firing_rate": {name: s / n for name, (s, n) in rates.items() if n},
        },
        lines=[
            f"perplexity {found.perplexity:.4f} over {found.scored_tokens} tokens",
            *(f"firing rate {name:8} {rate_text(rate)}" for name, rate in rates.items()),
        ],
    )


COMMAND = Command(
    name="eval",
    summary="perplexity and firing rates on tokens; the float64 baseline for a checkpoint",
    example="spikeref eval ./model --tokens-file heldout.json",
    configure=_configure,
    run=_run,
)

"""`spikeref eval`: how well a compiled model, or a checkpoint in float64, does on tokens."""

import argparse
from pathlib import Path

from spikeref.account.any_counters import AnyCounterSink, counter_sink
from spikeref.account.las_counters import LasCounterSink
from spikeref.checkpoint.reader import Checkpoint
from spikeref.cli.command import Command, Outcome
from spikeref.cli.shared import is_compiled, rate_text, token_progress
from spikeref.errors import UsageError
from spikeref.evaluate.classification import (
    Classification,
    checkpoint_classification,
    model_classification,
    read_labels,
)
from spikeref.evaluate.perplexity import Perplexity, checkpoint_perplexity, model_perplexity
from spikeref.evaluate.similarity import Similarity, embedding_similarity
from spikeref.evaluate.token_files import read_sequences
from spikeref.model.any_model import AnyModel
from spikeref.model.folder import load_model
from spikeref.model.las_layers import LasModel

Found = Perplexity | Classification | Similarity


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", help="compiled model, or checkpoint for the float64 baseline")
    parser.add_argument("--tokens-file", required=True, metavar="FILE", help="JSON token ids")
    scored = parser.add_mutually_exclusive_group()
    scored.add_argument(
        "--labels-file",
        metavar="FILE",
        help="accuracy of a classifier: JSON list of class ids, one for each sequence",
    )
    scored.add_argument(
        "--against",
        metavar="CHECKPOINT",
        help="cosine between a LAS model's sequence embeddings and a checkpoint's in float64",
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    sequences = read_sequences(arguments.tokens_file)
    labels = None
    if arguments.labels_file is not None:
        labels = read_labels(arguments.labels_file, len(sequences))
    if not is_compiled(Path(arguments.source)):
        if arguments.against is not None:
            raise UsageError(f"--against: {arguments.source} is no compiled model")
        with Checkpoint.open(arguments.source) as checkpoint:
            return _outcome(_of_checkpoint(checkpoint, sequences, labels), None)
    model = load_model(arguments.source)
    counters = counter_sink(model)
    found = _of_model(arguments, model, sequences, labels, counters)
    return _outcome(found, counters)


def _of_checkpoint(
    checkpoint: Checkpoint, sequences: list[list[int]], labels: list[int] | None
) -> Found:
    if labels is None:
        return checkpoint_perplexity(checkpoint, sequences)
    return checkpoint_classification(checkpoint, sequences, labels)


def _of_model(
    arguments: argparse.Namespace,
    model: AnyModel,
    sequences: list[list[int]],
    labels: list[int] | None,
    counters: AnyCounterSink,
) -> Found:
    progress = token_progress("eval", sum(len(sequence) for sequence in sequences))
    if labels is None and arguments.against is None:
        if isinstance(model, LasModel) and model.head is None:
            raise UsageError(
                f"{model.folder}: an encoder; score it with --labels-file or --against"
            )
        return model_perplexity(model, sequences, counters, progress)
    if not isinstance(model, LasModel) or not isinstance(counters, LasCounterSink):
        option = "--against" if labels is None else "--labels-file"
        raise UsageError(f"{option}: {model.folder} is a model of SDLLM; LAS models are scored so")
    if labels is not None:
        return model_classification(model, sequences, labels, counters, progress)
    with Checkpoint.open(arguments.against) as checkpoint:
        return embedding_similarity(model, checkpoint, sequences, counters, progress)


def _outcome(found: Found, counters: AnyCounterSink | None) -> Outcome:
    rates = {} if counters is None else counters.firing_rates()
    firing = {name: s / n for name, (s, n) in rates.items() if n}
    lines = [f"firing rate {name:8} {rate_text(rate)}" for name, rate in rates.items()]
    match found:
        case Perplexity():
            json = {
                "perplexity": found.perplexity,
                "nll": found.nll,
                "tokens": found.scored_tokens,
            }
            first = f"perplexity {found.perplexity:.4f} over {found.scored_tokens} tokens"
        case Classification():
            json = {
                "accuracy": found.accuracy,
                "correct": found.correct,
                "sequences": found.sequences,
                "nll": found.nll,
            }
            first = (
                f"accuracy {found.accuracy:.4f}, {found.correct} of {found.sequences} sequences,"
                f" {found.nll / found.sequences:.4f} nats a sequence"
            )
        case Similarity():
            json = {
                "cosine": found.lowest,
                "cosine_mean": found.mean,
                "sequences": found.sequences,
            }
            first = (
                f"cosine at least {found.lowest:.6f}, mean {found.mean:.6f}, over"
                f" {found.sequences} sequences"
            )
    return Outcome(json=json | {"firing_rate": firing}, lines=[first, *lines])


COMMAND = Command(
    name="eval",
    summary="perplexity, accuracy or similarity, and firing rates; float64 for a checkpoint",
    example="spikeref eval ./model --tokens-file heldout.json",
    configure=_configure,
    run=_run,
)

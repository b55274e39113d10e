"""`spikeref eval`: how well a compiled model, or a checkpoint in float64, does on tokens."""

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

from spikeref import __version__
from spikeref.account.las_counters import LasCounterSink
from spikeref.checkpoint.reader import Checkpoint
from spikeref.cli.command import Command, Interrupted, Outcome
from spikeref.cli.evaluate_output import (
    choices_outcome,
    classification_outcome,
    perplexity_outcome,
    similarity_outcome,
)
from spikeref.cli.shared import is_compiled, token_progress
from spikeref.errors import UsageError
from spikeref.evaluate.choice_files import read_choices
from spikeref.evaluate.choices import Reader, choice_result
from spikeref.evaluate.classification import (
    checkpoint_classification,
    model_classification,
    read_labels,
)
from spikeref.evaluate.perplexity import perplexity_of
from spikeref.evaluate.scoring import Score, total_firing
from spikeref.evaluate.similarity import embedding_similarity
from spikeref.evaluate.stretches import Stretch, Window, cut, stretches_digest
from spikeref.evaluate.subject import Subject
from spikeref.evaluate.token_files import read_sequences
from spikeref.model.any_model import AnyModel
from spikeref.model.folder import load_model
from spikeref.model.las_layers import LasModel
from spikeref.storage.ledger import Ledger, ledger_key, open_ledger


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", help="compiled model, or checkpoint for the float64 baseline")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--tokens-file", metavar="FILE", help="JSON token ids")
    given.add_argument(
        "--choices",
        metavar="FILE.jsonl",
        help='multiple choice: lines of {"query": …, "choices": […], "gold": N}, texts or token'
        ' ids, or of {"ctx", "endings", "label"}',
    )
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
    add_window_options(parser)
    parser.add_argument(
        "--resume",
        metavar="FILE",
        help="keep what is finished in this file, and take up what it holds of the same evaluation",
    )


def add_window_options(parser: argparse.ArgumentParser) -> None:
    """Add --window and --stride."""
    parser.add_argument(
        "--window",
        type=int,
        metavar="W",
        help="tokens that pass the model together (default: all of a sequence that fits the"
        " model's positions; of a longer one as many as fit)",
    )
    parser.add_argument(
        "--stride",
        type=int,
        metavar="S",
        help="tokens that the window moves on, each token scored once and on at least W − S"
        " before it but at the beginning (default: W / 2)",
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    window = Window(size=arguments.window, stride=arguments.stride)
    if arguments.choices is not None:
        _refuse(arguments, "--choices", "labels_file", "against", "window", "stride")
    for other in ("labels_file", "against"):
        if getattr(arguments, other) is not None:
            _refuse(arguments, "--" + other.replace("_", "-"), "window", "stride", "resume")
    if arguments.choices is not None:
        return _choices(arguments)
    sequences = read_sequences(arguments.tokens_file)
    if arguments.labels_file is not None:
        return _labels(arguments, sequences)
    if arguments.against is not None:
        return _against(arguments, sequences)
    with open_subject(arguments.source) as subject:
        stretches = cut(sequences, window, subject.positions, subject.vocab)
        scores = _scores(arguments, subject, stretches)
        found = perplexity_of(stretches, scores)
        fitted = window.fitted(subject.positions)
        slid = len(stretches) > len(sequences)
        return perplexity_outcome(found, total_firing(scores), fitted if slid else None)


def _choices(arguments: argparse.Namespace) -> Outcome:
    items = read_choices(arguments.choices)
    with open_subject(arguments.source) as subject:
        reader = Reader(
            positions=subject.positions,
            vocab=subject.vocab,
            encode=subject.encoder(),
            first_token=subject.bos_token_id,
        )
        made = [reader.stretches(item) for item in items]
        stretches = [stretch for one in made for stretch in one.stretches]
        scores = _scores(arguments, subject, stretches)
        return choices_outcome(choice_result(made, scores), total_firing(scores))


def _scores(
    arguments: argparse.Namespace, subject: Subject, stretches: list[Stretch]
) -> list[Score]:
    total = sum(len(stretch.tokens) for stretch in stretches)
    with _ledger(arguments, subject, stretches) as ledger:
        return subject.score(stretches, token_progress("eval", total), ledger)


@contextlib.contextmanager
def _ledger(
    arguments: argparse.Namespace, subject: Subject, stretches: list[Stretch]
) -> Iterator[Ledger | None]:
    """Open the file of --resume, if there is one; Ctrl-C then says what it holds."""
    if arguments.resume is None:
        yield None
        return
    key = ledger_key(
        {
            "spikeref": __version__,
            "source": subject.digest,
            "stretches": stretches_digest(stretches),
        }
    )
    with open_ledger(arguments.resume, key) as ledger:
        try:
            yield ledger
        except KeyboardInterrupt as stop:
            raise Interrupted(
                f"{ledger.kept} of {len(stretches)} scored stretches are kept in"
                f" {arguments.resume}; the same command goes on from there"
            ) from stop


def _labels(arguments: argparse.Namespace, sequences: list[list[int]]) -> Outcome:
    labels = read_labels(arguments.labels_file, len(sequences))
    with open_subject(arguments.source) as subject:
        match subject.source:
            case Checkpoint() as checkpoint:
                found = checkpoint_classification(checkpoint, sequences, labels)
                return classification_outcome(found, {})
            case model:
                las, counters = _las(model, "--labels-file")
                progress = token_progress("eval", sum(map(len, sequences)))
                found = model_classification(las, sequences, labels, counters, progress)
                return classification_outcome(found, counters.firing_rates())


def _against(arguments: argparse.Namespace, sequences: list[list[int]]) -> Outcome:
    with open_subject(arguments.source) as subject:
        match subject.source:
            case Checkpoint():
                raise UsageError(f"--against: {arguments.source} is no compiled model")
            case model:
                las, counters = _las(model, "--against")
        with Checkpoint.open(arguments.against) as checkpoint:
            progress = token_progress("eval", sum(map(len, sequences)))
            found = embedding_similarity(las, checkpoint, sequences, counters, progress)
        return similarity_outcome(found, counters.firing_rates())


def _las(model: AnyModel, option: str) -> tuple[LasModel, LasCounterSink]:
    if not isinstance(model, LasModel):
        raise UsageError(f"{option}: {model.folder} is a model of SDLLM; LAS models are scored so")
    return model, LasCounterSink(model)


def _refuse(arguments: argparse.Namespace, option: str, *others: str) -> None:
    """Refuse options that do not go with one that was given."""
    for other in others:
        if getattr(arguments, other) is not None:
            raise UsageError(f"--{other.replace('_', '-')}: does not go with {option}")


@contextlib.contextmanager
def open_subject(source: str) -> Iterator[Subject]:
    """Open a compiled model's folder or a checkpoint's."""
    if is_compiled(Path(source)):
        yield Subject(load_model(source))
        return
    with Checkpoint.open(source) as checkpoint:
        yield Subject(checkpoint)


COMMAND = Command(
    name="eval",
    summary="perplexity, accuracy or similarity, and firing rates; float64 for a checkpoint",
    example="spikeref eval ./model --tokens-file heldout.json",
    configure=_configure,
    run=_run,
)

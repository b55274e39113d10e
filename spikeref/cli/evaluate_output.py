"""What `spikeref eval` says."""

from typing import Any

from spikeref.cli.command import Outcome
from spikeref.cli.shared import rate_text
from spikeref.evaluate.choices import ChoiceResult
from spikeref.evaluate.classification import Classification
from spikeref.evaluate.perplexity import Perplexity
from spikeref.evaluate.scoring import Firing
from spikeref.evaluate.similarity import Similarity
from spikeref.evaluate.stretches import FittedWindow


def perplexity_outcome(found: Perplexity, rates: Firing, window: FittedWindow | None) -> Outcome:
    """Return what is said of a perplexity; window: where a sequence was longer than it."""
    json: dict[str, Any] = {
        "perplexity": found.perplexity,
        "nll": found.nll,
        "tokens": found.scored_tokens,
        "window": None if window is None else window.size,
        "stride": None if window is None else window.stride,
    }
    line = f"perplexity {found.perplexity:.4f} over {found.scored_tokens} tokens"
    if window is not None:
        line += f", in windows of {window.size} tokens with stride {window.stride}"
    return _outcome(json, line, rates)


def choices_outcome(found: ChoiceResult, rates: Firing) -> Outcome:
    """Return what is said of multiple choice."""
    acc = found.correct / found.items
    acc_norm = found.correct_normalised / found.items
    json = {"acc": acc, "acc_norm": acc_norm, "items": found.items, "shortened": found.shortened}
    line = f"acc {acc:.4f}, acc_norm {acc_norm:.4f} over {found.items} items"
    if found.shortened:
        line += f", {found.shortened} of them shortened at the query's beginning to fit"
    return _outcome(json, line, rates)


def classification_outcome(found: Classification, rates: Firing) -> Outcome:
    """Return what is said of a classifier."""
    json = {
        "accuracy": found.accuracy,
        "correct": found.correct,
        "sequences": found.sequences,
        "nll": found.nll,
    }
    line = (
        f"accuracy {found.accuracy:.4f}, {found.correct} of {found.sequences} sequences,"
        f" {found.nll / found.sequences:.4f} nats a sequence"
    )
    return _outcome(json, line, rates)


def similarity_outcome(found: Similarity, rates: Firing) -> Outcome:
    """Return what is said of embeddings beside the baseline's."""
    json = {"cosine": found.lowest, "cosine_mean": found.mean, "sequences": found.sequences}
    line = (
        f"cosine at least {found.lowest:.6f}, mean {found.mean:.6f}, over"
        f" {found.sequences} sequences"
    )
    return _outcome(json, line, rates)


def _outcome(json: dict[str, Any], line: str, rates: Firing) -> Outcome:
    firing = {name: spikes / slots for name, (spikes, slots) in rates.items() if slots}
    lines = [f"firing rate {name:8} {rate_text(rate)}" for name, rate in rates.items()]
    return Outcome(json=json | {"firing_rate": firing}, lines=[line, *lines])

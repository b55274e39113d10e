"""Accuracy of classifiers: integer models and their float64 baseline."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeref.account.las_counters import LasCounterSink
from spikeref.checkpoint.reader import Checkpoint
from spikeref.engine.choice import EngineChoice
from spikeref.errors import TokenError, UsageError
from spikeref.evaluate.baseline import baseline_scores_many
from spikeref.evaluate.baseline_operators import Array
from spikeref.evaluate.scoring import Progress
from spikeref.forward.generate import encode
from spikeref.forward.tokens import token_array
from spikeref.model.las_layers import LasModel
from spikeref.ops.head import LOGIT_FRACTION_BITS
from spikeref.storage.canonical import parse_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """How often the highest score is the label's, and the labels' log-likelihood."""

    correct: int
    sequences: int
    nll: float
    """−Σ ln softmax(scores)[label], in nats."""

    @property
    def accuracy(self) -> float:
        """Correct sequences over all."""
        return self.correct / self.sequences


def read_labels(path: str | Path, sequences: int) -> list[int]:
    """Return one class id for each of the sequences; TokenError says what is wrong with a file."""
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise TokenError(f"{path}: cannot be read ({fault.strerror})") from fault
    labels = parse_json(content, str(path), TokenError)
    if not isinstance(labels, list) or not all(type(v) is int and v >= 0 for v in labels):
        raise TokenError(f"{path}: a list of class ids is needed")
    if len(labels) != sequences:
        raise TokenError(f"{path}: {len(labels)} labels for {sequences} sequences")
    return labels


def model_classification(
    model: LasModel,
    sequences: Sequence[Sequence[int]],
    labels: Sequence[int],
    counters: LasCounterSink,
    progress: Progress = lambda tokens: None,
) -> Classification:
    """Classify independent sequences with the dense engine; `counters` sees every record.

    UsageError for a model without classifier; TokenError for a bad sequence or label.
    """
    if model.classifier is None:
        raise UsageError(f"{model.folder}: no classifier; labels score models that have one")
    scores = np.empty((len(sequences), model.config.shape.classes))
    for number, sequence in enumerate(sequences):
        found = encode(model, token_array(sequence), EngineChoice(), counters).scores
        assert found is not None
        scores[number] = np.ldexp(found.astype(np.float64), -LOGIT_FRACTION_BITS)
        progress(len(sequence))
    return _scored(scores, labels)


def checkpoint_classification(
    checkpoint: Checkpoint, sequences: Sequence[Sequence[int]], labels: Sequence[int]
) -> Classification:
    """Classify independent sequences with the float64 baseline of a checkpoint."""
    return _scored(baseline_scores_many(checkpoint, sequences), labels)


def _scored(scores: Array, labels: Sequence[int]) -> Classification:
    classes = scores.shape[1]
    nll, correct = 0.0, 0
    for row, label in zip(scores, labels, strict=True):
        if label >= classes:
            raise TokenError(f"label {label}: the model has classes 0 to {classes - 1}")
        raised = row - row.max()
        nll += math.log(float(np.exp(raised).sum(dtype=np.float64))) - float(raised[label])
        correct += int(np.argmax(row)) == label
    return Classification(correct=correct, sequences=len(labels), nll=nll)

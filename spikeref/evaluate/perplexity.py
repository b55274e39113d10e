"""Perplexity of integer models and of their float64 baseline."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from spikeref.account.any_counters import AnyCounterSink
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.las_plan import las_shape
from spikeref.evaluate.scoring import Progress, Score, model_nll, score_checkpoint
from spikeref.evaluate.stretches import Stretch, Window, cut
from spikeref.model.any_model import AnyModel

LARGEST_MEAN_NLL = 709.0
"""exp of little more than this overflows float64."""

WHOLE = Window()
"""Sequences that fit the positions are scored whole; longer ones with a stride of half of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Perplexity:
    """Negative log-likelihood in nats over the scored tokens, each sequence from its second on."""

    nll: float
    scored_tokens: int

    @property
    def perplexity(self) -> float:
        """exp(nll / scored tokens); infinite where the mean exceeds 709 nats."""
        mean = self.nll / self.scored_tokens
        return math.exp(mean) if mean < LARGEST_MEAN_NLL else math.inf


def model_perplexity(
    model: AnyModel,
    sequences: Sequence[Sequence[int]],
    counters: AnyCounterSink,
    progress: Progress = lambda tokens: None,
    window: Window = WHOLE,
) -> Perplexity:
    """Score independent sequences with the dense engine; `counters` sees every record.

    TokenError: a token that the model does not have, or nothing to score; UsageError: an encoder,
    or a window that the model cannot take.
    """
    stretches = model_stretches(model, sequences, window)
    nll = 0.0
    for stretch in stretches:
        nll += model_nll(model, stretch, counters)
        progress(len(stretch.tokens))
    return Perplexity(nll=nll, scored_tokens=_scored(stretches))


def checkpoint_perplexity(
    checkpoint: Checkpoint,
    sequences: Sequence[Sequence[int]],
    progress: Progress = lambda tokens: None,
    window: Window = WHOLE,
) -> Perplexity:
    """Score independent sequences with the float64 baseline of a checkpoint.

    Raises what `model_perplexity` raises.
    """
    stretches = checkpoint_stretches(checkpoint, sequences, window)
    return perplexity_of(stretches, score_checkpoint(checkpoint, stretches, progress))


def perplexity_of(stretches: Sequence[Stretch], scores: Sequence[Score]) -> Perplexity:
    """Return the perplexity of stretches that were scored."""
    return Perplexity(nll=sum(score.nll for score in scores), scored_tokens=_scored(stretches))


def model_stretches(
    model: AnyModel, sequences: Sequence[Sequence[int]], window: Window
) -> list[Stretch]:
    """Cut sequences for a compiled model; raises what `model_perplexity` raises."""
    shape = model.config.shape
    return cut(sequences, window, shape.positions, shape.vocab)


def checkpoint_stretches(
    checkpoint: Checkpoint, sequences: Sequence[Sequence[int]], window: Window
) -> list[Stretch]:
    """Cut sequences for a checkpoint; raises what `model_perplexity` raises."""
    shape = las_shape(checkpoint.layout)
    return cut(sequences, window, shape.positions, shape.vocab)


def _scored(stretches: Sequence[Stretch]) -> int:
    return sum(stretch.scored for stretch in stretches)

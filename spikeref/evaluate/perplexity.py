"""Perplexity of integer models and of their float64 baseline."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.account.any_counters import AnyCounterSink
from spikeref.checkpoint.reader import Checkpoint
from spikeref.engine.choice import EngineChoice
from spikeref.errors import TokenError
from spikeref.evaluate.baseline import baseline_nll_many
from spikeref.forward.generate import decoding_step
from spikeref.forward.tokens import token_array
from spikeref.model.any_model import AnyModel
from spikeref.ops.head import LOGIT_FRACTION_BITS

LARGEST_MEAN_NLL = 709.0
"""exp of little more than this overflows float64."""

Progress = Callable[[int], None]
"""Called with the number of tokens that were just scored."""


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
) -> Perplexity:
    """Score independent sequences with the dense engine; `counters` sees every record.

    TokenError: a sequence that the model cannot take, or nothing to score; UsageError: an encoder.
    """
    nll = 0.0
    for sequence in sequences:
        tokens = token_array(sequence)
        logits = decoding_step(model, EngineChoice(), counters)(tokens)
        nll += float(logit_nll(logits[:-1], tokens[1:]).sum(dtype=np.float64))
        progress(len(tokens))
    return Perplexity(nll=nll, scored_tokens=_scored(sequences))


def checkpoint_perplexity(checkpoint: Checkpoint, sequences: Sequence[Sequence[int]]) -> Perplexity:
    """Score independent sequences with the float64 baseline of a checkpoint."""
    scored = _scored(sequences)
    nll = sum(float(part.sum()) for part in baseline_nll_many(checkpoint, sequences))
    return Perplexity(nll=nll, scored_tokens=scored)


def logit_nll(logits: NDArray[Any], targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return −log softmax(logits)[target] in nats, float64 [T], of 32-bit logits [T, V]."""
    found = np.empty(len(targets), dtype=np.float64)
    for t, (row, target) in enumerate(zip(logits, targets, strict=True)):
        scaled = np.ldexp(row.astype(np.float64), -LOGIT_FRACTION_BITS)
        scaled -= scaled.max()
        found[t] = math.log(float(np.exp(scaled).sum())) - float(scaled[target])
    return found


def _scored(sequences: Sequence[Sequence[int]]) -> int:
    scored = sum(len(sequence) - 1 for sequence in sequences)
    if scored < 1:
        raise TokenError("nothing to score: a sequence needs at least two tokens")
    return scored

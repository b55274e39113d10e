"""Negative log-likelihood of stretches of tokens: integer models and the float64 baseline."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.account.any_counters import AnyCounterSink, counter_sink
from spikeref.checkpoint.reader import Checkpoint
from spikeref.engine.choice import EngineChoice
from spikeref.errors import UsageError
from spikeref.evaluate.baseline import baseline_nll_many
from spikeref.evaluate.baseline_products import Products
from spikeref.evaluate.stretches import Stretch
from spikeref.forward.generate import decoding_step
from spikeref.forward.tokens import token_array
from spikeref.model.any_model import AnyModel
from spikeref.ops.head import LOGIT_FRACTION_BITS
from spikeref.storage.ledger import Ledger
from spikeref.trace.sinks import Sink

Progress = Callable[[int], None]
"""Called with the number of tokens that were just scored."""

BATCH_TOKENS = 1 << 13
"""What the baseline takes at a time: it reads every weight once for a batch."""

Firing = dict[str, tuple[int, int]]
"""(spikes, slots) by linear group, `kv`, and `mean`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one stretch gave."""

    nll: float
    """−Σ ln p(token | those before it) of its scored tokens, in nats."""
    firing: Firing = field(default_factory=dict)
    """Of all its tokens; empty for the baseline."""
    additions: dict[str, int] = field(default_factory=dict)
    """Synaptic additions by op, over all layers; empty for the baseline."""


def total_firing(scores: Sequence[Score]) -> Firing:
    """Return the sums of spikes and slots."""
    names = dict.fromkeys(name for score in scores for name in score.firing)
    return {
        name: (
            sum(score.firing[name][0] for score in scores),
            sum(score.firing[name][1] for score in scores),
        )
        for name in names
    }


def total_additions(scores: Sequence[Score]) -> dict[str, int]:
    """Return the sums of additions by op."""
    names = dict.fromkeys(name for score in scores for name in score.additions)
    return {name: sum(score.additions[name] for score in scores) for name in names}


def score_model(
    model: AnyModel,
    stretches: Sequence[Stretch],
    progress: Progress = lambda tokens: None,
    ledger: Ledger | None = None,
) -> list[Score]:
    """Score stretches with the dense engine, but those that the ledger holds.

    TokenError: a stretch that the model cannot take; UsageError: an encoder.
    """
    scores = []
    for number, stretch in enumerate(stretches):
        score = None if ledger is None else _held(ledger, number)
        if score is None:
            counters = counter_sink(model)
            nll = model_nll(model, stretch, counters)
            score = Score(
                nll=nll, firing=counters.firing_rates(), additions=_additions_by_op(counters)
            )
            if ledger is not None:
                _keep(ledger, number, score)
        scores.append(score)
        progress(len(stretch.tokens))
    return scores


def model_nll(model: AnyModel, stretch: Stretch, sink: Sink) -> float:
    """Return the loss of one stretch in nats, dense engine; `sink` sees every record."""
    tokens = token_array(stretch.tokens)
    logits = decoding_step(model, EngineChoice(), sink)(tokens)
    losses = logit_nll(logits[stretch.first - 1 : -1], tokens[stretch.first :])
    return float(losses.sum(dtype=np.float64))


def score_checkpoint(
    checkpoint: Checkpoint,
    stretches: Sequence[Stretch],
    progress: Progress = lambda tokens: None,
    ledger: Ledger | None = None,
    products: Products | None = None,
) -> list[Score]:
    """Score stretches with the float64 baseline, but those that the ledger holds.

    products: what computes its linear operators, exactly by default. Raises what `score_model`
    raises.
    """
    scores: dict[int, Score] = {}
    for number, stretch in enumerate(stretches):
        held = None if ledger is None else _held(ledger, number)
        if held is not None:
            scores[number] = held
            progress(len(stretch.tokens))
    missing = [number for number in range(len(stretches)) if number not in scores]
    for batch in token_batches(missing, stretches):
        given = [stretches[number].tokens for number in batch]
        parts = baseline_nll_many(checkpoint, given, products)
        for number, part in zip(batch, parts, strict=True):
            stretch = stretches[number]
            scores[number] = Score(nll=float(part[stretch.first - 1 :].sum(dtype=np.float64)))
            if ledger is not None:
                _keep(ledger, number, scores[number])
            progress(len(stretch.tokens))
    return [scores[number] for number in range(len(stretches))]


def logit_nll(logits: NDArray[Any], targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return −log softmax(logits)[target] in nats, float64 [T], of 32-bit logits [T, V]."""
    found = np.empty(len(targets), dtype=np.float64)
    for t, (row, target) in enumerate(zip(logits, targets, strict=True)):
        scaled = np.ldexp(row.astype(np.float64), -LOGIT_FRACTION_BITS)
        scaled -= scaled.max()
        found[t] = math.log(float(np.exp(scaled).sum())) - float(scaled[target])
    return found


def token_batches(numbers: Sequence[int], stretches: Sequence[Stretch]) -> Iterator[list[int]]:
    """Yield numbers in order, so many that their stretches hold up to BATCH_TOKENS together."""
    batch: list[int] = []
    tokens = 0
    for number in numbers:
        length = len(stretches[number].tokens)
        if batch and tokens + length > BATCH_TOKENS:
            yield batch
            batch, tokens = [], 0
        batch.append(number)
        tokens += length
    if batch:
        yield batch


def _held(ledger: Ledger, number: int) -> Score | None:
    line = ledger.get(number)
    if line is None:
        return None
    match line:
        case {"nll": float(nll), "firing": dict(firing), "additions": dict(additions)} if all(
            _is_rate(rate) for rate in firing.values()
        ) and all(type(number) is int for number in additions.values()):
            pairs = {name: (rate[0], rate[1]) for name, rate in firing.items()}
            return Score(nll=nll, firing=pairs, additions=additions)
        case _:
            raise UsageError(
                f"the file to resume from: stretch {number} is not of the form that this version"
                " writes; name another file to begin anew"
            )


def _is_rate(value: object) -> bool:
    """Whether a ledger's value is a pair (spikes, slots)."""
    return isinstance(value, list) and len(value) == 2 and all(type(n) is int for n in value)


def _keep(ledger: Ledger, number: int, score: Score) -> None:
    if math.isfinite(score.nll):
        firing = {name: list(rate) for name, rate in score.firing.items()}
        ledger.put(number, {"nll": score.nll, "firing": firing, "additions": score.additions})


def _additions_by_op(counters: AnyCounterSink) -> dict[str, int]:
    found: dict[str, int] = {}
    for (_, op), one in counters.additions().items():
        found[op] = found.get(op, 0) + one.synaptic_additions
    return found

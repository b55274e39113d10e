"""From a piece to the integer constants of its FS neuron."""

import numpy as np

from spikeref.evaluate.function_errors import piece_error
from spikeref.neurons.code_runs import code_runs
from spikeref.neurons.few_spikes import FewSpikes
from spikeref.neurons.hierarchical import Piece
from tools.fit_few_spikes.search import (
    Reals,
    Shape,
    best_weights,
    descend,
    geometric,
    outputs,
    reweighted,
    spikes,
)
from tools.fit_few_spikes.targets import Target

RATIOS = (0.5, 0.7, 0.8, 0.88, 0.95)
"""The descent starts from each."""
COARSE, FINE = 1024, 8192
"""Samples of a search, and of the weights d in the end."""
LEAST_OFFSET = 512.0
"""A function that starts above it gets a step that always fires."""
ROUNDS = 40


def fitted(target: Target) -> tuple[FewSpikes, float]:
    """Return the constants and the largest error in units of the piece, over its whole range."""
    samples = target.samples(COARSE)
    offset = bool(samples.wanted[0] > LEAST_OFFSET)
    starts = [geometric(samples.span, ratio, offset=offset) for ratio in RATIOS]
    tried = [descend(samples, start, 2, 3) for start in starts]
    tried.sort(key=lambda one: one[1])
    finished = []
    for shape, _ in tried[:3]:
        smooth, _ = descend(samples, shape, 2, 10)
        narrow, _ = descend(samples, smooth, 8, 12)
        finished.append(_constants(target, narrow))
    return min(finished, key=lambda one: one[1])


def _constants(target: Target, shape: Shape) -> tuple[FewSpikes, float]:
    """Return the neuron of a shape with the best of some weights d, and its largest error."""
    samples = target.samples(FINE)
    fired = spikes(samples.inputs, shape.resets[None], shape.thresholds[None])
    weights, aim = np.ones(FINE), samples.wanted.copy()
    best: tuple[FewSpikes, float] | None = None
    for _ in range(ROUNDS):
        d = best_weights(fired, aim, weights)
        reached = outputs(fired, d)[0]
        neuron = _whole(target, shape, d[0])
        found = piece_error(target.name, _with(target.piece, neuron), 16).units
        if best is None or found < best[1]:
            best = neuron, found
        weights = reweighted(weights, reached - samples.wanted)
        # Aim higher where the output is below the least code.
        aim = aim + np.maximum(float(target.least) - reached, 0.0)
    assert best is not None
    return best


def _whole(target: Target, shape: Shape, d: Reals) -> FewSpikes:
    """Return integer constants for x − low of the piece, whose output is never below the least."""
    resets = shape.resets.astype(np.int64).tolist()
    thresholds = shape.thresholds.astype(np.int64).tolist()
    weights = np.rint(d).astype(np.int64).tolist()
    # Where the piece begins far below, the first step fires everywhere and takes the way off.
    resets[0] += target.low - target.piece.low
    neuron = FewSpikes(resets=tuple(resets), thresholds=tuple(thresholds), weights=tuple(weights))
    if target.least:
        below = target.least - int(code_runs(_with(target.piece, neuron), 16).code.min())
        raised = (weights[0] + max(below, 0), *weights[1:])
        neuron = FewSpikes(resets=neuron.resets, thresholds=neuron.thresholds, weights=raised)
    return neuron


def _with(piece: Piece, neuron: FewSpikes) -> Piece:
    return Piece(
        low=piece.low, high=piece.high, sign=piece.sign, exponent=piece.exponent, neuron=neuron
    )

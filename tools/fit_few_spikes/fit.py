"""From a piece to the integer constants of its FS neuron."""

from dataclasses import replace

import numpy as np

from spikeref.evaluate.function_errors import piece_error
from spikeref.neurons.code_runs import code_runs
from spikeref.neurons.few_spikes import FewSpikes
from tools.fit_few_spikes.search import (
    Reals,
    Samples,
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
"""Of reweighting the inputs."""
FINISHED = 3
"""How many of the starts are searched to the end."""


def fitted(target: Target) -> tuple[FewSpikes, float]:
    """Return the constants and the largest error in units of the piece, over its whole range.

    Where no shape keeps the least code, the search is made again with a first step that stays.
    """
    samples = target.samples(COARSE)
    for given in (samples, replace(samples, first_step_stays=True)):
        found = _searched(target, given)
        if found[1] < float("inf"):
            return found
    raise ValueError(f"{target.name} {target.number}: no neuron keeps codes of {target.least}")


def _searched(target: Target, samples: Samples) -> tuple[FewSpikes, float]:
    """Return the best neuron that a descent from any of the starts finds, and its error."""
    offset = bool(samples.wanted[0] > LEAST_OFFSET)
    starts = [geometric(samples.span, ratio, offset=offset) for ratio in RATIOS]
    tried = [descend(samples, start, 2, 3) for start in starts]
    tried.sort(key=lambda one: one[1])
    finished = []
    for shape, _ in tried[:FINISHED]:
        smooth, _ = descend(samples, shape, 2, 10)
        narrow, _ = descend(samples, smooth, 8, 12)
        finished.append(_constants(target, narrow))
    return min(finished, key=lambda one: one[1])


def _constants(target: Target, shape: Shape) -> tuple[FewSpikes, float]:
    """Return the neuron of a shape with the best of some weights d, and its largest error.

    The error is infinite where codes below the least are left.
    """
    samples = target.samples(FINE)
    fired = spikes(samples.inputs, shape.resets[None], shape.thresholds[None])
    always = int(fired[0].all(axis=1).argmax())
    weights, aim = np.ones(FINE), samples.wanted.copy()
    tried = []
    for _ in range(ROUNDS):
        d = best_weights(fired, aim, weights)
        reached = outputs(fired, d)[0]
        tried.append(_judged(target, _whole(target, shape, d[0]), always))
        weights = reweighted(weights, reached - samples.wanted)
        # Aim higher where the output is below the least code.
        aim = aim + np.maximum(float(target.least) - reached, 0.0)
    return min(tried, key=lambda one: one[1])


def _whole(target: Target, shape: Shape, d: Reals) -> FewSpikes:
    """Return integer constants for x − low of the piece."""
    resets = shape.resets.astype(np.int64).tolist()
    # Where the piece begins far below, the first step fires everywhere and takes the way off.
    resets[0] += target.low - target.piece.low
    return FewSpikes(
        resets=tuple(resets),
        thresholds=tuple(shape.thresholds.astype(np.int64).tolist()),
        weights=tuple(np.rint(d).astype(np.int64).tolist()),
    )


def _judged(target: Target, neuron: FewSpikes, always: int) -> tuple[FewSpikes, float]:
    """Return the neuron and its largest error, its codes raised to the least.

    always: a step that fires on every input, if there is one; its weight is what is raised.
    """
    below = target.least - _least_code(target, neuron)
    if below > 0:
        weights = list(neuron.weights)
        weights[always] += below
        neuron = replace(neuron, weights=tuple(weights))
        if _least_code(target, neuron) < target.least:
            return neuron, float("inf")
    return neuron, piece_error(target.name, replace(target.piece, neuron=neuron), 16).units


def _least_code(target: Target, neuron: FewSpikes) -> int:
    return int(code_runs(replace(target.piece, neuron=neuron), 16).code.min())

"""Coordinate descent over resets and thresholds; weights by least squares.

With h and T fixed the spikes of every input are fixed, and the output Σ_t d_t·z_t is linear in d.
So a neuron is judged by what is left over after the best d: the search moves one step's h, T or
both at a time by ±2^−k of the range, and takes the best of all moves where it is an improvement.
Weights of the inputs, raised where the error is large (Lawson), turn the least squares towards the
least maximum.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Singles = NDArray[np.float32]

STEPS = 16
LARGEST_CODE = 65535.0
FINEST = 15
"""The smallest move is 2^−15 of the range."""
RIDGE = 1e-3
"""Keeps the normal equations solvable where a step never fires."""
FLOOR = 0.05
"""Weight that an input of no error keeps, in parts of that of the largest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """What the output should be on some inputs of a neuron, in order."""

    inputs: Reals
    """v_1 = x − low, integers, float64 [N]."""
    wanted: Reals
    """|f|·2^−e, float64 [N]."""
    span: float
    """Range over which the function changes."""
    first_step_stays: bool
    """The first step fires on every input, and its threshold is not moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Resets h and thresholds T of a neuron, integers in float64 [K]."""

    resets: Reals
    thresholds: Reals


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """C neurons: their scores float64 [C], and the errors of the outputs, float64 [C, N]."""

    scores: Reals
    errors: Reals


def geometric(span: float, ratio: float, *, offset: bool) -> Shape:
    """Return steps that each take `ratio` of what the one before took, the span in all.

    offset: the first step fires on every input, for a function that does not start at 0.
    """
    steps = STEPS - 1 if offset else STEPS
    powers = ratio ** np.arange(steps)
    resets = np.rint(span * powers / powers.sum())
    thresholds = resets - 1.0
    if offset:
        return Shape(
            resets=np.concatenate([[0.0], resets]), thresholds=np.concatenate([[-1.0], thresholds])
        )
    return Shape(resets=resets, thresholds=thresholds)


def spikes(inputs: Reals, resets: Reals, thresholds: Reals) -> Singles:
    """Return z, float32 [C, K, N], of C neurons with h and T, float64 [C, K] (NEUR-1)."""
    potential = np.repeat(inputs[None], len(resets), axis=0)
    fired = np.empty((*resets.shape, len(inputs)), dtype=np.float32)
    for step in range(resets.shape[1]):
        now = potential > thresholds[:, step, None]
        fired[:, step] = now
        potential -= resets[:, step, None] * now
    return fired


def best_weights(fired: Singles, wanted: Reals, weights: Reals) -> Reals:
    """Return d, float64 [C, K], of least weighted squares."""
    rooted = fired * np.sqrt(weights).astype(np.float32)
    normal = np.matmul(rooted, rooted.transpose(0, 2, 1)).astype(np.float64)
    normal[:, range(STEPS), range(STEPS)] += RIDGE
    right = np.matmul(fired, (weights * wanted).astype(np.float32)).astype(np.float64)
    solved: Reals = np.linalg.solve(normal, right[..., None])[..., 0]
    return solved


def outputs(fired: Singles, d: Reals) -> Reals:
    """Return the cut outputs, float64 [C, N]."""
    exact = np.matmul(d[:, None, :].astype(np.float32), fired)[:, 0]
    cut: Reals = np.clip(exact, 0.0, LARGEST_CODE).astype(np.float64)
    return cut


def judge(samples: Samples, resets: Reals, thresholds: Reals, power: int, weights: Reals) -> Judged:
    """Return C neurons' scores, the means of |error|^power to the power 1/power."""
    fired = spikes(samples.inputs, resets, thresholds)
    d = best_weights(fired, samples.wanted, weights)
    errors = outputs(fired, d) - samples.wanted
    largest = np.abs(errors).max(axis=1, keepdims=True) + 1e-9
    means = ((np.abs(errors) / largest) ** power).mean(axis=1)
    return Judged(scores=largest[:, 0] * means ** (1.0 / power), errors=errors)


def reweighted(weights: Reals, errors: Reals) -> Reals:
    """Return weights, raised where the errors, float64 [N], are large; their mean is 1."""
    size = np.abs(errors)
    raised: Reals = weights * np.sqrt(size / max(float(size.max()), 1e-9) + FLOOR)
    return np.asarray(raised / raised.mean())


def descend(samples: Samples, shape: Shape, power: int, sweeps: int) -> tuple[Shape, float]:
    """Return the shape after so many sweeps over all steps, fewer if none improves, and its score.

    Moves are tried in a fixed order, and ties go to the first.
    """
    weights = np.ones(len(samples.inputs))
    resets, thresholds = shape.resets, shape.thresholds
    score = float("inf")
    for _ in range(sweeps):
        if power > 2:
            weights = np.ones(len(samples.inputs))
            for _ in range(6):
                now = judge(samples, resets[None], thresholds[None], power, weights)
                weights = reweighted(weights, now.errors[0])
        before = judge(samples, resets[None], thresholds[None], power, weights).scores[0]
        score = float(before)
        for step in range(int(samples.first_step_stays), STEPS):
            tried_h, tried_t = _moves(resets, thresholds, step, samples.span)
            found = judge(samples, tried_h, tried_t, power, weights).scores
            best = int(found.argmin())
            if found[best] < score:
                score = float(found[best])
                resets, thresholds = tried_h[best], tried_t[best]
        if score > 0.999 * before:
            break
    return Shape(resets=resets, thresholds=thresholds), score


def _moves(resets: Reals, thresholds: Reals, step: int, span: float) -> tuple[Reals, Reals]:
    """Return h and T, float64 [C, K], with one step's h, T or both moved."""
    sizes = np.rint(span * 2.0 ** -np.arange(2, FINEST + 1))
    moves = np.concatenate([sizes, -sizes])
    count = len(moves)
    tried_h = np.repeat(resets[None], 3 * count, axis=0)
    tried_t = np.repeat(thresholds[None], 3 * count, axis=0)
    tried_h[:count, step] += moves
    tried_t[count : 2 * count, step] += moves
    tried_h[2 * count :, step] += moves
    tried_t[2 * count :, step] += moves
    return tried_h, tried_t

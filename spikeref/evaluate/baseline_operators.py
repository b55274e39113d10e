"""Operators of the float64 baseline.

Shapes: T tokens of one sequence, M tokens of all sequences, H hidden, A query heads, G key-value
heads, d head width.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rms_norm(x: Array, gain: Array, eps: float) -> Array:
    """x · gain / sqrt(mean(x²) + eps) along the last axis: [M, H], [H] -> [M, H]."""
    mean_square = np.mean(x * x, axis=-1, keepdims=True, dtype=np.float64)
    return x / np.sqrt(mean_square + eps) * gain


def rotate(x: Array, inverse_frequencies: Array) -> Array:
    """Rotary embedding of positions 0 .. T-1: [T, heads, d], [d/2] -> [T, heads, d].

    Element i of the first half and element i of the second turn together by t · f_i radians.
    """
    angles = np.arange(len(x), dtype=np.float64)[:, None] * inverse_frequencies
    cos, sin = np.cos(angles)[:, None, :], np.sin(angles)[:, None, :]
    first, second = np.split(x, 2, axis=-1)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def visible(length: int, window: int | None) -> NDArray[np.bool_]:
    """Whether token i sees token j: j <= i, and i - j < window where there is one. bool [T, T]."""
    distance = np.arange(length)[:, None] - np.arange(length)[None, :]
    seen = distance >= 0
    return seen if window is None else seen & (distance < window)


def attention(q: Array, k: Array, v: Array, window: int | None) -> Array:
    """Causal softmax(q kᵀ / sqrt d) v, each key-value head shared by A/G query heads.

    [T, A, d], [T, G, d], [T, G, d] -> [T, A · d].
    """
    length, heads, width = q.shape
    shared = heads // k.shape[1]
    seen = visible(length, window)
    mixed = np.empty_like(q)
    for head in range(heads):
        scores = q[:, head] @ k[:, head // shared].T / np.sqrt(width)
        weights = softmax(np.where(seen, scores, -np.inf))
        mixed[:, head] = weights @ v[:, head // shared]
    return mixed.reshape(length, heads * width)


def softmax(scores: Array) -> Array:
    """exp(s) / sum exp(s) along the last axis; -inf gives 0."""
    powers: Array = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return powers / np.sum(powers, axis=-1, keepdims=True, dtype=np.float64)


def silu(x: Array) -> Array:
    """x / (1 + exp(-x)), written so that no exponential overflows."""
    decay = np.exp(-np.abs(x))
    return x * np.where(x >= 0, 1.0, decay) / (1.0 + decay)

"""Operators of the float64 baseline.

Shapes: T tokens of one sequence, M tokens of all sequences, H hidden, A query heads, G key-value
heads, d head width.
"""

import math
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.functions.tables import ActivationName

Array = NDArray[np.float64]


def rms_norm(x: Array, gain: Array, eps: float) -> Array:
    """x · gain / sqrt(mean(x²) + eps) along the last axis: [M, H], [H] -> [M, H]."""
    mean_square = np.mean(x * x, axis=-1, keepdims=True, dtype=np.float64)
    return x / np.sqrt(mean_square + eps) * gain


def layer_norm(x: Array, gain: Array, offset: Array, eps: float) -> Array:
    """(x − mean) · gain / sqrt(variance + eps) + offset along the last axis: [M, H] -> [M, H]."""
    centred = x - np.mean(x, axis=-1, keepdims=True, dtype=np.float64)
    return rms_norm(centred, gain, eps) + offset


def rotate(x: Array, inverse_frequencies: Array) -> Array:
    """Rotary embedding of positions 0 .. T-1: [T, heads, d], [d/2] -> [T, heads, d].

    Element i of the first half and element i of the second turn together by t · f_i radians.
    """
    angles = np.arange(len(x), dtype=np.float64)[:, None] * inverse_frequencies
    cos, sin = np.cos(angles)[:, None, :], np.sin(angles)[:, None, :]
    first, second = np.split(x, 2, axis=-1)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def everything(length: int) -> NDArray[np.bool_]:
    """What the tokens of an encoder see: bool [T, T]."""
    return np.ones((length, length), dtype=np.bool_)


def visible(length: int, window: int | None) -> NDArray[np.bool_]:
    """Whether token i sees token j: j <= i, and i - j < window where there is one. bool [T, T]."""
    distance = np.arange(length)[:, None] - np.arange(length)[None, :]
    seen = distance >= 0
    return seen if window is None else seen & (distance < window)


def attention(q: Array, k: Array, v: Array, seen: NDArray[np.bool_]) -> Array:
    """softmax(q kᵀ / sqrt d) v over what is seen, each key-value head shared by A/G query heads.

    [T, A, d], [T, G, d], [T, G, d], bool [T, T] -> [T, A · d].
    """
    length, heads, width = q.shape
    shared = heads // k.shape[1]
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


def gelu(x: Array) -> Array:
    """x · Φ(x)."""
    erf: Array = np.vectorize(math.erf, otypes=[np.float64])(x * math.sqrt(0.5))
    return x * 0.5 * (1.0 + erf)


def gelu_tanh(x: Array) -> Array:
    """0.5 · x · (1 + tanh(sqrt(2/π) · (x + 0.044715 · x³)))."""
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


def activation(name: ActivationName, x: Array) -> Array:
    """The named activation of x, element by element."""
    match name:
        case "silu":
            return silu(x)
        case "gelu":
            return gelu(x)
        case "gelu-tanh":
            return gelu_tanh(x)
        case "relu":
            return np.maximum(x, 0.0)
        case _:
            assert_never(name)

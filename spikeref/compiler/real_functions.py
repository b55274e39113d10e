"""The real functions that HG neurons approximate, in float64 (chapter 19)."""

import math
from collections.abc import Callable
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.functions.tables import FunctionName

Real = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Integers = NDArray[np.int64]


def silu_deficit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x − silu(x) for x >= 0, with a small relative error."""
    return np.asarray(x / (1.0 + np.exp(x)))


def gelu_deficit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x − gelu(x) for x >= 0, with a small relative error."""
    complement = np.array([math.erfc(v) for v in (x / math.sqrt(2.0)).tolist()])
    return np.asarray(0.5 * x * complement)


def gelu_tanh_deficit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x − gelu-tanh(x) for x >= 0, with a small relative error."""
    inner = math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)
    return np.asarray(x / (1.0 + np.exp(2.0 * inner)))


def tanh_deficit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x − tanh(x) for x >= 0, with a small relative error."""
    # Near 0 the difference cancels, and three terms of the series have 12 digits.
    cube = x * x * x
    series = cube / 3.0 - cube * x * x * (2.0 / 15.0) + cube * cube * x * (17.0 / 315.0)
    return np.asarray(np.where(x < 2.0**-6, series, x - np.tanh(x)))


def magnitude(name: FunctionName, membrane: Integers) -> NDArray[np.float64]:
    """Return |f| of integer membranes as the pieces of chapter 19 have it, float64 [...].

    A piece's code times 2^e approximates it; x has 16 fraction bits in activations and exp, and is
    the mantissa m in HG-4 to HG-7. The error is below 2^−33 of the largest value of a piece.
    """
    x = membrane.astype(np.float64)
    match name:
        case "silu":
            return _of_activation(silu_deficit, x, 40.0)
        case "gelu":
            return _of_activation(gelu_deficit, x, 16.0)
        case "gelu-tanh":
            return _of_activation(gelu_tanh_deficit, x, 16.0)
        case "relu":
            return np.maximum(x, 0.0) * 2.0**-16
        case "tanh":
            return np.abs(np.tanh(x * 2.0**-16))
        case "exp":
            return np.exp2(x * -(2.0**-16))
        case "reciprocal":
            return np.asarray(2.0**39 / x)
        case "rsqrt":
            return np.asarray(2.0**27 / np.sqrt(x))
        case "sqrt":
            return np.sqrt(x) * 2.0**4
        case "square":
            return x * x * 2.0**-32
        case _:
            assert_never(name)


def _of_activation(deficit: Real, x: NDArray[np.float64], end: float) -> NDArray[np.float64]:
    """Return x − deficit(x), and |f(−x)| = deficit(x), of membranes with 16 fraction bits.

    From `end` on, f(x) and x are the same float64 number.
    """
    size = np.abs(x) * 2.0**-16
    lacking = np.zeros_like(size)
    near = size < end
    lacking[near] = deficit(size[near])
    return np.where(x < 0.0, lacking, size - lacking)

"""Random tensors of a case: SplitMix64 seeded by case id and tensor name (ARITH-10)."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.generator import random_words, seed_of
from spikeref.vectors.case import TensorType, dtype_of

Shape = tuple[int, ...]


def tensor(values: Any, kind: TensorType) -> NDArray[Any]:
    """Return literal integers, nested lists or one number, as a tensor of a type."""
    return np.array(values, dtype=dtype_of(kind))


def zeros(shape: Shape, kind: TensorType) -> NDArray[Any]:
    """Return a tensor of zeros."""
    return np.zeros(shape, dtype=dtype_of(kind))


class Draw:
    """The random source of one case."""

    def __init__(self, identity: str) -> None:
        """Seed every tensor by this case id and its own name."""
        self._identity = identity

    def _words(self, name: str, count: int) -> list[int]:
        seed = seed_of(f"{self._identity}/{name}")
        return [int(word) for word in random_words(seed, count)]

    def uniform(
        self, name: str, low: int, high: int, shape: Shape, kind: TensorType
    ) -> NDArray[Any]:
        """Return integers of low … high."""
        count = math.prod(shape)
        values = [low + word % (high - low + 1) for word in self._words(name, count)]
        return tensor(values, kind).reshape(shape)

    def spread(self, name: str, bits: int, shape: Shape, kind: TensorType) -> NDArray[Any]:
        """Return signed integers of 0 to `bits` bits, every number of bits about as likely."""
        count = math.prod(shape)
        words = self._words(name, 2 * count)
        values = []
        for word, length in zip(words[:count], words[count:], strict=True):
            size = (word >> 1) % (1 << (length % (bits + 1)))
            values.append(-size if word & 1 else size)
        return tensor(values, kind).reshape(shape)

    def counts(
        self, name: str, bits: int, encoding: str, shape: Shape, *, clipped: bool = True
    ) -> NDArray[np.int16]:
        """Return spike counts; symmetric ones with −2^(bits−1) where `clipped`."""
        if encoding == "binary":
            return self.uniform(name, 0, (1 << bits) - 1, shape, "i16")
        limit = (1 << (bits - 1)) - 1
        return self.uniform(name, -limit - clipped, limit, shape, "i16")

    def weights(self, name: str, shape: Shape, bits: int = 8) -> NDArray[np.int8]:
        """Return weights of `bits` bits, an eighth of them 0."""
        limit = (1 << (bits - 1)) - 1
        drawn = self.uniform(name, -limit, limit, shape, "i8")
        silent = self.uniform(f"{name} zero", 0, 7, shape, "i8") == 0
        return np.where(silent, np.int8(0), drawn)

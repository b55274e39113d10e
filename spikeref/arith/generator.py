"""The specification's random integers (ARITH-10): SplitMix64, the same words on every machine."""

import hashlib

import numpy as np
from numpy.typing import NDArray

STEP = 0x9E3779B97F4A7C15


def seed_of(label: str) -> int:
    """Return the 64-bit seed of a text label: the head of its SHA-256, little-endian."""
    return int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "little")


def random_words(seed: int, count: int) -> NDArray[np.uint64]:
    """Return the first `count` words of the sequence that `seed` starts, uint64 [count]."""
    index = np.arange(1, count + 1, dtype=np.uint64)
    # uint64 arrays wrap modulo 2^64 by definition, which is what SplitMix64 asks for.
    y = np.uint64(seed % (1 << 64)) + index * np.uint64(STEP)
    y = (y ^ (y >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    y = (y ^ (y >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return y ^ (y >> np.uint64(31))


def random_signs(label: str, count: int) -> NDArray[np.int8]:
    """Return `count` signs, int8 in {-1, 1}: word i has its top bit set for −1."""
    top = random_words(seed_of(label), count) >> np.uint64(63)
    return np.where(top == np.uint64(1), np.int8(-1), np.int8(1))


def random_order(seed: int, count: int) -> NDArray[np.int64]:
    """Return a permutation of 0 … count−1: the stable order of the first `count` words."""
    return np.argsort(random_words(seed, count), kind="stable").astype(np.int64)

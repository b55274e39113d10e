"""The specification's random integers (ARITH-10)."""

import hashlib

MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15


def mix(y: int) -> int:
    """The mixing function of SplitMix64."""
    y = (y ^ y >> 30) * 0xBF58476D1CE4E5B9 & MASK
    y = (y ^ y >> 27) * 0x94D049BB133111EB & MASK
    return y ^ y >> 31


def random_words(seed: int, count: int) -> list[int]:
    """The first `count` words of a seed."""
    return [mix(seed + i * GAMMA & MASK) for i in range(1, count + 1)]


def seed_of(label: str) -> int:
    """The seed of a text label."""
    return int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "little")

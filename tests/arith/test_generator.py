"""SplitMix64 (ARITH-10)."""

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spikeref.arith.generator import random_order, random_signs, random_words, seed_of

MODULUS = 1 << 64


def split_mix(seed: int, count: int) -> list[int]:
    """The clause on unbounded integers."""
    words = []
    for i in range(1, count + 1):
        y = (seed + i * 0x9E3779B97F4A7C15) % MODULUS
        y = (y ^ (y >> 30)) * 0xBF58476D1CE4E5B9 % MODULUS
        y = (y ^ (y >> 27)) * 0x94D049BB133111EB % MODULUS
        words.append(y ^ (y >> 31))
    return words


def test_published_words_of_seed_zero() -> None:
    assert random_words(0, 3).tolist() == [
        0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F,
    ]  # fmt: skip


@given(seed=st.integers(0, 1 << 70), count=st.integers(0, 40))
def test_words_of_any_seed(seed: int, count: int) -> None:
    assert random_words(seed, count).tolist() == split_mix(seed, count)


@given(
    label=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    count=st.integers(0, 40),
)
def test_signs_are_the_top_bits(label: str, count: int) -> None:
    head = hashlib.sha256(label.encode()).digest()[:8]
    seed = sum(byte << (8 * i) for i, byte in enumerate(head))
    assert seed_of(label) == seed
    expected = [-1 if word >> 63 else 1 for word in split_mix(seed, count)]
    assert random_signs(label, count).tolist() == expected


@given(seed=st.integers(0, MODULUS - 1), count=st.integers(0, 50))
def test_order_sorts_the_words_stably(seed: int, count: int) -> None:
    words = split_mix(seed, count)
    assert random_order(seed, count).tolist() == sorted(range(count), key=lambda k: words[k])


def test_order_is_a_permutation_that_depends_on_the_seed() -> None:
    first, second = random_order(1, 1000), random_order(2, 1000)
    assert np.array_equal(np.sort(first), np.arange(1000))
    assert not np.array_equal(first, second)

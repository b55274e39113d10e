"""The RoPE table against a series in exact fractions (COMP-9)."""

from fractions import Fraction

import numpy as np
import pytest

from spikeref.checkpoint.rope import DefaultRope, Llama3Rope, Rope
from spikeref.compiler import rope_table
from spikeref.compiler.rope_table import rope_tables

PLAIN = DefaultRope(theta=Fraction(10000))
STRETCHED = Llama3Rope(
    theta=Fraction(500000),
    factor=Fraction(8),
    low_freq_factor=Fraction(1),
    high_freq_factor=Fraction(4),
    original_max_positions=64,
)
FIXED = 1200
"""Fraction bits of the series: the terms of e^300 are below 2^440, so 700 bits remain."""


def turns(angle: Fraction) -> tuple[Fraction, Fraction]:
    """Return cos and sin of an angle below 300 by Taylor's series in 1200-bit integers."""
    x = round(angle * (1 << FIXED))
    sums = [0, 0]
    term, k = 1 << FIXED, 0
    while term:
        sums[k % 2] += -term if k % 4 >= 2 else term
        k += 1
        term = (term * x >> FIXED) // k
    return Fraction(sums[0], 1 << FIXED), Fraction(sums[1], 1 << FIXED)


def test_known_values() -> None:
    # cos 1 = 0.5403023058…, sin 1 = 0.8414709848…, cos 3 = −0.9899924966…, sin 3 = 0.1411200081…
    cos, sin = rope_tables(PLAIN, 4, 4)
    assert cos.dtype == sin.dtype == np.int16
    assert cos.tolist() == [[16384, 16384], [8852, 16383], [-6818, 16381], [-16220, 16377]]
    assert sin.tolist() == [[0, 0], [13787, 164], [14898, 328], [2312, 491]]


def test_against_the_series() -> None:
    # θ = 10^4 and d = 8 give the rational frequencies 1, 1/10, 1/100, 1/1000.
    cos, sin = rope_tables(PLAIN, 8, 300)
    for p in [*range(12), 99, 157, 200, 255, 299]:
        exact = [turns(Fraction(p, 10**i)) for i in range(4)]
        assert cos[p].tolist() == [round(c * 16384) for c, _ in exact]
        assert sin[p].tolist() == [round(s * 16384) for _, s in exact]


def test_stretched_frequencies() -> None:
    # λ = 2π/f: f = 1 lies below 64/4 and stays; θ^(−1/2) lies above 64 and is divided by 8.
    rope = Llama3Rope(
        theta=Fraction(10000),
        factor=Fraction(8),
        low_freq_factor=Fraction(1),
        high_freq_factor=Fraction(4),
        original_max_positions=64,
    )
    cos, sin = rope_tables(rope, 4, 200)
    for p in (1, 7, 199):
        exact = [turns(Fraction(p)), turns(Fraction(p, 800))]
        assert cos[p].tolist() == [round(c * 16384) for c, _ in exact]
        assert sin[p].tolist() == [round(s * 16384) for _, s in exact]


@pytest.mark.parametrize("rope", [PLAIN, STRETCHED], ids=["default", "llama3"])
def test_decimals_everywhere_give_the_same_table(
    rope: Rope, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = rope_tables(rope, 12, 80)
    monkeypatch.setattr(rope_table, "MARGIN", 2.0)
    exact = rope_tables(rope, 12, 80)
    assert np.array_equal(quick[0], exact[0])
    assert np.array_equal(quick[1], exact[1])


def test_the_decimal_path_decides_near_ties(monkeypatch: pytest.MonkeyPatch) -> None:
    """With half the unit as the margin every entry but exact integers is near a tie."""
    calls = []
    cosine = rope_table.cosine
    monkeypatch.setattr(rope_table, "cosine", lambda angle: calls.append(angle) or cosine(angle))
    rope_tables(PLAIN, 8, 20)
    few = len(calls)
    monkeypatch.setattr(rope_table, "MARGIN", 0.25)
    rope_tables(PLAIN, 8, 20)
    assert few < 5 < len(calls) - few < 160


def test_no_entry_is_beyond_one() -> None:
    for table in rope_tables(STRETCHED, 16, 5000):
        assert int(np.abs(table.astype(np.int32)).max()) <= 1 << 14

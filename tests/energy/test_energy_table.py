"""Energies worked by hand: 0.9 pJ, times weight bits, times spike bits, over 128."""

import math
from fractions import Fraction

import pytest

from spikeref.energy.table import EnergyTable, cost_factor, spike_energy
from spikeref.model.profile import find_profile


@pytest.mark.parametrize(
    ("profile", "joules"),
    [
        ("sdllm-w4a4kv4", 0.05625e-6),  # 4·2/128 = 1/16
        ("sdllm-binary-w4a4kv4", 0.028125e-6),  # 4·1/128 = 1/32
        ("sdllm-w6a6kv6", 0.084375e-6),  # 6·2/128 = 3/32
        ("sdllm-w8a8kv8", 0.1125e-6),  # 8·2/128 = 1/8
        ("rtn-w4a4kv4", 0.05625e-6),
    ],
)
def test_a_million_additions(profile: str, joules: float) -> None:
    found = spike_energy(1_000_000, find_profile(profile), EnergyTable())
    assert math.isclose(found, joules, rel_tol=1e-12)


def test_count_bits_cost_nothing_by_themselves() -> None:
    """They make trains longer, which the number of additions already says."""
    short, long = find_profile("sdllm-w4a4kv4"), find_profile("sdllm-w4a5kv5")
    assert spike_energy(77, short, EnergyTable()) == spike_energy(77, long, EnergyTable())


def test_no_additions_cost_nothing() -> None:
    assert spike_energy(0, find_profile("sdllm-w4a4kv4"), EnergyTable()) == 0


def test_another_table() -> None:
    """An accumulate of 16 J makes one addition of 4-bit weights and ternary spikes cost 1."""
    table = EnergyTable(accumulate_pj=Fraction(16 * 10**12))
    assert spike_energy(3, find_profile("sdllm-w4a4kv4"), table) == 3


def test_the_printed_table() -> None:
    table = EnergyTable()
    assert (float(table.mac), float(table.accumulate)) == (4.6e-12, 0.9e-12)


@pytest.mark.parametrize(
    ("bits", "factor"),
    [((2, 2), "1/32"), ((4, 4), "1/8"), ((6, 6), "9/32"), ((4, 2), "1/16"), ((4, 1), "1/32")],
)
def test_cost_factors(bits: tuple[int, int], factor: str) -> None:
    """4 × 4 bits are four times 2 × 2 bits; 6 × 6 are nine times."""
    assert cost_factor(*bits) == Fraction(factor)

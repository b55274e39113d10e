"""What texts cost by the papers' idealisation, against the printed tables and by hand."""

from fractions import Fraction

import pytest

from spikeref.energy.idealised import (
    Macs,
    additions_energy,
    count_macs,
    float_cost,
    ideal_cost,
    quantised_cost,
)
from spikeref.energy.shapes import MatrixShape
from spikeref.energy.table import EnergyTable
from spikeref.model.any_profile import ALL_PROFILES

TABLE = EnergyTable()
LLAMA2_7B = MatrixShape(
    layers=32, hidden=4096, intermediate=11008, query_width=4096, key_width=4096
)


def printed(value: Fraction) -> str:
    return f"{float(value):.2f}"


@pytest.mark.parametrize(
    ("profile", "rate", "flops", "joules"),
    [
        ("sdllm-w4a4kv4", Fraction(216, 1000), "0.75", "0.67"),
        ("sdllm-w4a4kv5", Fraction(216, 1000), "0.78", "0.70"),
        ("sdllm-w4a5kv5", Fraction(221, 1000), "1.53", "1.37"),
        ("sdllm-w6a6kv6", Fraction(222, 1000), "4.60", "4.14"),
    ],
)
def test_rows_of_llama2_7b(profile: str, rate: Fraction, flops: str, joules: str) -> None:
    """SDLLM's table; it prints .77 for the second, with D as 8.3 where the mean is 8.318."""
    cost = ideal_cost(count_macs(LLAMA2_7B, [1024]), ALL_PROFILES[profile], rate, TABLE)
    assert printed(cost.flops / 10**12) == flops
    assert printed(cost.energy_j) == joules


def test_baselines_of_llama2_7b() -> None:
    """Binary32, QuaRot 4-4, and SpikeLLM at the paper's 1.2 steps."""
    macs = count_macs(LLAMA2_7B, [1024])
    assert printed(float_cost(macs, TABLE).energy_j) == "31.77"
    assert printed(quantised_cost(macs, 4, 4, Fraction(1), TABLE).energy_j) == "3.97"
    assert printed(quantised_cost(macs, 4, 4, Fraction(6, 5), TABLE).energy_j) == "4.77"


def test_macs_by_hand() -> None:
    """Two texts of 3 and 5 tokens; one layer, N 4, F 6, G·d 2."""
    shape = MatrixShape(layers=1, hidden=4, intermediate=6, query_width=4, key_width=2)
    each = 4 * 4 + 2 * 4 * 2 + 4 * 4 + 3 * 4 * 6
    assert count_macs(shape, [3, 5]) == Macs(linear=8 * each, attention=2 * 4 * (9 + 25))


def test_binary_counts_have_a_ternary_cache() -> None:
    cost = ideal_cost(
        Macs(linear=128, attention=256), ALL_PROFILES["sdllm-binary-w4a4kv4"], Fraction(1, 2), TABLE
    )
    # R·D·w·s/128·MACs: 15 binary steps, 8 ternary ones.
    assert cost.flops == Fraction(1, 2) * (15 * 4 * 1 + 8 * 4 * 2 * 2)
    added = {"q": 128, "attention": 256}
    exact = additions_energy(added, ALL_PROFILES["sdllm-binary-w4a4kv4"], TABLE)
    assert exact == (4 * 1 + 2 * 4 * 2) * TABLE.accumulate


def test_las_adds_whole_weights() -> None:
    las = ALL_PROFILES["las"]
    cost = ideal_cost(Macs(linear=100, attention=20), las, Fraction(1, 4), TABLE)
    assert cost.flops == 120 * 4
    assert cost.energy_j == 120 * 4 * TABLE.accumulate
    assert additions_energy({"las_q": 7, "las_attention": 3}, las, TABLE) == 10 * TABLE.accumulate

"""Operations and energy of each setting, worked by hand."""

from fractions import Fraction

import pytest

from spikeref.energy.setting import (
    Floating,
    Quantised,
    Setting,
    Spiking,
    WeightedSpiking,
    energy,
    energy_ratio,
    operations,
)
from spikeref.energy.table import EnergyTable
from spikeref.errors import UsageError
from spikeref.neurons.counts import Encoding

TABLE = EnergyTable()


def spiking(bits: int, encoding: str, steps: str, rate: str) -> Spiking:
    return Spiking(
        weight_bits=bits, encoding=Encoding(encoding), steps=Fraction(steps), rate=Fraction(rate)
    )


@pytest.mark.parametrize(
    ("setting", "flops", "picojoules"),
    [
        (Floating(), "1280", "5888"),  # 4.6·1280
        (Quantised(weight_bits=4, act_bits=4), "160", "736"),
        (Quantised(weight_bits=6, act_bits=6), "360", "1656"),
        (Quantised(weight_bits=4, act_bits=4, steps=Fraction("1.2")), "192", "883.2"),
        (spiking(4, "ternary", "8", "0.25"), "160", "144"),  # 2 spikes, 8/128 each, 0.9 pJ
        (spiking(4, "ternary", "8.3", "0.2"), "132.8", "119.52"),
        (spiking(4, "binary", "15", "0.5"), "300", "270"),
        (spiking(6, "ternary", "32", "0"), "0", "0"),
        (WeightedSpiking(spikes_per_neuron=Fraction(5)), "6400", "5760"),
    ],
)
def test_1280_multiply_accumulates(setting: Setting, flops: str, picojoules: str) -> None:
    assert operations(1280, setting) == Fraction(flops)
    assert energy(1280, setting, TABLE) == Fraction(picojoules) / 10**12


def test_equation_25() -> None:
    """10 spikes of 0.9 pJ on a multiply-accumulate of 4.6 pJ."""
    assert energy_ratio(10, 1, TABLE) == Fraction(9 * 10, 46)
    setting = WeightedSpiking(spikes_per_neuron=Fraction("5.27"))
    ratio = energy(1000, setting, TABLE) / energy(1000, Floating(), TABLE)
    assert ratio == energy_ratio(5270, 1000, TABLE)
    # LAS prints 1.0319 for one threshold level.
    assert abs(ratio - Fraction("1.0319")) < Fraction(1, 1000)


def test_equation_25_of_nothing() -> None:
    with pytest.raises(UsageError, match="at least one"):
        energy_ratio(0, 0, TABLE)


@pytest.mark.parametrize(
    ("build", "culprit"),
    [
        (lambda: Quantised(weight_bits=0, act_bits=4), "weight bits: 0"),
        (lambda: Quantised(weight_bits=4, act_bits=33), "activation bits: 33"),
        (lambda: Quantised(weight_bits=4, act_bits=4, steps=Fraction(1, 2)), "steps: 1/2"),
        (lambda: spiking(4, "ternary", "0", "0.2"), "steps: 0"),
        (lambda: spiking(4, "ternary", "8", "1.01"), "firing rate: 101/100"),
        (lambda: spiking(4, "ternary", "8", "-0.1"), "firing rate: -1/10"),
        (lambda: WeightedSpiking(spikes_per_neuron=Fraction(-1)), "spikes per neuron: -1"),
    ],
)
def test_ranges(build: type, culprit: str) -> None:
    with pytest.raises(UsageError, match=culprit):
        build()

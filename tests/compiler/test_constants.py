"""The constants against integers and a printed logarithm (COMP-11)."""

from fractions import Fraction

import pytest

from spikeref.compiler.constants import model_constants
from spikeref.errors import CheckpointError
from spikeref.model.config import Constants
from spikeref.neurons.counts import Encoder, Encoding

# log2(e) as tables print it.
LOG2E = Fraction("1.442695040888963407359924681001892137426645954152985934135449406931")


def constants_of(
    *,
    width: int = 64,
    power: Fraction = Fraction(1),
    epsilon: Fraction = Fraction(1, 100000),
    head_dim: int = 64,
    head_order: int = 64,
    bits: int = 4,
    ratio: Fraction = Fraction(1),
) -> Constants:
    return model_constants(
        width=width,
        power=power,
        epsilon=epsilon,
        head_dim=head_dim,
        head_order=head_order,
        cache=Encoder(bits=bits, encoding=Encoding.TERNARY, clip_ratio=ratio),
    )


WIDTHS = [
    (1, Fraction(1)),
    (2, Fraction(2)),
    (4, Fraction(1)),
    (12, Fraction(3)),
    (48, Fraction(3)),
    (56, Fraction(7, 2)),
    (896, Fraction(7, 2)),
    (2**15, Fraction(2)),
    (2**15, Fraction(1)),
]


@pytest.mark.parametrize(("width", "power"), WIDTHS)
def test_norm_root_is_the_floor_of_the_root(width: int, power: Fraction) -> None:
    constants = constants_of(width=width, power=power)
    root, p = constants.norm_root, constants.norm_root_exponent
    assert 2**58 <= root < 2**59
    assert 50 <= p <= 58
    assert root**2 <= width * power * 4**p < (root + 1) ** 2


@pytest.mark.parametrize("epsilon", [Fraction(0), Fraction(1, 10**5), Fraction(1, 10**6)])
@pytest.mark.parametrize(("width", "power"), WIDTHS)
def test_norm_epsilon_is_the_nearest(width: int, power: Fraction, epsilon: Fraction) -> None:
    found = constants_of(width=width, power=power, epsilon=epsilon).norm_epsilon
    assert found == round(epsilon * power * width * 2**32)


def test_norm_epsilon_fits_60_bits() -> None:
    largest = Fraction((1 << 60) - 1, 64 << 32)
    assert constants_of(epsilon=largest).norm_epsilon == (1 << 60) - 1
    with pytest.raises(CheckpointError, match="rms_norm_eps"):
        constants_of(epsilon=Fraction(1 << 60, 64 << 32))


def test_log2e() -> None:
    assert constants_of().log2e == round(LOG2E * 2**30) == 1549082005


@pytest.mark.parametrize("head_dim", [2, 8, 64, 80, 96, 128, 512])
@pytest.mark.parametrize("rotated", [True, False])
@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("ratio", [Fraction(1), Fraction(9, 10)])
def test_score_is_the_nearest(head_dim: int, rotated: bool, bits: int, ratio: Fraction) -> None:
    order = head_dim if rotated else 1
    found = constants_of(head_dim=head_dim, head_order=order, bits=bits, ratio=ratio)
    m, e = found.score_mantissa, found.score_exponent
    assert 2**21 <= m < 2**22
    # Squares avoid the root of d: (m − 1/2)·2^e <= log2(e)·r/(√d·n·q) <= (m + 1/2)·2^e.
    square = (LOG2E * ratio / (order * (2 ** (bits - 1) - 1))) ** 2 / head_dim
    unit = Fraction(4) ** e
    assert (m - Fraction(1, 2)) ** 2 * unit <= square <= (m + Fraction(1, 2)) ** 2 * unit

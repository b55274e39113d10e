"""The choice of a matrix for a width (HAD-4, HAD-5, HAD-16)."""

import pytest

from spikeref.arith.hadamard import (
    Base,
    Kronecker,
    PaleyOne,
    PaleyTwo,
    Sylvester,
    Williamson,
    base_order,
    describe_base,
    find_base,
    plan_hadamard,
)
from spikeref.errors import UsageError

TRIVIAL = Sylvester(log2_order=0)


@pytest.mark.parametrize(
    ("width", "base", "log2_sylvester"),
    [
        (1, TRIVIAL, 0),
        (2, TRIVIAL, 1),
        (4, TRIVIAL, 2),
        (8, TRIVIAL, 3),
        (4096, TRIVIAL, 12),
        (12, PaleyOne(q=11), 0),
        (24, PaleyOne(q=11), 1),
        (40, PaleyOne(q=19), 1),
        (36, PaleyTwo(q=17), 0),
        (52, PaleyTwo(q=25), 0),
        (768, PaleyOne(q=11), 6),
        (896, PaleyOne(q=27), 5),
        (2560, PaleyOne(q=19), 7),
        (3072, PaleyOne(q=11), 8),
        (3584, PaleyOne(q=27), 7),
        (4864, PaleyTwo(q=37), 6),
        (5120, PaleyOne(q=19), 8),
        (5632, PaleyOne(q=43), 7),
        (6912, PaleyOne(q=107), 6),
        (8960, PaleyOne(q=139), 6),
        (11008, Williamson(order=172), 6),
        (13824, PaleyOne(q=107), 7),
        (14336, PaleyOne(q=27), 9),
        (18944, PaleyTwo(q=73), 7),
        (29568, PaleyTwo(q=461), 5),
        (156 * 8, Williamson(order=156), 3),
        (92 * 4, PaleyOne(q=367), 0),
        (1904, Kronecker(left=PaleyOne(q=27), right=PaleyOne(q=67)), 0),
        (3808, Kronecker(left=PaleyOne(q=27), right=PaleyOne(q=67)), 1),
    ],
)
def test_a_width_gets_its_one_matrix(width: int, base: Base, log2_sylvester: int) -> None:
    plan = plan_hadamard(width)
    assert (plan.base, plan.log2_sylvester) == (base, log2_sylvester)
    assert (plan.width, plan.order, plan.blocks) == (width, width, 1)
    assert not plan.is_block_diagonal


@pytest.mark.parametrize(
    ("width", "order"), [(3, 1), (6, 2), (14, 2), (92, 4), (116, 4), (13696, 128), (4095, 1)]
)
def test_other_widths_get_diagonal_powers_of_two(width: int, order: int) -> None:
    plan = plan_hadamard(width)
    assert plan.is_block_diagonal
    assert (plan.order, plan.blocks, plan.base) == (order, width // order, TRIVIAL)
    assert 1 << plan.log2_sylvester == order


def test_every_plan_adds_up() -> None:
    for width in range(1, 4097):
        plan = plan_hadamard(width)
        assert plan.order * plan.blocks == width
        assert base_order(plan.base) << plan.log2_sylvester == plan.order


def test_no_smaller_base_was_passed_over() -> None:
    for width in range(4, 4097, 4):
        plan = plan_hadamard(width)
        smaller = width
        while smaller % 2 == 0 and smaller > base_order(plan.base):
            smaller //= 2
            if plan.is_block_diagonal or smaller < base_order(plan.base):
                assert find_base(smaller) is None


def test_a_product_is_used_only_where_nothing_direct_exists() -> None:
    assert find_base(144) == Kronecker(left=PaleyOne(q=11), right=PaleyOne(q=11))
    assert find_base(432) == PaleyOne(q=431)
    assert plan_hadamard(432).base == PaleyOne(q=107)


@pytest.mark.parametrize("order", [-4, 0, 1, 2, 4, 8, 10, 15, 64, 92, 116])
def test_orders_without_a_base(order: int) -> None:
    assert find_base(order) is None


def test_a_base_is_described_in_words() -> None:
    described = {describe_base(plan_hadamard(width).base) for width in (4, 12, 36, 172, 1904)}
    assert described == {
        "Sylvester (1)",
        "Paley I (q = 11)",
        "Paley II (q = 17)",
        "Williamson (172)",
        "Paley I (q = 27) ⊗ Paley I (q = 67)",
    }


@pytest.mark.parametrize("width", [0, -12])
def test_a_width_below_one_is_refused(width: int) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        plan_hadamard(width)

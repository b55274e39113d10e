"""The fast transform against the definition (HAD-5 … HAD-8)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from spikeref.arith.hadamard import (
    hadamard,
    hadamard_mantissas,
    hadamard_matrix,
    hadamard_transpose,
    plan_hadamard,
)
from spikeref.errors import RangeError, UsageError

SMALL_WIDTHS = (1, 2, 3, 4, 6, 8, 12, 20, 24, 28, 36, 40, 52, 64, 92)
LARGE_WIDTHS = (172, 344, 512, 896, 924, 1904, 2560, 3584, 4096, 4864)
CHUNKY = 1 << 18


def full_matrix(width: int) -> NDArray[np.int64]:
    """Return the matrix of the whole width, its diagonal blocks included: int64 [N, N]."""
    plan = plan_hadamard(width)
    block = hadamard_matrix(plan).astype(np.int64)
    return np.kron(np.eye(plan.blocks, dtype=np.int64), block)


def by_python(matrix: list[list[int]], u: list[int]) -> list[int]:
    return [sum(h * x for h, x in zip(row, u, strict=True)) for row in matrix]


def random_integers(shape: tuple[int, ...], bound: int, dtype: type[Any]) -> NDArray[Any]:
    return np.random.default_rng(7).integers(-bound, bound, size=shape, dtype=dtype, endpoint=True)


@given(data=st.data(), width=st.sampled_from(SMALL_WIDTHS))
def test_small_widths_equal_sums_in_python(data: st.DataObject, width: int) -> None:
    dtype, largest = data.draw(
        st.sampled_from([(np.int16, 2**15 - 1), (np.int32, 2**31 - 1), (np.int64, 2**63 - 1)])
    )
    limit = min(2**62 // width, largest)
    entries = st.one_of(st.sampled_from([-limit, 0, limit]), st.integers(-limit, limit))
    u = data.draw(hnp.arrays(dtype, (width,), elements=entries))
    matrix = full_matrix(width).tolist()
    assert hadamard(u).tolist() == by_python(matrix, u.tolist())
    transposed = [list(column) for column in zip(*matrix, strict=True)]
    assert hadamard_transpose(u).tolist() == by_python(transposed, u.tolist())


@pytest.mark.parametrize("bound", [1, 2**15 - 1, 2**31 - 1, 2**49])
@pytest.mark.parametrize("width", LARGE_WIDTHS)
def test_large_widths_equal_the_integer_product(width: int, bound: int) -> None:
    u = random_integers((2, width), bound, np.int64)
    matrix = full_matrix(width)
    assert np.array_equal(hadamard(u), np.matmul(u, matrix.T, dtype=np.int64))
    assert np.array_equal(hadamard_transpose(u), np.matmul(u, matrix, dtype=np.int64))


@pytest.mark.parametrize("width", [12, 20, 28, 344])
def test_an_impulse_on_every_lane_gives_its_column(width: int) -> None:
    matrix = hadamard_matrix(plan_hadamard(width))
    impulses = np.eye(width, dtype=np.int16)
    assert np.array_equal(hadamard(impulses), matrix.T)
    assert np.array_equal(hadamard_transpose(impulses), matrix)


@pytest.mark.parametrize("width", [11008, 14336, 13824, 29568])
def test_there_and_back_multiplies_by_the_order(width: int) -> None:
    u = random_integers((3, width), 2**15 - 1, np.int16)
    assert np.array_equal(hadamard_transpose(hadamard(u)), u.astype(np.int64) * width)
    assert np.array_equal(hadamard(hadamard_transpose(u)), u.astype(np.int64) * width)


@given(st.sampled_from(LARGE_WIDTHS), st.integers(0, 2**32), st.integers(1, 2**20))
def test_energy_is_multiplied_by_the_order(width: int, seed: int, bound: int) -> None:
    u = np.random.default_rng(seed).integers(-bound, bound, size=width, endpoint=True)
    v = hadamard(u)
    energy = sum(x * x for x in u.tolist())
    assert sum(x * x for x in v.tolist()) == plan_hadamard(width).order * energy


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_block_shifted_vector_fits_32_bits(sign: int) -> None:
    u = np.full((2, 1 << 15), sign * (2**15 - 1), dtype=np.int16)
    u[1] *= np.where(np.bitwise_count(np.arange(1 << 15) & 21845) % 2, -1, 1).astype(np.int16)
    v = hadamard(u)
    assert v.dtype == np.int32
    assert v[0, 0] == v[1, 21845] == sign * (2**30 - 2**15)
    assert np.count_nonzero(v) == 2


@pytest.mark.parametrize("row", [0, 1, 100, 343])
@pytest.mark.parametrize("bound", [2**15, 48770, 48771, 2**30, 2**44, 2**45, 2**53, 2**54])
def test_a_row_against_itself_reaches_the_bound_at_every_float_limit(row: int, bound: int) -> None:
    signs = hadamard_matrix(plan_hadamard(344))[row].astype(np.int64)
    v = hadamard(signs * bound)
    expected = [0] * 344
    expected[row] = 344 * bound
    assert v.tolist() == expected


@pytest.mark.parametrize("bound", [2**24 // 12 - 1, 2**24 // 12 + 1, 2**53 // 12 + 1])
def test_odd_neighbours_of_the_float_limits_are_not_rounded(bound: int) -> None:
    u = hadamard_matrix(plan_hadamard(12))[5].astype(np.int64) * bound
    u[3] -= np.sign(u[3])
    assert hadamard(u).tolist() == by_python(full_matrix(12).tolist(), u.tolist())


def test_diagonal_blocks_do_not_mix() -> None:
    u = np.arange(92, dtype=np.int32)
    v = hadamard(u)
    for k in range(23):
        a, b, c, d = range(4 * k, 4 * k + 4)
        expected = [a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d]
        assert v[4 * k : 4 * k + 4].tolist() == expected
    assert hadamard(np.arange(7)).tolist() == list(range(7))


def test_leading_axes_strides_and_row_blocks_do_not_matter() -> None:
    u = random_integers((3, 5, 4096 * 2), 2**15 - 1, np.int16)[..., ::2]
    v = hadamard(u)
    assert v.shape == (3, 5, 4096)
    many = random_integers((CHUNKY // 96 + 3, 96), 2**15 - 1, np.int16)
    assert np.array_equal(hadamard(many), many.astype(np.int64) @ full_matrix(96).T)
    for i, j in ((0, 0), (1, 3), (2, 4)):
        assert np.array_equal(v[i, j], hadamard(np.ascontiguousarray(u[i, j])))


def test_the_input_is_left_alone() -> None:
    u = random_integers((4, 96), 99, np.int64)
    before = u.copy()
    u.flags.writeable = False
    hadamard(u)
    hadamard_mantissas(u.astype(np.float64), plan_hadamard(96), bound=99)
    assert np.array_equal(u, before)


@pytest.mark.parametrize("shape", [(0, 12), (3, 0, 40)])
def test_no_rows_give_no_rows(shape: tuple[int, ...]) -> None:
    assert hadamard(np.zeros(shape, dtype=np.int16)).shape == shape


def test_a_stated_bound_fixes_the_type_of_the_result() -> None:
    u = np.ones(4096, dtype=np.int32)
    assert hadamard(u).dtype == np.int32
    assert hadamard(u, bound=2**19 - 1).dtype == np.int32
    assert hadamard(u, bound=2**19).dtype == np.int64


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("width", [28, 344, 896, 4096, 92])
def test_mantissas_equal_the_integer_transform(width: int, transpose: bool) -> None:
    u = random_integers((37, width), 2**22 - 1, np.int64)
    x = u.astype(np.float64)
    y = hadamard_mantissas(x, plan_hadamard(width), bound=2**22, transpose=transpose)
    assert y.dtype == np.float64
    expected = hadamard_transpose(u) if transpose else hadamard(u)
    assert np.array_equal(y.astype(np.int64), expected)


@pytest.mark.parametrize("bad", [0.5, np.nan, np.inf, -np.inf, 101.0, -101.0])
def test_mantissas_that_are_no_small_integers_are_refused(bad: float) -> None:
    x = np.zeros((3, 12))
    x[2, 7] = bad
    with pytest.raises(UsageError, match="integers of at most ±100"):
        hadamard_mantissas(x, plan_hadamard(12), bound=100)


def test_mantissas_of_another_type_width_or_range_are_refused() -> None:
    plan = plan_hadamard(16)
    with pytest.raises(UsageError, match="float64"):
        hadamard_mantissas(np.zeros(16, dtype=np.float32), plan, bound=1)
    with pytest.raises(UsageError, match="width 12, but the plan is for 16"):
        hadamard_mantissas(np.zeros(12), plan, bound=1)
    with pytest.raises(RangeError, match="54 bits"):
        hadamard_mantissas(np.zeros(16), plan, bound=2**49)
    assert hadamard_mantissas(np.ones(16), plan, bound=2**49 - 1)[0] == 16


@pytest.mark.parametrize(
    "u", [np.zeros(12), np.zeros(12, dtype=np.uint8), np.zeros(12, dtype=bool), [1]]
)
def test_what_is_no_array_of_signed_integers_is_refused(u: Any) -> None:
    with pytest.raises(UsageError, match="signed integers"):
        hadamard(u)


def test_contradictory_arguments_are_refused() -> None:
    u = np.arange(-12, 0, dtype=np.int16)
    with pytest.raises(UsageError, match="reaches 12, above the bound 11"):
        hadamard(u, bound=11)
    with pytest.raises(UsageError, match="width 12, but the plan is for 20"):
        hadamard_transpose(u, plan_hadamard(20))
    with pytest.raises(UsageError, match="scalar"):
        hadamard(np.array(3))
    with pytest.raises(UsageError, match="at least 1"):
        hadamard(np.zeros((3, 0), dtype=np.int16))


def test_a_result_beyond_63_bits_is_refused() -> None:
    assert hadamard(np.full(8, 2**60 - 1, dtype=np.int64))[0] == 2**63 - 8
    with pytest.raises(RangeError, match="64 bits"):
        hadamard(np.full(8, 2**60, dtype=np.int64))
    with pytest.raises(RangeError):
        hadamard(np.full(1, -(2**63), dtype=np.int64))

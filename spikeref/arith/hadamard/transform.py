"""The transform y = H·u of integer vectors, factor by factor, exact on every machine.

H = F_1 ⊗ F_2 ⊗ … ⊗ F_r acts one factor at a time: with the index written in mixed radix, stage s
multiplies digit s by F_s, and the order of the stages does not matter because they commute.

Proof of exactness. Let B bound |u|. The values entering stage s are at most B·f_1⋯f_{s−1}, and
each output of the stage is a sum of f_s of them with signs, so *every* partial sum, in whatever
order, is an integer of magnitude at most B·f_1⋯f_s. Where this bound is below 2^24 (2^53), all of
them are exact in float32 (float64), a fused multiply-add rounds nothing away, and BLAS may add as
it likes. Beyond 2^53 the stage runs in int64.
"""

from functools import lru_cache
from typing import Any, Literal, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blas_threads import one_blas_thread
from spikeref.arith.blocks import map_in_threads
from spikeref.arith.compiled import over_rows, suits_loops
from spikeref.arith.hadamard.matrix import base_matrix
from spikeref.arith.hadamard.orders import (
    Base,
    HadamardPlan,
    Kronecker,
    PaleyOne,
    PaleyTwo,
    Sylvester,
    Williamson,
    base_order,
    plan_hadamard,
)
from spikeref.arith.loops.sylvester import sylvester_rows
from spikeref.arith.widths import magnitude
from spikeref.errors import RangeError, UsageError

Integers: TypeAlias = NDArray[np.signedinteger[Any]]
StageType: TypeAlias = Literal["float32", "float64", "int64"]

LOG2_SYLVESTER_FACTOR = 5
"""Sylvester factors of at most 32: few operations, and yet enough to fill a BLAS kernel."""

BLOCK_ELEMENTS = 1 << 17
"""Rows go through all stages in blocks of about this size, so that they stay in cache."""

ONE_THREAD_PRODUCTS = 1 << 18
"""Products of a matrix product that OpenBLAS takes on the calling thread (it starts others from
2^19 on): small products gain nothing from threads that wait for each other, and callers that work
on blocks of rows in threads of their own lose by them."""

SHORTEST_LOOP = 4
"""Of a smaller power of two the additions have no loop."""

LONGEST_LINE = 1 << 12
"""Elements whose additions stay in the fastest cache."""

CACHED_ORDER = 1024
"""A larger factor is converted to its stage's type at every call instead of being kept."""


def hadamard(
    u: Integers, plan: HadamardPlan | None = None, *, bound: int | None = None
) -> NDArray[np.int32] | NDArray[np.int64]:
    """Return y = H·u along the last axis, unnormalised: y[i] = Σ_j H[i, j]·u[j] (HAD-7).

    u: signed integers [..., N]. plan: of width N, by default `plan_hadamard(N)`.
    bound: an upper bound of |u|, by default its maximum; stating it makes the result's type
    independent of the data. Result [..., N]: int32 if order·bound < 2**31, else int64 (HAD-8).
    UsageError if u is no such array, the plan has another width or |u| exceeds the bound;
    RangeError if order·bound ≥ 2**63.
    """
    plan, bound = _checked(u, plan, bound)
    return _integer_transform(u, plan, bound, transpose=False)


def hadamard_of_proven(
    u: Integers, plan: HadamardPlan, *, bound: int
) -> NDArray[np.int32] | NDArray[np.int64]:
    """Return hadamard(u, plan, bound=bound) of integers that are proven to keep to the bound."""
    return _integer_transform(u, plan, bound, transpose=False)


def hadamard_transpose(
    u: Integers, plan: HadamardPlan | None = None, *, bound: int | None = None
) -> NDArray[np.int32] | NDArray[np.int64]:
    """Return y = Hᵀ·u along the last axis; otherwise as `hadamard` (HAD-7).

    hadamard_transpose(hadamard(u)) = order·u.
    """
    plan, bound = _checked(u, plan, bound)
    return _integer_transform(u, plan, bound, transpose=True)


def hadamard_mantissas(
    x: NDArray[np.float64], plan: HadamardPlan, *, bound: int, transpose: bool = False
) -> NDArray[np.float64]:
    """Return H·x (Hᵀ·x if transpose) along the last axis of integers held in float64 [..., N].

    The compiler's rotation of weight mantissas: exact, and float64 [..., N] in and out.
    UsageError if x is not float64 of the plan's width, or has a value that is no integer of
    magnitude ≤ bound; RangeError if order·bound ≥ 2**53.
    """
    if not isinstance(x, np.ndarray) or x.dtype != np.float64 or x.ndim == 0:
        raise UsageError("Hadamard transform: mantissas must be a float64 array [..., N]")
    _require_width(x.shape[-1], plan)
    if plan.order * bound >= 1 << 53:
        raise RangeError("Hadamard transform of mantissas", plan.order * bound, 54, "HAD-8")
    rows = x.reshape(-1, plan.order)
    result = np.empty(rows.shape, dtype=np.float64)
    for block in _blocks(rows.shape):
        part = rows[block]
        if not (np.array_equal(np.rint(part), part) and bool((np.abs(part) <= bound).all())):
            raise UsageError(f"Hadamard transform: mantissas must be integers of at most ±{bound}")
        result[block] = _transform_rows(
            part, _factors(plan), plan.order, bound, transpose=transpose
        )
    return result.reshape(x.shape)


def _checked(u: Integers, plan: HadamardPlan | None, bound: int | None) -> tuple[HadamardPlan, int]:
    """Return plan and bound, the defaults of those that are None, after checking all three."""
    if not isinstance(u, np.ndarray) or u.dtype.kind != "i":
        raise UsageError("Hadamard transform: the input must be an array of signed integers")
    if u.ndim == 0:
        raise UsageError("Hadamard transform: the input is a scalar; give an array [..., N]")
    plan = plan_hadamard(u.shape[-1]) if plan is None else plan
    _require_width(u.shape[-1], plan)
    return plan, _proven_bound(u, bound)


def _integer_transform(
    u: Integers, plan: HadamardPlan, bound: int, *, transpose: bool
) -> NDArray[np.int32] | NDArray[np.int64]:
    if plan.order * bound >= 1 << 63:
        raise RangeError("Hadamard transform", plan.order * bound, 64, "HAD-8")
    rows = u.reshape(-1, plan.order)
    narrow = plan.order * bound < 1 << 31
    result: NDArray[Any] = np.empty(rows.shape, dtype=np.int32 if narrow else np.int64)
    if narrow and plan.log2_sylvester >= SHORTEST_LOOP and suits_loops(u.size):
        _by_additions(u, plan, bound, result.reshape(u.shape), transpose=transpose)
        return result.reshape(u.shape)
    for block in _blocks(rows.shape):
        result[block] = _transform_rows(
            rows[block], _factors(plan), plan.order, bound, transpose=transpose
        )
    return result.reshape(u.shape)


def _by_additions(
    u: Integers, plan: HadamardPlan, bound: int, result: NDArray[np.int32], *, transpose: bool
) -> None:
    """Fill `result` with the transform of u, both [..., N]: Sylvester's part in int32 additions."""
    base = tuple(part for part in _leaves(plan.base) if base_order(part) > 1)
    order = 1 << plan.log2_sylvester
    if not base:
        lines = u.reshape(-1, _line_length(u[0].size if u.ndim > 1 else u.size, order))
        over_rows(sylvester_rows, len(lines), u.size, (lines, order), result.reshape(lines.shape))
        return
    rows, filled = u.reshape(-1, plan.order), result.reshape(-1, plan.order)
    length = _line_length(plan.order, order)

    def work(block: slice) -> None:
        based = _transform_rows(rows[block], base, plan.order, bound, transpose=transpose)
        lines = based.reshape(-1, length)
        over_rows(
            sylvester_rows, len(lines), u.size, (lines, order), filled[block].reshape(lines.shape)
        )

    map_in_threads(work, _blocks(rows.shape), u.size)


def _line_length(length: int, order: int) -> int:
    """Return how many of `length` elements, a whole number of transforms, are added up together."""
    count = length // order
    together = max(1, LONGEST_LINE // order)
    return order * next(n for n in range(min(count, together), 0, -1) if count % n == 0)


def _proven_bound(u: Integers, bound: int | None) -> int:
    """Return the stated bound after checking it, or else max|u|."""
    largest = magnitude(u)
    if bound is not None and largest > bound:
        raise UsageError(f"Hadamard transform: |u| reaches {largest}, above the bound {bound}")
    return largest if bound is None else bound


def _transform_rows(
    rows: Integers | NDArray[np.float64],
    factors: tuple[Base, ...],
    order: int,
    bound: int,
    *,
    transpose: bool,
) -> NDArray[Any]:
    """Return integers [R, order] of magnitude ≤ bound times the leading factors of the matrix.

    The result's type holds what they make of the bound.
    """
    x: NDArray[Any] = rows.astype(_exact_type(bound), copy=False)
    left = 1
    for factor in factors:
        f = base_order(factor)
        left *= f
        stage_type = _exact_type(bound * left)
        matrix = _factor_matrix(factor, stage_type, transpose)
        x = x.astype(stage_type, copy=False)
        # Some kernels raise spurious floating-point flags on lanes that they then throw away.
        with np.errstate(all="ignore"):
            if left == order:
                x = _multiply_last_digit(x, matrix, order)
            else:
                x = _multiply_digit(x.reshape(-1, f, order // left), matrix)
    return x.reshape(rows.shape)


def _multiply_digit(x: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    """Return matrix @ x[b] for every b, of x [B, f, r], on the calling thread.

    Where the BLAS cannot be told so, a few rows of the matrix at a time.
    """
    _, f, r = x.shape
    step = max(1, ONE_THREAD_PRODUCTS // (f * r))
    if step >= f:
        return np.asarray(np.matmul(matrix, x, dtype=x.dtype))
    with one_blas_thread() as possible:
        if possible:
            return np.asarray(np.matmul(matrix, x, dtype=x.dtype))
    result = np.empty_like(x)
    for start in range(0, f, step):
        part = slice(start, start + step)
        np.matmul(matrix[part], x, out=result[:, part])
    return result


def _multiply_last_digit(x: NDArray[Any], matrix: NDArray[Any], order: int) -> NDArray[Any]:
    """Return x @ matrixᵀ along the last digit, of rows [R, order], a row at a time."""
    f = len(matrix)
    if order * f <= ONE_THREAD_PRODUCTS and order > f:
        return np.asarray(np.matmul(x.reshape(-1, order // f, f), matrix.T, dtype=x.dtype))
    rows = x.reshape(-1, f)
    result = np.empty_like(rows)
    step = max(1, ONE_THREAD_PRODUCTS // (f * f))
    for start in range(0, len(rows), step):
        np.matmul(rows[start : start + step], matrix.T, out=result[start : start + step])
    return result


def _exact_type(bound: int) -> StageType:
    if bound < 1 << 24:
        return "float32"
    return "float64" if bound < 1 << 53 else "int64"


@lru_cache(maxsize=256)
def _factors(plan: HadamardPlan) -> tuple[Base, ...]:
    """Return factors F_1 … F_r whose Kronecker product is the plan's matrix."""
    count = -(-plan.log2_sylvester // LOG2_SYLVESTER_FACTOR)
    logs = [(plan.log2_sylvester + i) // count for i in range(count)]
    parts = (*_leaves(plan.base), *(Sylvester(log2_order=k) for k in logs))
    return tuple(part for part in parts if base_order(part) > 1)


def _leaves(base: Base) -> tuple[Base, ...]:
    match base:
        case Kronecker(left=left, right=right):
            return (*_leaves(left), *_leaves(right))
        case Sylvester() | PaleyOne() | PaleyTwo() | Williamson():
            return (base,)
        case _:
            assert_never(base)


def _factor_matrix(factor: Base, stage_type: StageType, transpose: bool) -> NDArray[Any]:
    if base_order(factor) <= CACHED_ORDER:
        matrix = _cached_factor(factor, stage_type)
    else:
        matrix = base_matrix(factor).astype(stage_type)
    return matrix.T if transpose else matrix


@lru_cache(maxsize=64)
def _cached_factor(factor: Base, stage_type: StageType) -> NDArray[Any]:
    matrix: NDArray[Any] = base_matrix(factor).astype(stage_type)
    matrix.flags.writeable = False
    return matrix


def _blocks(shape: tuple[int, ...]) -> list[slice]:
    step = max(1, BLOCK_ELEMENTS // shape[1])
    return [slice(start, start + step) for start in range(0, shape[0], step)]


def _require_width(width: int, plan: HadamardPlan) -> None:
    if width != plan.width:
        raise UsageError(f"Hadamard transform: width {width}, but the plan is for {plan.width}")

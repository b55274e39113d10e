"""Exact integer products; no other room multiplies matrices (ARITH-9).

Small integers go to a library that multiplies bytes, where there is one. Everything else goes
through floats: a float format adds integers without error while every partial sum
stays below its integer range, so a BLAS that multiplies each pair once and adds gives the integers
themselves, whatever its order of summation, blocking or use of fused multiply-add. `choose_route`
proves the bound; nothing else decides.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blas_threads import one_blas_thread
from spikeref.arith.blocks import even_parts, for_row_blocks, map_in_threads, threads_for
from spikeref.arith.byte_products import byte_product, suits_bytes
from spikeref.arith.compiled import over_rows, suits_loops
from spikeref.arith.loops.shifts import square_rows
from spikeref.arith.widths import magnitude
from spikeref.errors import RangeError

FLOAT32_LIMIT = 1 << 24
FLOAT64_LIMIT = 1 << 53
SMALLEST_SPLIT = 256
"""Splitting K into shorter runs than this costs more than float64 does."""

RUN_ROWS = 256
"""Rows that are added at a time, in twice the width of their entries."""

WIDENED_TERMS = 512
"""Rows of the right operand that are widened to float at a time. Few and long rows are widened
four times as fast as many short ones, and are still in cache when the product reads them."""

WIDENED_ELEMENTS = WIDENED_TERMS * 1408
"""Elements that a thread widens at a time."""

SMALLEST_BLOCK = 64
"""Columns below which a product is no longer worth its call."""


@dataclass(frozen=True, slots=True)
class ThroughFloat32:
    """Take `run` terms at a time in float32 and add the runs as integers."""

    run: int


@dataclass(frozen=True, slots=True)
class ThroughFloat64:
    """Take the whole sum in float64."""


@dataclass(frozen=True, slots=True)
class ThroughInt64:
    """Take the whole sum in int64: slow, and exact below 2^63."""


Route: TypeAlias = ThroughFloat32 | ThroughFloat64 | ThroughInt64


def choose_route(terms: int, largest_product: int, bound: int) -> Route:
    """Return the cheapest exact way to add `terms` products.

    largest_product: bounds |a·b| of one term; bound: bounds every partial sum, in any order.
    RangeError if bound reaches 2^63, where no route is exact.
    """
    if bound >= 1 << 63:
        raise RangeError("sum of products", bound, 64, "ARITH-9")
    if bound < FLOAT32_LIMIT:
        return ThroughFloat32(run=terms)
    run = (FLOAT32_LIMIT - 1) // largest_product
    if run >= SMALLEST_SPLIT:
        return ThroughFloat32(run=run)
    return ThroughFloat64() if bound < FLOAT64_LIMIT else ThroughInt64()


def dot_exact(
    a: NDArray[Any], b: NDArray[Any], *, a_max: int, b_max: int, sum_max: int | None = None
) -> NDArray[Any]:
    """Return a @ b for integer a [T, K] and b [K, M], exactly: integers [T, M].

    a_max, b_max: bounds on |a| and |b| that the caller has proven; sum_max: a bound on
    max_m Σ_k |a_k|·|b_km| where one tighter than K·a_max·b_max is known. The result is int32 when
    the sum's bound is below 2^31 and int64 otherwise. RangeError where no exact route exists.
    """
    if suits_bytes(a, b, a_max, b_max):
        sums = byte_product(a, b, a_max)
        if sums is not None:
            return sums
    return dot_in_numpy(a, b, a_max=a_max, b_max=b_max, sum_max=sum_max)


def dot_in_numpy(
    a: NDArray[Any], b: NDArray[Any], *, a_max: int, b_max: int, sum_max: int | None = None
) -> NDArray[Any]:
    """Return dot_exact(a, b, …) by NumPy alone."""
    rows, terms = a.shape
    columns = b.shape[1]
    largest_product = max(a_max, 1) * max(b_max, 1)
    bound = terms * largest_product
    if sum_max is not None:
        bound = min(bound, sum_max)
    result = np.empty((rows, columns), dtype=np.int32 if bound < 1 << 31 else np.int64)
    if terms == 0:
        result[...] = 0
        return result
    match choose_route(terms, largest_product, bound):
        case ThroughFloat32(run):
            _through_float(a, b, run, np.dtype(np.float32), result)
        case ThroughFloat64():
            _through_float(a, b, terms, np.dtype(np.float64), result)
        case ThroughInt64():
            np.matmul(a.astype(np.int64), b.astype(np.int64), out=result)
        case route:
            assert_never(route)
    return result


def dot_by_heads(a: NDArray[Any], b: NDArray[Any], *, a_max: int, b_max: int) -> NDArray[np.int64]:
    """Return a[:, head] @ b[head // (C / G)] for every head, exactly: int64 [T, C, M].

    a: [T, C, K]; b: [G, K, M], of which C / G heads in a row share one; a_max, b_max: bounds on
    |a| and |b|, as of dot_exact.
    """
    tokens, heads, terms = a.shape
    groups, _, columns = b.shape
    result = np.empty((tokens, heads, columns), dtype=np.int64)
    if result.size == 0:
        return result
    shared = heads // groups
    largest_product = max(a_max, 1) * max(b_max, 1)
    route = choose_route(terms, largest_product, terms * largest_product)
    if not isinstance(route, ThroughFloat64) or terms * columns > WIDENED_ELEMENTS:
        for head in range(heads):
            given = a[:, head], b[head // shared]
            result[:, head] = dot_in_numpy(*given, a_max=a_max, b_max=b_max)
        return result
    # Heads that share a group are more rows of one product.
    left = a.reshape(tokens, groups, shared, terms).transpose(1, 0, 2, 3)
    filled = result.reshape(tokens, groups, shared, columns).transpose(1, 0, 2, 3)

    def work(some: slice) -> None:
        rows = left[some].astype(np.float64, order="C").reshape(-1, tokens * shared, terms)
        product = np.matmul(rows, b[some].astype(np.float64))
        np.copyto(filled[some], product.reshape(filled[some].shape), casting="unsafe")

    elements = a.size + b.size + result.size
    with np.errstate(all="ignore"), one_blas_thread():
        parts = max(threads_for(elements), -(-elements // WIDENED_ELEMENTS))
        map_in_threads(work, even_parts(groups, parts), elements)
    return result


def sum_of_squares(m: NDArray[Any]) -> NDArray[np.int64]:
    """Return Σ_k m[t, k]², int64 [T], of integers m [T, N], where N·max|m|² < 2^63 (OP-2).

    RangeError where the sum could leave int64.
    """
    bound = m.shape[1] * magnitude(m) ** 2
    if bound >= 1 << 63:
        raise RangeError("sum of squares", bound, 64, "ARITH-9")
    if suits_loops(m.size):
        energy = np.empty(len(m), dtype=np.int64)
        over_rows(square_rows, len(m), m.size, (m,), energy)
        return energy
    return np.asarray(np.einsum("tn,tn->t", m, m, dtype=np.int64))


def absolute_column_sums(weights: NDArray[np.int8] | NDArray[np.int16]) -> NDArray[np.int64]:
    """Return Σ_j |W[j, m]|, int64 [M], of weights [N, M]."""
    sums = np.zeros(weights.shape[1], dtype=np.int64)
    # 256 magnitudes of up to 128 can be added in 16 bits, of up to 2^15 in 32.
    own, form = (np.uint8, np.uint16) if weights.dtype == np.int8 else (np.uint16, np.uint32)
    for start in range(0, len(weights), RUN_ROWS):
        # The magnitude of the least weight is itself, read without a sign.
        run = np.abs(weights[start : start + RUN_ROWS]).view(own)
        sums += np.add.reduce(run, axis=0, dtype=form)
    return sums


def absolute_row_sums(weights: NDArray[np.int16]) -> NDArray[np.int64]:
    """Return Σ_j |W[v, j]|, int64 [V], of weights [V, N], without a copy of them all."""
    sums = np.empty(len(weights), dtype=np.int64)

    def work(rows: slice) -> None:
        sums[rows] = np.abs(weights[rows], dtype=np.int32).sum(axis=1, dtype=np.int64)

    for_row_blocks(weights.shape[0], weights.shape[1], work)
    return sums


def _through_float(
    a: NDArray[Any], b: NDArray[Any], run: int, form: np.dtype[Any], result: NDArray[Any]
) -> None:
    """Fill `result` with a @ b, `run` terms at a time, in float `form`, on several threads."""
    left = a.astype(form)
    # Small products stay on one thread too: idle BLAS threads spin, and would take a core from
    # whatever comes next.
    with one_blas_thread() as limited:
        parts = even_parts(b.shape[1], threads_for(b.size) if limited else 1)
        map_in_threads(
            lambda part: _fill_columns(left, b[:, part], run, result[:, part]), parts, b.size
        )


def _fill_columns(left: NDArray[Any], b: NDArray[Any], run: int, result: NDArray[Any]) -> None:
    """Fill `result` with left @ b, for a float `left`, a block of columns at a time."""
    tokens, columns = len(left), b.shape[1]
    terms = max(1, min(len(b), run, WIDENED_TERMS))
    width = min(columns, max(SMALLEST_BLOCK, WIDENED_ELEMENTS // terms))
    # The same memory serves all blocks: fresh pages cost more than the widening itself.
    widened = np.empty((terms, width), dtype=left.dtype)
    product = np.empty((tokens, width), dtype=left.dtype)
    total = np.empty((tokens, width), dtype=left.dtype)
    # Some kernels raise spurious floating-point flags on lanes that they then throw away.
    with np.errstate(all="ignore"):
        for start in range(0, columns, width):
            block = slice(start, min(start + width, columns))
            used = slice(0, block.stop - block.start)
            for first in range(0, len(b), run):
                last = min(first + run, len(b))
                _sum_of_run(
                    left[:, first:last],
                    b[first:last, block],
                    widened[:, used],
                    product[:, used],
                    total[:, used],
                )
                if first == 0:
                    np.copyto(result[:, block], total[:, used], casting="unsafe")
                else:
                    result[:, block] += total[:, used].astype(result.dtype)


def _sum_of_run(
    left: NDArray[Any],
    b: NDArray[Any],
    widened: NDArray[Any],
    product: NDArray[Any],
    total: NDArray[Any],
) -> None:
    """Fill `total` with left @ b, a run of terms whose sum is exact in the float format.

    widened [terms at a time, M], product [T, M] and total [T, M] are memory of that format.
    """
    for start in range(0, len(b), len(widened)):
        stop = min(start + len(widened), len(b))
        right = widened[: stop - start]
        np.copyto(right, b[start:stop], casting="unsafe")
        np.matmul(left[:, start:stop], right, out=product if start else total)
        if start:
            total += product

"""Chapter 3: which Hadamard matrix belongs to a width, and its products."""

from collections.abc import Sequence
from functools import cache
from operator import mul
from typing import TypeAlias

from .finite_field import field, prime_power

Matrix: TypeAlias = tuple[tuple[int, ...], ...]

WILLIAMSON = {
    156: (
        "+++--+-+-----+--++----++--+-----+-+--++",
        "++++---+--++----+-+--+-+----++--+---+++",
        "+++--++-+---+-+--+----+--+-+---+-++--++",
        "+---++-+-+-----+++-++-+++-----+-+-++---",
    ),
    172: (
        "+---++--++++-+-+++-++--++-+++-+-++++--++---",
        "++-++++++----+-+--++-++-++--+-+----++++++-+",
        "+++-+-++--+-+-++++-+----+-++++-+-+--++-+-++",
        "++---++++-+--+--++--------++--+--+-++++---+",
    ),
}


def sylvester(order: int) -> Matrix:
    """S(2^k) in natural order (HAD-3)."""
    return tuple(
        tuple(-1 if (i & j).bit_count() % 2 else 1 for j in range(order)) for i in range(order)
    )


def kronecker(left: Matrix, right: Matrix) -> Matrix:
    """left ⊗ right (HAD-2)."""
    return tuple(tuple(a * b for a in upper for b in lower) for upper in left for lower in right)


def paley_one(q: int) -> Matrix:
    """The matrix of order q + 1 (HAD-13)."""
    chi = field(q)
    rows = [(1,) * (q + 1)]
    for a in range(q):
        rows.append((-1, *(1 if a == b else chi.jacobsthal(a, b) for b in range(q))))
    return tuple(rows)


def paley_two(q: int) -> Matrix:
    """The matrix of order 2(q + 1) (HAD-14)."""
    chi = field(q)
    core = [[0] + [1] * q] + [[1] + [chi.jacobsthal(a, b) for b in range(q)] for a in range(q)]
    diagonal = ((1, -1), (-1, -1))

    def entry(row: int, column: int) -> int:
        (i, s), (j, t) = divmod(row, 2), divmod(column, 2)
        return diagonal[s][t] if i == j else core[i][j] * (-1) ** (s * t)

    order = 2 * (q + 1)
    return tuple(tuple(entry(row, column) for column in range(order)) for row in range(order))


def williamson(order: int) -> Matrix:
    """Four circulants in Williamson's array (HAD-15)."""
    size = order // 4
    rows = [[1 if sign == "+" else -1 for sign in text] for text in WILLIAMSON[order]]
    array = (
        ((1, 0), (1, 1), (1, 2), (1, 3)),
        ((-1, 1), (1, 0), (-1, 3), (1, 2)),
        ((-1, 2), (1, 3), (1, 0), (-1, 1)),
        ((-1, 3), (-1, 2), (1, 1), (1, 0)),
    )
    return tuple(
        tuple(sign * rows[x][(j - i) % size] for sign, x in line for j in range(size))
        for line in array
        for i in range(size)
    )


def is_direct(order: int) -> bool:
    """Whether one of the three constructions gives the order (HAD-16)."""
    if order % 4 or order.bit_count() == 1:
        return False
    half = order // 2 - 1
    by_paley = prime_power(order - 1) or (half % 4 == 1 and prime_power(half))
    return bool(by_paley) or order in WILLIAMSON


def smallest_factor(order: int) -> int | None:
    """The smallest direct divisor whose cofactor has a base (HAD-16)."""
    divisors = (x for x in range(12, order) if order % x == 0 and is_direct(x))
    return next((x for x in divisors if has_base(order // x)), None)


@cache
def has_base(order: int) -> bool:
    """Whether the order has a base (HAD-16)."""
    if order % 4 or order.bit_count() == 1:
        return False
    return is_direct(order) or smallest_factor(order) is not None


def base(order: int) -> Matrix:
    """The base of an order that has one (HAD-16)."""
    if not is_direct(order):
        factor = smallest_factor(order)
        assert factor is not None
        return kronecker(base(factor), base(order // factor))
    if prime_power(order - 1):
        return paley_one(order - 1)
    if order // 2 % 4 == 2 and prime_power(order // 2 - 1):
        return paley_two(order // 2 - 1)
    return williamson(order)


@cache
def matrix(width: int) -> Matrix:
    """H of a width, or the block that repeats on the diagonal; its order is n (HAD-4, HAD-5)."""
    two = width & -width
    odd = width // two
    if odd == 1:
        return sylvester(width)
    order = odd
    while order <= width:
        if has_base(order):
            return kronecker(base(order), sylvester(width // order))
        order *= 2
    return sylvester(two)


@cache
def transposed(rows: Matrix) -> Matrix:
    """Hᵀ (HAD-1)."""
    return tuple(zip(*rows, strict=True))


def transform(rows: Matrix, values: Sequence[int]) -> list[int]:
    """v_i = Σ_j rows[i, j]·u_j in each block of the values (HAD-6, HAD-7)."""
    order = len(rows)
    return [
        sum(map(mul, row, values[start : start + order]))
        for start in range(0, len(values), order)
        for row in rows
    ]

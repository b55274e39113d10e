"""The matrices against the formulas of the specification and its digests (HAD-1 … HAD-17)."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.arith.hadamard import base_matrix, find_base, hadamard_matrix, plan_hadamard
from spikeref.arith.hadamard.galois import field_of_order
from spikeref.arith.hadamard.paley import paley_one, paley_two
from spikeref.arith.hadamard.sylvester import sylvester
from spikeref.arith.hadamard.williamson import WILLIAMSON_ORDERS, williamson
from spikeref.errors import UsageError

SPEC = Path(__file__).parents[3] / "spec" / "03-hadamard.md"
WIDTHS = (12, 20, 28, 36, 40, 44, 52, 60, 76, 100, 108, 140, 148, 156, 172, 924)


def is_hadamard(matrix: NDArray[np.int8]) -> bool:
    """Whether the entries are ±1 and H·Hᵀ = n·I; float32 is exact as n < 2**24."""
    n = len(matrix)
    h = matrix.astype(np.float32)
    return bool(np.all(np.abs(matrix) == 1)) and np.array_equal(
        h @ h.T, n * np.eye(n, dtype=np.float32)
    )


def constructible_orders(limit: int) -> set[int]:
    """Return the orders that HAD-16 gives a base, by closing the direct ones under products."""
    primes = [p for p in range(3, limit) if all(p % d for d in range(2, p))]
    powers = [p**r for p in primes for r in range(1, 10) if p**r < limit]
    direct = {q + 1 for q in powers if q % 4 == 3} | {2 * q + 2 for q in powers if q % 4 == 1}
    orders = {n for n in direct | {156, 172} if n.bit_count() > 1}
    for _ in range(3):
        orders |= {a * b for a in orders for b in orders if a * b <= limit}
    return {n for n in orders if n <= limit}


def spec_rows(pattern: str) -> list[tuple[str, ...]]:
    return re.findall(pattern, SPEC.read_text(encoding="utf-8"), flags=re.MULTILINE)


def times(a: int, b: int, p: int, modulus: tuple[int, ...]) -> int:
    """Return the product of two elements of GF(p²), p·p = q, by the schoolbook rule."""
    c0, c1 = modulus
    low, mid, high = a % p * (b % p), a % p * (b // p) + a // p * (b % p), a // p * (b // p)
    return (low - high * c0) % p + p * ((mid - high * c1) % p)


@pytest.mark.parametrize("width", [*WIDTHS, *(2 * w for w in WIDTHS[:-1]), 1, 2, 4, 8, 512, 1904])
def test_the_listed_widths_have_hadamard_matrices(width: int) -> None:
    matrix = hadamard_matrix(plan_hadamard(width))
    assert matrix.shape == (width, width)
    assert matrix.dtype == np.int8
    assert is_hadamard(matrix)


def test_every_base_up_to_order_1000_is_a_hadamard_matrix() -> None:
    bases = {order: find_base(order) for order in range(1, 1001)}
    found = {order: base for order, base in bases.items() if base is not None}
    assert set(found) == constructible_orders(1000)
    for order, base in found.items():
        assert base_matrix(base).shape == (order, order)
        assert is_hadamard(base_matrix(base)), order


@pytest.mark.parametrize("log2_order", range(8))
def test_sylvester_is_the_sign_of_the_common_ones(log2_order: int) -> None:
    n = 1 << log2_order
    expected = [[(-1) ** (i & j).bit_count() for j in range(n)] for i in range(n)]
    assert sylvester(log2_order).tolist() == expected


@pytest.mark.parametrize("q", [3, 7, 11, 19, 43, 107])
def test_paley_one_over_a_prime_field_follows_its_formula(q: int) -> None:
    chi = [pow(a, (q - 1) // 2, q) for a in range(q)]
    matrix = paley_one(q)
    for i in range(q + 1):
        for j in range(q + 1):
            if i == 0 or i == j:
                expected = 1
            elif j == 0:
                expected = -1
            else:
                expected = 1 if chi[(i - j) % q] == 1 else -1
            assert matrix[i, j] == expected


@pytest.mark.parametrize("q", [5, 9, 17, 25, 49])
def test_paley_two_follows_its_formula(q: int) -> None:
    field = field_of_order(q)
    p = field.prime
    if field.degree == 1:
        nonzero_squares = {a * a % q for a in range(1, q)}
    else:
        nonzero_squares = {times(a, a, p, field.modulus) for a in range(1, q)}
    matrix = paley_two(q)
    for i in range(q + 1):
        for j in range(q + 1):
            block = matrix[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].tolist()
            if i == j:
                assert block == [[1, -1], [-1, -1]]
                continue
            a, b = i - 1, j - 1
            difference = (a % p - b % p) % p + p * ((a // p - b // p) % p)
            c = 1 if i == 0 or j == 0 or difference % q in nonzero_squares else -1
            assert block == [[c, c], [c, -c]]


@pytest.mark.parametrize("q", [5, 9, 13])
def test_paley_two_is_symmetric_and_paley_one_is_not(q: int) -> None:
    assert np.array_equal(paley_two(q), paley_two(q).T)
    one = paley_one(11).astype(np.int64)
    assert np.array_equal(one + one.T, 2 * np.eye(12, dtype=np.int64))


@pytest.mark.parametrize("order", WILLIAMSON_ORDERS)
def test_williamson_is_built_from_the_rows_that_the_specification_prints(order: int) -> None:
    text = SPEC.read_text(encoding="utf-8").split(f"Order {order} (t = {order // 4}):")[1]
    found = dict(re.findall(r"^    ([abcd]) ([+-]+)$", text, flags=re.MULTILINE)[:4][::-1])
    rows = {name: [1 if sign == "+" else -1 for sign in found[name]] for name in "abcd"}
    layout = ["+a+b+c+d", "-b+a-d+c", "-c+d+a-b", "-d-c+b+a"]
    t = order // 4
    matrix = williamson(order)
    for i in range(order):
        for j in range(order):
            sign, name = tuple(layout[i // t][2 * (j // t) : 2 * (j // t) + 2])
            value = rows[name][(j % t - i % t) % t]
            assert matrix[i, j] == (value if sign == "+" else -value)


def test_a_product_follows_the_index_formula() -> None:
    left = hadamard_matrix(plan_hadamard(28))
    right = hadamard_matrix(plan_hadamard(68))
    index = np.arange(1904)
    row, column = index[:, None], index[None, :]
    expected = left[row // 68, column // 68] * right[row % 68, column % 68]
    assert np.array_equal(hadamard_matrix(plan_hadamard(1904)), expected)


def test_sylvester_is_the_right_factor() -> None:
    matrix = hadamard_matrix(plan_hadamard(48))
    base = hadamard_matrix(plan_hadamard(12))
    for i, j in ((0, 0), (5, 17), (17, 5), (47, 47), (31, 30)):
        assert matrix[i, j] == base[i // 4, j // 4] * (-1) ** (i % 4 & j % 4).bit_count()


def test_the_digests_of_the_specification() -> None:
    rows = spec_rows(r"^\| (\d+) \| [^|]+ \| `([0-9a-f]{64})` \|$")
    assert {int(width) for width, _ in rows} >= set(WIDTHS)
    for width, digest in rows:
        matrix = hadamard_matrix(plan_hadamard(int(width)))
        assert hashlib.sha256(matrix.tobytes()).hexdigest() == digest, width


def test_the_moduli_of_the_specification() -> None:
    rows = spec_rows(r"^\| (\d+) \| (\d+) \| (\d+) \| (x.+) \|$")
    assert len(rows) == 10
    for q, p, r, text in rows:
        field = field_of_order(int(q))
        terms = []
        for i in range(field.degree, -1, -1):
            c = (*field.modulus, 1)[i]
            power = ("", "x", "x²", "x³", "x⁴", "x⁵")[i]
            if c:
                terms.append(str(c) if i == 0 else f"{c if c > 1 else ''}{power}")
        assert (field.prime, field.degree, " + ".join(terms)) == (int(p), int(r), text)


def test_the_worked_example_of_the_specification() -> None:
    printed = re.findall(r"^    ([+−]{12})$", SPEC.read_text(encoding="utf-8"), flags=re.MULTILINE)
    matrix = hadamard_matrix(plan_hadamard(12))
    assert ["".join("+" if x == 1 else "−" for x in row) for row in matrix.tolist()] == printed


def test_a_base_is_shared_and_read_only() -> None:
    base = find_base(12)
    assert base is not None
    assert base_matrix(base) is base_matrix(base)
    with pytest.raises(ValueError, match="read-only"):
        base_matrix(base)[0, 0] = 0


def test_constructions_refuse_other_orders() -> None:
    with pytest.raises(UsageError, match="3 mod 4"):
        paley_one(13)
    with pytest.raises(UsageError, match="1 mod 4"):
        paley_two(11)
    with pytest.raises(UsageError, match="odd prime"):
        paley_one(15)
    with pytest.raises(UsageError, match="no data for order 92"):
        williamson(92)
    with pytest.raises(UsageError, match="≥ 0"):
        sylvester(-1)

"""Finite fields against arithmetic in plain Python (HAD-9, HAD-10, HAD-11)."""

from itertools import product

import pytest

from spikeref.arith.hadamard.galois import (
    element_digits,
    element_numbers,
    field_of_order,
    prime_power,
    quadratic_character,
    squares,
)
from spikeref.errors import UsageError

PRIME_POWERS = (9, 25, 27, 49, 81, 121, 125)


def multiply(a: list[int], b: list[int], p: int) -> list[int]:
    """Return the product of polynomials over GF(p), lowest power first, without reduction."""
    out = [0] * (len(a) + len(b) - 1)
    for (i, x), (j, y) in product(enumerate(a), enumerate(b)):
        out[i + j] = (out[i + j] + x * y) % p
    return out


def digits(number: int, p: int, length: int) -> list[int]:
    return [number // p**i % p for i in range(length)]


def all_monic(p: int, degree: int) -> list[tuple[int, ...]]:
    return [(*digits(k, p, degree), 1) for k in range(p**degree)]


@pytest.mark.parametrize("q", PRIME_POWERS)
def test_the_modulus_is_the_first_polynomial_that_is_no_product(q: int) -> None:
    p, r = next((p, r) for p in (3, 5, 7, 11) for r in range(2, 7) if p**r == q)
    products = {
        tuple(multiply(list(f), list(g), p))
        for d in range(1, r // 2 + 1)
        for f in all_monic(p, d)
        for g in all_monic(p, r - d)
    }
    first = next(f for f in all_monic(p, r) if f not in products)
    assert (*field_of_order(q).modulus, 1) == first


@pytest.mark.parametrize("q", [*PRIME_POWERS, 7, 11, 13, 461])
def test_squares_are_the_unique_remainders_of_the_plain_products(q: int) -> None:
    field = field_of_order(q)
    p, r = field.prime, field.degree
    modulus = [*field.modulus, 1]
    found = squares(field).tolist()
    for a in range(q):
        remainder = multiply(digits(a, p, r), digits(a, p, r), p)
        while len(remainder) > r:
            lead = remainder[-1]
            for i, c in enumerate(modulus):
                at = len(remainder) - 1 - r + i
                remainder[at] = (remainder[at] - lead * c) % p
            assert remainder.pop() == 0
        assert found[a] == sum(c * p**i for i, c in enumerate(remainder))


@pytest.mark.parametrize("q", [*PRIME_POWERS, 3, 11, 17, 37])
def test_half_of_the_non_zero_elements_are_squares(q: int) -> None:
    chi = quadratic_character(field_of_order(q)).tolist()
    assert chi[0] == 0
    assert sorted(chi[1:]) == [-1] * ((q - 1) // 2) + [1] * ((q - 1) // 2)


@pytest.mark.parametrize("p", [3, 7, 11, 43, 107, 461])
def test_the_character_of_a_prime_field_is_eulers_criterion(p: int) -> None:
    euler = [pow(a, (p - 1) // 2, p) for a in range(p)]
    assert quadratic_character(field_of_order(p)).tolist() == [
        -1 if x == p - 1 else x for x in euler
    ]


def test_element_numbers_invert_the_digits() -> None:
    field = field_of_order(125)
    assert element_digits(field)[38].tolist() == [3, 2, 1]
    assert element_numbers(field, element_digits(field)).tolist() == list(range(125))


def test_prime_powers_up_to_3000() -> None:
    primes = [p for p in range(2, 3000) if all(p % d for d in range(2, p))]
    powers = {p**r: (p, r) for p in primes for r in range(1, 12) if p**r < 3000}
    for q in range(3000):
        assert prime_power(q) == powers.get(q)


@pytest.mark.parametrize("q", [0, 1, 2, 8, 15, 91])
def test_other_orders_are_refused(q: int) -> None:
    with pytest.raises(UsageError, match="odd prime"):
        field_of_order(q)

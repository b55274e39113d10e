"""Chapter 3: finite fields of odd order and their quadratic character."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product


@dataclass(frozen=True, slots=True)
class Field:
    """GF(q) by element numbers (HAD-9): χ of each element and the difference of two."""

    prime: int
    character: tuple[int, ...]

    def jacobsthal(self, a: int, b: int) -> int:
        """χ(a − b), the difference digit by digit modulo the prime (HAD-12)."""
        number, weight = 0, 1
        while a or b:
            number += (a - b) % self.prime * weight
            a, b, weight = a // self.prime, b // self.prime, weight * self.prime
        return self.character[number]


@cache
def prime_power(q: int) -> tuple[int, int] | None:
    """(p, r) with q = p^r, r ≥ 1, or None."""
    if q < 2:
        return None
    prime = next((f for f in range(2, q) if f * f <= q and q % f == 0), q)
    degree = 0
    while q % prime == 0:
        q, degree = q // prime, degree + 1
    return (prime, degree) if q == 1 else None


def remainder(dividend: Sequence[int], monic: Sequence[int], prime: int) -> list[int]:
    """The dividend modulo a monic polynomial; coefficients from the constant term up."""
    rest, degree = list(dividend), len(monic) - 1
    while len(rest) > degree:
        lead = rest.pop()
        for i in range(degree):
            place = len(rest) - degree + i
            rest[place] = (rest[place] - lead * monic[i]) % prime
    return rest


def modulus(prime: int, degree: int) -> list[int]:
    """The irreducible monic polynomial of the smallest number (HAD-10)."""
    for high_first in product(range(prime), repeat=degree):
        candidate = [*reversed(high_first), 1]
        divisors = (
            [*low, 1] for k in range(1, degree // 2 + 1) for low in product(range(prime), repeat=k)
        )
        if all(any(remainder(candidate, divisor, prime)) for divisor in divisors):
            return candidate
    raise AssertionError("every degree has an irreducible polynomial")


@cache
def field(q: int) -> Field:
    """GF(q) with its quadratic character (HAD-9 to HAD-11)."""
    found = prime_power(q)
    assert found is not None
    prime, degree = found
    monic = modulus(prime, degree)
    character = [0] + [-1] * (q - 1)
    for number in range(1, q):
        digits = [number // prime**i % prime for i in range(degree)]
        square = [0] * (2 * degree - 1)
        for (i, a), (j, b) in product(enumerate(digits), repeat=2):
            square[i + j] = (square[i + j] + a * b) % prime
        rest = remainder(square, monic, prime)
        character[sum(c * prime**i for i, c in enumerate(rest))] = 1
    return Field(prime, tuple(character))

"""Which Hadamard matrix a width gets: the deterministic choice of HAD-4, HAD-5 and HAD-16."""

from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never

from spikeref.arith.hadamard.galois import prime_power
from spikeref.arith.hadamard.williamson import WILLIAMSON_ORDERS
from spikeref.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sylvester:
    """S of order 2**log2_order; as a plan's base always of order 1."""

    log2_order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaleyOne:
    """Paley's first matrix, of order q + 1."""

    q: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaleyTwo:
    """Paley's second matrix, of order 2(q + 1)."""

    q: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Williamson:
    """Williamson's matrix from data."""

    order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kronecker:
    """left ⊗ right."""

    left: "Base"
    right: "Base"


Base = Sylvester | PaleyOne | PaleyTwo | Williamson | Kronecker


@dataclass(frozen=True, slots=True, kw_only=True)
class HadamardPlan:
    """The matrix of one width: `blocks` copies of base ⊗ S(2**log2_sylvester) on the diagonal.

    width = blocks · order; order = order of base · 2**log2_sylvester.
    """

    width: int
    order: int
    blocks: int
    base: Base
    log2_sylvester: int

    @property
    def is_block_diagonal(self) -> bool:
        """Whether no Hadamard matrix of the whole width exists by HAD-4 (HAD-5)."""
        return self.blocks > 1


def base_order(base: Base) -> int:
    """Return the number of rows of a base matrix."""
    match base:
        case Sylvester(log2_order=k):
            return 1 << k
        case PaleyOne(q=q):
            return q + 1
        case PaleyTwo(q=q):
            return 2 * (q + 1)
        case Williamson(order=n):
            return n
        case Kronecker(left=left, right=right):
            return base_order(left) * base_order(right)
        case _:
            assert_never(base)


def describe_base(base: Base) -> str:
    """Return a base in words, such as "Paley II (q = 25)"."""
    match base:
        case Sylvester(log2_order=k):
            return f"Sylvester ({1 << k})"
        case PaleyOne(q=q):
            return f"Paley I (q = {q})"
        case PaleyTwo(q=q):
            return f"Paley II (q = {q})"
        case Williamson(order=n):
            return f"Williamson ({n})"
        case Kronecker(left=left, right=right):
            return f"{describe_base(left)} ⊗ {describe_base(right)}"
        case _:
            assert_never(base)


@lru_cache(maxsize=1024)
def find_base(order: int) -> Base | None:
    """Return the base of exactly this order, not a power of two, or None (HAD-16).

    Preference: Paley I, Paley II, Williamson, then left ⊗ right with the smallest left that is
    itself no product.
    """
    if order < 12 or order % 4 or order & (order - 1) == 0:
        return None
    direct = _find_direct(order)
    if direct is not None:
        return direct
    for left_order in range(12, order // 12 + 1, 4):
        if order % left_order == 0:
            left = _find_direct(left_order)
            right = find_base(order // left_order)
            if left is not None and right is not None:
                return Kronecker(left=left, right=right)
    return None


@lru_cache(maxsize=1024)
def plan_hadamard(width: int) -> HadamardPlan:
    """Return the plan of a width (HAD-4, HAD-5); UsageError if width < 1.

    width = m·2**e with m odd: pure Sylvester if m = 1; otherwise the base of order m·2**j with
    the smallest j ≤ e that exists; otherwise width/2**e diagonal copies of S(2**e).
    """
    if width < 1:
        raise UsageError(f"Hadamard transform: width {width} must be at least 1")
    e = (width & -width).bit_length() - 1
    m = width >> e
    for j in range(e + 1):
        base = find_base(m << j)
        if base is not None:
            return HadamardPlan(width=width, order=width, blocks=1, base=base, log2_sylvester=e - j)
    return HadamardPlan(
        width=width, order=1 << e, blocks=m, base=Sylvester(log2_order=0), log2_sylvester=e
    )


def _find_direct(order: int) -> Base | None:
    if order % 4 or order & (order - 1) == 0:
        return None
    if prime_power(order - 1) is not None:
        return PaleyOne(q=order - 1)
    if order % 8 == 4 and prime_power(order // 2 - 1) is not None:
        return PaleyTwo(q=order // 2 - 1)
    if order in WILLIAMSON_ORDERS:
        return Williamson(order=order)
    return None

"""Encoder parameters that every operation is tried with: all bits, encodings, ties, ratios."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from spikeref.operations.operation import Parameters

BITS = tuple(range(2, 9))
TIES = ("half-even", "half-up")
ENCODINGS = ("ternary", "binary")
RATIOS = ((1, 1), (9, 10), (1, 2), (1023, 1024))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One choice of encoder parameters."""

    bits: int
    encoding: str
    ratio: tuple[int, int]
    ties: str

    @property
    def slug(self) -> str:
        """Words for a case id."""
        n, d = self.ratio
        return f"{self.encoding}-b{self.bits}-r{n}-{d}-{self.ties}"

    @property
    def levels(self) -> int:
        """Return q of ENC-2, or Q of ENC-3."""
        return (1 << (self.bits - (self.encoding == "ternary"))) - 1

    @property
    def encoder(self) -> Parameters:
        """The encoder parameters of CONF-9."""
        n, d = self.ratio
        return {
            "bits": self.bits,
            "encoding": self.encoding,
            "ratio_n": n,
            "ratio_d": d,
            "ties": self.ties,
        }

    @property
    def cache(self) -> Parameters:
        """The parameters of a cache, which is always ternary."""
        return {name: value for name, value in self.encoder.items() if name != "encoding"}


def settings(encodings: tuple[str, ...] = ENCODINGS) -> Iterator[Setting]:
    """Yield every combination of bits, encoding and ties, the ratios taking turns.

    Over both tie rules every number of bits meets two ratios, over all bits every ratio. Every
    second setting alone has all bits with both encodings, both tie rules and all ratios.
    """
    for place, (bits, encoding) in enumerate(product(BITS, encodings)):
        for offset, ties in enumerate(TIES if (place + bits // 2) % 2 else TIES[::-1]):
            ratio = RATIOS[(place + offset + place // 4) % len(RATIOS)]
            yield Setting(bits=bits, encoding=encoding, ratio=ratio, ties=ties)


def count_kinds() -> Iterator[tuple[int, str]]:
    """Yield every number of bits with every encoding."""
    yield from product(BITS, ENCODINGS)


STANDARD_TABLE = [1073741824, 744261074, 257943463, 59577687, 10391904, 1332662, 235034]
"""ARITH-8."""

LINEAR_TABLE = [1 << 30, 1 << 30, 0, 0, 0, 0, 0]
"""2^f as 1 + f: a table that cheap hardware might hold (MODEL-6)."""

QUADRATIC_TABLE = [1 << 30, 704643072, 369098752, 0, 0, 0, 0]
"""2^f as 1 + 0.65625·f + 0.34375·f²."""

"""The parameters of a case, typed where they are used (CONF-5, CONF-9)."""

from collections.abc import Mapping
from dataclasses import dataclass

from .arithmetic import Ties
from .encoding import Clip, Neuron, check_bits, check_ratio
from .tensor import Refusal

ANY_INTEGER = ("seed", "epoch")
"""Taken modulo a power of two, so of any size (CONF-10)."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Name to integer or to text; case.txt does not tell 12 from "12"."""

    given: Mapping[str, int | str]

    def has(self, name: str) -> bool:
        """Whether the case states the parameter."""
        return name in self.given

    def text(self, name: str) -> str:
        """A parameter as text; refuses a case without it."""
        if name not in self.given:
            raise Refusal("parameter", f"{name} is missing")
        return str(self.given[name])

    def integer(self, name: str) -> int:
        """A parameter as an integer."""
        text = self.text(name)
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal()):
            raise Refusal("parameter", f"{name} {text!r} is no integer")
        value = int(text)
        if abs(value) > 1 << 62 and name not in ANY_INTEGER:
            raise Refusal("parameter", f"{name} {value} beyond 2^62")
        return value

    def integers(self, name: str) -> list[int]:
        """Integers joined by commas; none in an empty text."""
        text = self.text(name)
        return [int(part) for part in text.split(",")] if text else []

    def flag(self, name: str) -> bool:
        """A parameter that is 0 or 1."""
        value = self.integer(name)
        if value not in (0, 1):
            raise Refusal("parameter", f"{name} {value} is neither 0 nor 1")
        return value == 1

    @property
    def ties(self) -> Ties:
        """The tie rule (CONV-8)."""
        match self.text("ties"):
            case "half-even":
                return "half-even"
            case "half-up":
                return "half-up"
            case other:
                raise Refusal("parameter", f"unknown tie rule {other!r}")

    @property
    def symmetric(self) -> bool:
        """Whether counts are symmetric, by the encoding (ENC-2, ENC-3)."""
        match self.text("encoding"):
            case "ternary":
                return True
            case "binary":
                return False
            case other:
                raise Refusal("parameter", f"unknown encoding {other!r}")

    def count_bits(self, name: str = "bits") -> int:
        """The width of counts (ENC-1), or of weights, to which the same bounds apply (CONF-10)."""
        bits = self.integer(name)
        check_bits(bits)
        return bits

    def width(self, name: str, lowest: int, highest: int) -> int:
        """A width of values, between these (CONF-10)."""
        bits = self.integer(name)
        if not lowest <= bits <= highest:
            raise Refusal("parameter", f"{name} {bits} outside {lowest} … {highest}")
        return bits

    @property
    def ratio(self) -> tuple[int, int]:
        """The clip ratio (ENC-1)."""
        numerator, denominator = self.integer("ratio_n"), self.integer("ratio_d")
        check_ratio(numerator, denominator)
        return numerator, denominator

    @property
    def neuron(self) -> Neuron:
        """The encoder of the *encoder parameters* (CONF-9)."""
        return Neuron(
            bits=self.count_bits(), symmetric=self.symmetric, ratio=self.ratio, ties=self.ties
        )

    @property
    def cache_neuron(self) -> Neuron:
        """An encoder of keys or values, always symmetric (ATT-2)."""
        return Neuron(bits=self.count_bits(), symmetric=True, ratio=self.ratio, ties=self.ties)

    @property
    def clip(self) -> Clip | None:
        """The membrane-potential threshold, if the case has one (ENC-8)."""
        if not self.has("mode"):
            return None
        match self.text("mode"):
            case "shift":
                return Clip("shift", self._threshold)
            case "gate":
                return Clip("gate", self._threshold)
            case other:
                raise Refusal("parameter", f"unknown clipping {other!r}")

    @property
    def _threshold(self) -> int:
        """A threshold of 48 bits (ENC-8)."""
        threshold = self.integer("threshold")
        if not -(1 << 47) <= threshold < 1 << 47:
            raise Refusal("parameter", f"threshold {threshold} leaves 48 bits")
        return threshold

    @property
    def window(self) -> int:
        """The sliding window, 0 for none (ATT-5)."""
        window = self.integer("window")
        if window < 0:
            raise Refusal("parameter", f"window {window} < 0")
        return window

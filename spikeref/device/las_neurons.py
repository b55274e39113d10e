"""Chapter 18: the neurons of LAS, each from its definition, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import Literal, TypeAlias

from .arithmetic import round_div
from .tensor import Refusal

Bound: TypeAlias = Literal["below", "at-most"]
"""Whether a level, or the gate, must lie below what it is compared with, or may equal it."""

FRACTIONS = (16, 20, 30)
LARGEST_THRESHOLD = 1 << 32
LARGEST_VALUE = (1 << 30) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What all trains of a profile share: T, n, the rule of a level and that of the gate."""

    steps: int
    levels: int
    rule: Bound
    gate: Bound

    @property
    def largest_count(self) -> int:
        """The largest V (NEUR-2)."""
        return (2 * self.levels - 1) * ((1 << self.steps) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The two thresholds of an OAT neuron, with 16 fraction bits (NEUR-3)."""

    form: Form
    normal: int
    outlier: int

    @property
    def divisor(self) -> int:
        """G."""
        return gcd(self.normal, self.outlier)

    def ratio(self, outlier: int) -> int:
        """r of a sub-neuron: r_o of the outlier one, r_n of the normal one."""
        return (self.outlier if outlier else self.normal) // self.divisor

    @property
    def largest_value(self) -> int:
        """L, the largest magnitude of a value."""
        return self.ratio(1) * self.form.largest_count

    @property
    def unit(self) -> tuple[int, int]:
        """U = G·2^−(16+T)/n as a scale (NEUR-4)."""
        divisor, levels = self.divisor, self.form.levels
        shift = 16 + levels.bit_length() - divisor.bit_length()
        # G·2^shift/n lies in (2^15, 2^17): one step down where it reaches 2^16.
        if _scaled(divisor, shift) >= levels << 16 + max(-shift, 0):
            shift -= 1
        mantissa = round_div(_scaled(divisor, shift), levels << max(-shift, 0), "half-even")
        exponent = -shift - 16 - self.form.steps
        return (1 << 15, exponent + 1) if mantissa == 1 << 16 else (mantissa, exponent)


def _scaled(divisor: int, shift: int) -> int:
    return divisor << max(shift, 0)


@dataclass(frozen=True, slots=True)
class Spike:
    """What a neuron counts for one membrane: signed count, sub-neuron, whether it saturates."""

    count: int
    outlier: int
    saturated: bool


def check_form(form: Form) -> None:
    """Refuse what NEUR-2 excludes."""
    if not 10 <= form.steps <= 16:
        raise Refusal("parameter", f"{form.steps} steps outside 10 … 16")
    if not 1 <= form.levels <= 15:
        raise Refusal("parameter", f"{form.levels} levels outside 1 … 15")


def check_code(code: Code) -> None:
    """Refuse what NEUR-3 excludes."""
    if not 1 <= code.normal <= code.outlier <= LARGEST_THRESHOLD:
        raise Refusal("parameter", f"thresholds {code.normal}, {code.outlier}")
    if code.largest_value > LARGEST_VALUE:
        raise Refusal("parameter", f"a largest value of {code.largest_value}")


def check_fraction(code: Code, fraction: int) -> None:
    """Refuse what NEUR-3 excludes of a membrane of so many fraction bits."""
    if fraction not in FRACTIONS:
        raise Refusal("parameter", f"{fraction} fraction bits")
    if fraction == 30 and code.outlier > 1 << 17:
        raise Refusal("parameter", f"threshold {code.outlier} with 30 fraction bits")


def check_membranes(x: Sequence[int]) -> None:
    """Refuse what NEUR-3 excludes of the membranes themselves."""
    if any(abs(value) >= 1 << 62 for value in x):
        raise Refusal("range", "|x| ≥ 2^62")


def few_spikes(x: int, resets: Sequence[int], thresholds: Sequence[int], d: Sequence[int]) -> int:
    """The output of an FS neuron (NEUR-1)."""
    potential, output = x, 0
    for reset, threshold, weight in zip(resets, thresholds, d, strict=True):
        if potential > threshold:
            potential -= reset
            output += weight
    return output


def multi_threshold(magnitude: int, threshold: int, form: Form) -> list[int]:
    """s_1 … s_T of an MT neuron: at each step the largest level that may fire (NEUR-2)."""
    rest = form.levels * min(magnitude, threshold) << form.steps
    fired = []
    for step in range(1, form.steps + 1):
        unit = threshold << (form.steps - step)
        most = rest // unit
        if form.rule == "below" and most * unit == rest:
            most -= 1
        most = min(most, 2 * form.levels - 1)
        level = most if most >= form.levels else 0
        rest -= level * unit
        fired.append(level)
    return fired


def weighed(fired: Sequence[int]) -> int:
    """V = Σ s_t·2^(T−t) (NEUR-2)."""
    total = 0
    for level in fired:
        total = 2 * total + level
    return total


def outlier_aware(x: int, fraction: int, code: Code) -> Spike:
    """The gate, the count of the chosen sub-neuron, its sign (NEUR-3)."""
    magnitude, up = abs(x), fraction - 16
    normal, outlier = code.normal << up, code.outlier << up
    chosen = magnitude > normal if code.form.gate == "at-most" else magnitude >= normal
    threshold = outlier if chosen else normal
    count = weighed(multi_threshold(magnitude, threshold, code.form))
    return Spike(-count if x < 0 else count, int(chosen), magnitude > outlier)


def value_of(count: int, outlier: int, code: Code) -> int:
    """v = c·r (NEUR-3)."""
    return count * code.ratio(outlier)


def train_of(count: int, form: Form) -> list[int]:
    """The signed s_1 … s_T that a count gives back (NEUR-5); refuses one that no neuron gives."""
    rest, train = abs(count), []
    for step in range(1, form.steps + 1):
        level = min(rest >> (form.steps - step), 2 * form.levels - 1)
        if level < form.levels:
            level = 0
        rest -= level << (form.steps - step)
        train.append(-level if count < 0 else level)
    if rest:
        raise Refusal("range", f"a count {count} that no neuron gives")
    return train


def weights_of(count: int, outlier: int, code: Code) -> list[int]:
    """What the spike of each step weighs, with its polarity (NEUR-5)."""
    steps, ratio = code.form.steps, code.ratio(outlier)
    train = train_of(count, code.form)
    return [(s << (steps - step)) * ratio for step, s in enumerate(train, start=1)]

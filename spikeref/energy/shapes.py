"""Multiply-accumulates of a transformer by its shape, under a declared counting rule."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

CountedOperator: TypeAlias = Literal["q", "k", "v", "o", "gate", "up", "down", "attention"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixShape:
    """The sizes that a model's matrix products follow from."""

    layers: int
    hidden: int
    """N."""
    intermediate: int
    """F."""
    query_width: int
    """H·d."""
    key_width: int
    """G·d; H·d without grouped-query attention."""
    gated: bool = True
    """Whether the feed-forward network has a gate beside its projection up."""


class KeyWidth(Enum):
    """How wide k and v are counted."""

    GROUPED = "grouped"
    """G·d: the weights that there are."""
    FULL = "full"
    """H·d: as if every query head had keys of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingRule:
    """Which products of a model count.

    Embedding, head, norms, softmax, non-linearities and online Hadamards never do.
    """

    attention: bool
    """Whether the two products of attention count: L² of each, masked or not."""
    keys: KeyWidth


RULES: dict[str, CountingRule] = {
    "attention-grouped": CountingRule(attention=True, keys=KeyWidth.GROUPED),
    "attention-full": CountingRule(attention=True, keys=KeyWidth.FULL),
    "linear-grouped": CountingRule(attention=False, keys=KeyWidth.GROUPED),
    "linear-full": CountingRule(attention=False, keys=KeyWidth.FULL),
}


def rule_name(rule: CountingRule) -> str:
    """Return the name of a rule in RULES."""
    return next(name for name, known in RULES.items() if known == rule)


def macs_by_operator(
    shape: MatrixShape, rule: CountingRule, sequence: int
) -> dict[CountedOperator, int]:
    """Return the multiply-accumulates of each operator over all layers for L = `sequence` tokens.

    L·layers·N·M of an operator of N inputs and M outputs; attention 2·L²·H·d·layers where it
    counts. An operator that the model lacks or the rule leaves out is absent.
    """
    keys = shape.key_width if rule.keys is KeyWidth.GROUPED else shape.query_width
    each: dict[CountedOperator, int] = {
        "q": shape.hidden * shape.query_width,
        "k": shape.hidden * keys,
        "v": shape.hidden * keys,
        "o": shape.query_width * shape.hidden,
    }
    if shape.gated:
        each["gate"] = shape.hidden * shape.intermediate
    each["up"] = shape.hidden * shape.intermediate
    each["down"] = shape.intermediate * shape.hidden
    if rule.attention:
        each["attention"] = 2 * sequence * shape.query_width
    return {name: macs * sequence * shape.layers for name, macs in each.items()}

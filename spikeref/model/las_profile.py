"""LAS profiles, and the published sets of thresholds (LMOD-2, LMOD-7)."""

from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction
from typing import Literal, TypeAlias, get_args

from spikeref.arith.ties import Ties
from spikeref.errors import UsageError
from spikeref.model.profile import custom_name
from spikeref.neurons.multi_threshold import Rule
from spikeref.neurons.outlier_aware import TrainForm
from spikeref.storage.json_fields import JsonFields

LayerRole: TypeAlias = Literal[
    "attention_input", "query", "key", "value", "probabilities", "o_input", "mlp_input",
    "activation", "up",
]  # fmt: skip
LAYER_ROLES: tuple[LayerRole, ...] = get_args(LayerRole)
"""Rows of a layer's thresholds; the last only in a gated feed-forward (LMOD-3)."""

OuterRole: TypeAlias = Literal["head_input", "classifier_input"]
OUTER_ROLES: tuple[OuterRole, ...] = get_args(OuterRole)
Role: TypeAlias = LayerRole | OuterRole

LARGEST_PROBABILITY_THRESHOLD = 1 << 17
"""2 with 16 fraction bits (NEUR-3)."""


class Choice(Enum):
    """Whether an operator follows the paper or the published program (LAS-16)."""

    PAPER = "paper"
    PUBLISHED = "published"


class Functions(Enum):
    """What fires behind the gates of the functions (HG-8)."""

    EXPANSION = "expansion"
    FITTED = "fitted"


CALIBRATED = "calibrated"
"""The set of a model whose thresholds were found on tokens (LMOD-8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LasProfile:
    """Everything that two conforming LAS implementations may differ in; UsageError if out of range.

    thresholds: name of the set of LMOD-7 that a compilation starts from, or "calibrated".
    """

    name: str
    weight_bits: int = 16
    form: TrainForm = field(default_factory=TrainForm)
    norm: Choice = Choice.PAPER
    softmax: Choice = Choice.PAPER
    functions: Functions = Functions.EXPANSION
    thresholds: str = "default"
    ties: Ties = Ties.HALF_EVEN

    def __post_init__(self) -> None:
        """Check the ranges of LMOD-2."""
        if not 8 <= self.weight_bits <= 16:
            raise UsageError(f"weight bits: {self.weight_bits} given, 8 to 16 are possible in las")
        if self.thresholds not in (*THRESHOLD_SETS, CALIBRATED):
            known = ", ".join(THRESHOLD_SETS)
            raise UsageError(f"thresholds {self.thresholds!r} are unknown; known: {known}")

    @property
    def largest_weight(self) -> int:
        """2^(w−1)−1: −2^(w−1) is never used (LMOD-5)."""
        return (1 << (self.weight_bits - 1)) - 1


ThresholdSet: TypeAlias = dict[Role, tuple[Fraction, Fraction]]


def _set(*pairs: tuple[str, str]) -> ThresholdSet:
    """Return a set from its pairs in the order of LAYER_ROLES, then one for the outer roles."""
    roles: tuple[tuple[Role, ...], ...] = (*((role,) for role in LAYER_ROLES), OUTER_ROLES)
    return {
        role: (Fraction(pair[0]), Fraction(pair[1]))
        for some, pair in zip(roles, pairs, strict=True)
        for role in some
    }


_COMMON = ("10", "500")

THRESHOLD_SETS: dict[str, ThresholdSet] = {
    "default": _set(
        ("8", "512"), ("16", "1024"), ("16", "1024"), ("4", "256"), ("1/64", "1"), ("4", "256"),
        ("8", "512"), ("8", "2048"), ("16", "1024"), ("16", "1024"),
    ),
    "bert": _set(
        _COMMON, _COMMON, _COMMON, _COMMON, ("1", "1"), _COMMON, _COMMON, _COMMON, _COMMON, _COMMON
    ),
    "llava": _set(
        ("10", "40"), ("4", "10"), ("5", "10"), ("1", "5"), ("1", "1"), ("2", "6"), ("4", "10"),
        ("10", "500"), ("5", "50"), ("10", "50"),
    ),
    "qwen2-vl": _set(
        ("10", "50"), ("10", "100"), ("20", "500"), ("5", "50"), ("1/1024", "1"), ("2", "15"),
        ("5", "100"), ("5", "100"), ("10", "100"), ("10", "50"),
    ),
}  # fmt: skip
"""(θ_n, θ_o) by role (LMOD-7)."""

SINGLE = "single"
THRESHOLD_SETS[SINGLE] = {role: (o, o) for role, (_, o) in THRESHOLD_SETS["default"].items()}

LAS_PROFILES: dict[str, LasProfile] = {
    profile.name: profile
    for profile in (
        LasProfile(name="las"),
        LasProfile(name="las-bert", thresholds="bert"),
        LasProfile(name="las-llava", thresholds="llava"),
        LasProfile(name="las-qwen2-vl", thresholds="qwen2-vl"),
        LasProfile(
            name="las-published",
            thresholds="bert",
            form=TrainForm(rule=Rule.AT_MOST, gate=Rule.AT_MOST),
            norm=Choice.PUBLISHED,
            softmax=Choice.PUBLISHED,
        ),
        LasProfile(name="las-fitted", functions=Functions.FITTED),
    )
}


def adjust_las_profile(
    profile: LasProfile,
    *,
    weight_bits: int | None = None,
    steps: int | None = None,
    levels: int | None = None,
    rule: Rule | None = None,
    gate: Rule | None = None,
    ties: Ties | None = None,
) -> LasProfile:
    """Return `profile` with the given parameters replaced; one that differs is named "…+custom"."""
    form = profile.form
    form = replace(
        form,
        steps=form.steps if steps is None else steps,
        levels=form.levels if levels is None else levels,
        rule=form.rule if rule is None else rule,
        gate=form.gate if gate is None else gate,
    )
    changed = replace(
        profile,
        weight_bits=profile.weight_bits if weight_bits is None else weight_bits,
        form=form,
        ties=profile.ties if ties is None else ties,
    )
    return profile if changed == profile else replace(changed, name=custom_name(profile.name))


def las_profile_to_json(profile: LasProfile) -> dict[str, str | int]:
    """Return the members of `profile` in LMOD-2."""
    return {
        "system": "las",
        "name": profile.name,
        "weight_bits": profile.weight_bits,
        "steps": profile.form.steps,
        "levels": profile.form.levels,
        "rule": profile.form.rule.value,
        "gate": profile.form.gate.value,
        "norm": profile.norm.value,
        "softmax": profile.softmax.value,
        "functions": profile.functions.value,
        "thresholds": profile.thresholds,
        "ties": profile.ties.value,
    }


def las_profile_from_json(fields: JsonFields) -> LasProfile:
    """Return the profile that a JSON object states; its error class for one that is none."""
    try:
        profile = LasProfile(
            name=fields.text("name"),
            weight_bits=fields.integer("weight_bits"),
            form=TrainForm(
                steps=fields.integer("steps"),
                levels=fields.integer("levels"),
                rule=fields.variant("rule", Rule),
                gate=fields.variant("gate", Rule),
            ),
            norm=fields.variant("norm", Choice),
            softmax=fields.variant("softmax", Choice),
            functions=fields.variant("functions", Functions),
            thresholds=fields.text("thresholds"),
            ties=fields.variant("ties", Ties),
        )
    except UsageError as fault:
        raise fields.error(f"{fields.where}: {fault}") from fault
    if las_profile_to_json(profile) != fields.value or not profile.name.isprintable():
        raise fields.error(f"{fields.where}: not in the form of LMOD-2")
    return profile

"""Rows of the papers' table: accuracy, firing, and cost as printed and as counted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import NoneType
from typing import Any, Literal, TypeAlias, assert_never, get_args

from spikeref.energy.idealised import (
    IdealCost,
    Macs,
    additions_energy,
    float_cost,
    ideal_cost,
    quantised_cost,
)
from spikeref.energy.table import EnergyTable
from spikeref.errors import UsageError
from spikeref.evaluate.contenders import FLOAT64, Ablation
from spikeref.evaluate.scoring import Score, total_additions, total_firing
from spikeref.evaluate.spikellm import BITS, SPIKELLM, STEPS
from spikeref.model.any_model import AnyProfile
from spikeref.model.las_profile import LasProfile
from spikeref.model.profile import Profile

Kind: TypeAlias = Literal["float64", "integer", "fake-quantised"]
TABLE = EnergyTable()


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """One profile or baseline; None where a figure does not apply."""

    profile: str
    kind: Kind
    """integer: a compiled model; fake-quantised: float64 with rounded operands."""
    bits: str | None = None
    """weights/counts/key-value counts; in LAS of weights."""
    train_length: int | None = None
    """D of linear operators; in LAS the time steps."""
    firing_rate: float | None = None
    """Mean over linear inputs and the cache."""
    firing_rates: dict[str, float] = field(default_factory=dict)
    """By linear group, and `kv`."""
    perplexity: float
    ratio: float
    """Perplexity over the baseline's."""
    macs: int | None = None
    """Of the linear operators and of attention, over all tokens that passed."""
    flops: float | None = None
    """By the papers' idealisation, in binary32 operations."""
    energy_ideal_j: float | None = None
    """The same in joules: firing rate × steps × MACs of a spiking row, MACs of another."""
    energy_j: float | None = None
    """Of the synaptic additions that were made."""
    energy_mac_j: float | None = None
    """Of the same bits as integer multiply-accumulates."""


_FORMS: dict[str, tuple[type, ...]] = {
    "profile": (str,),
    "kind": (str,),
    "bits": (str, NoneType),
    "train_length": (int, NoneType),
    "firing_rate": (float, NoneType),
    "firing_rates": (dict,),
    "perplexity": (float,),
    "ratio": (float,),
    "macs": (int, NoneType),
    "flops": (float, NoneType),
    "energy_ideal_j": (float, NoneType),
    "energy_j": (float, NoneType),
    "energy_mac_j": (float, NoneType),
}


def row_from_members(members: dict[str, Any]) -> ComparisonRow:
    """Return the row that `asdict` took apart; UsageError for members of another form."""
    rates = members.get("firing_rates")
    if (
        members.keys() != _FORMS.keys()
        or not all(isinstance(members[name], kinds) for name, kinds in _FORMS.items())
        or members["kind"] not in get_args(Kind)
        or not (isinstance(rates, dict) and all(isinstance(r, float) for r in rates.values()))
    ):
        raise UsageError(
            "the file to resume from: a row is not of the form that this version writes; name"
            " another file to begin anew"
        )
    return ComparisonRow(**members)


def baseline_row(perplexity: float, macs: Macs) -> ComparisonRow:
    """Return the row of the float64 baseline, whose cost is that of binary32."""
    cost = float_cost(macs, TABLE)
    return ComparisonRow(
        profile=FLOAT64,
        kind="float64",
        perplexity=perplexity,
        ratio=1.0,
        macs=macs.total,
        flops=float(cost.flops),
        energy_ideal_j=float(cost.energy_j),
    )


def integer_row(
    name: str,
    profile: AnyProfile,
    perplexity: float,
    baseline: float,
    scores: Sequence[Score],
    macs: Macs,
) -> ComparisonRow:
    """Return the row of a compiled model that gave these scores."""
    firing = total_firing(scores)
    mean = Fraction(*firing["mean"])
    ideal = ideal_cost(macs, profile, mean, TABLE)
    bits, steps, quantised = _form(profile, macs)
    return ComparisonRow(
        profile=name,
        kind="integer",
        bits=bits,
        train_length=steps,
        firing_rate=float(mean),
        firing_rates={
            group: spikes / slots
            for group, (spikes, slots) in firing.items()
            if slots and group != "mean"
        },
        perplexity=perplexity,
        ratio=perplexity / baseline,
        macs=macs.total,
        flops=float(ideal.flops),
        energy_ideal_j=float(ideal.energy_j),
        energy_j=float(additions_energy(total_additions(scores), profile, TABLE)),
        energy_mac_j=None if quantised is None else float(quantised.energy_j),
    )


def fake_quantised_row(ablation: Ablation, perplexity: float, baseline: float) -> ComparisonRow:
    """Return the row of an ablation: accuracy alone, for its operators differ in bits."""
    return ComparisonRow(
        profile=ablation.name,
        kind="fake-quantised",
        bits=_bits(ablation.profile),
        perplexity=perplexity,
        ratio=perplexity / baseline,
    )


def spikellm_row(perplexity: float, baseline: float, macs: Macs) -> ComparisonRow:
    """Return the row of SpikeLLM: 4-bit multiply-accumulates in 1.1 steps."""
    cost = quantised_cost(macs, BITS, BITS, STEPS, TABLE)
    return ComparisonRow(
        profile=SPIKELLM,
        kind="fake-quantised",
        bits=f"{BITS}/{BITS}/{BITS}",
        perplexity=perplexity,
        ratio=perplexity / baseline,
        macs=macs.total,
        flops=float(cost.flops),
        energy_ideal_j=float(cost.energy_j),
        energy_mac_j=float(cost.energy_j),
    )


def _form(profile: AnyProfile, macs: Macs) -> tuple[str, int, IdealCost | None]:
    """Return bits, steps of a train, and the cost as integer multiply-accumulates."""
    match profile:
        case Profile():
            cost = quantised_cost(macs, profile.weight_bits, profile.act_bits, Fraction(1), TABLE)
            return _bits(profile), profile.encoder().train_length, cost
        case LasProfile():
            return str(profile.weight_bits), profile.form.steps, None
        case _:
            assert_never(profile)


def _bits(profile: Profile) -> str:
    return f"{profile.weight_bits}/{profile.act_bits}/{profile.kv_bits}"

"""The JSON form of a profile, in models and in traces (MODEL-4)."""

from fractions import Fraction
from typing import Any, assert_never

from spikeref.arith.ties import Ties
from spikeref.errors import UsageError
from spikeref.model.profile import NonLinear, Profile, Rotation
from spikeref.neurons.counts import Encoding
from spikeref.storage.json_fields import JsonFields


def profile_to_json(profile: Profile) -> dict[str, str | int]:
    """Return the members of `profile` in MODEL-4."""
    members: dict[str, str | int] = {
        "name": profile.name,
        "weight_bits": profile.weight_bits,
        "act_bits": profile.act_bits,
        "kv_bits": profile.kv_bits,
        "encoding": profile.encoding.value,
        "rotation": profile.rotation.value,
        "clip_ratio": f"{profile.clip_ratio.numerator}/{profile.clip_ratio.denominator}",
        "ties": profile.ties.value,
    }
    match profile.non_linear:
        case NonLinear.INTEGER:
            return members
        case NonLinear.HG:
            return members | {"non_linear": profile.non_linear.value, "steps": profile.steps}
        case _:
            assert_never(profile.non_linear)


def profile_from_json(fields: JsonFields) -> Profile:
    """Return the profile that a JSON object states; its error class for one that is none."""
    name = fields.text("name")
    ratio = fields.text("clip_ratio")
    try:
        # Not Fraction(text): its exponents could ask for more digits than memory holds.
        numerator, denominator = map(int, ratio.split("/"))
        profile = Profile(
            name=name,
            weight_bits=fields.integer("weight_bits"),
            act_bits=fields.integer("act_bits"),
            kv_bits=fields.integer("kv_bits"),
            encoding=fields.variant("encoding", Encoding),
            rotation=fields.variant("rotation", Rotation),
            clip_ratio=Fraction(numerator, denominator),
            ties=fields.variant("ties", Ties),
            **_hg_members(fields),
        )
    except (UsageError, ValueError, ZeroDivisionError) as fault:
        raise fields.error(f"{fields.where}: {fault}") from fault
    if profile_to_json(profile) != fields.value or not profile.name.isprintable():
        raise fields.error(f"{fields.where}: not in the form of MODEL-4")
    return profile


def _hg_members(fields: JsonFields) -> dict[str, Any]:
    """Return what only profiles with HG neurons state (LAS-17)."""
    if "non_linear" not in fields.value:
        return {}
    return {
        "non_linear": fields.variant("non_linear", NonLinear),
        "steps": fields.integer("steps"),
    }

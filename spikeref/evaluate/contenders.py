"""What `compare` can set beside the float64 baseline, by name: a closed union."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from spikeref.errors import UsageError
from spikeref.evaluate.fake_quantised import SCOPES, Scope
from spikeref.evaluate.spikellm import SPIKELLM
from spikeref.model.any_model import AnyProfile
from spikeref.model.any_profile import ALL_PROFILES, any_profile_to_json
from spikeref.model.profile import NonLinear, Profile, Rotation
from spikeref.neurons.counts import Encoding

FLOAT64 = "float64"

CLIP = re.compile(r"clip(0\.\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """An integer model, compiled under a profile."""

    profile: AnyProfile

    @property
    def name(self) -> str:
        """As given."""
        return self.profile.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Clipped:
    """An integer model of SDLLM whose q, k and v inputs are clipped at a quantile (ENC-8)."""

    profile: Profile
    quantile: Fraction

    @property
    def name(self) -> str:
        """As given."""
        return f"{self.profile.name}@clip{float(self.quantile)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """A profile of SDLLM in float64 with rounded operands, some of them at 8 bits."""

    profile: Profile
    scope: Scope

    @property
    def name(self) -> str:
        """As given."""
        return f"{self.profile.name}@{self.scope}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeLlmBaseline:
    """SpikeLLM in float64 with rounded operands."""

    @property
    def name(self) -> str:
        """As given."""
        return SPIKELLM


Contender: TypeAlias = Compiled | Clipped | Ablation | SpikeLlmBaseline


def find_contenders(names: str) -> list[Contender]:
    """Return the contenders of names that commas separate; float64 is always there, so is none.

    UsageError for a name that is none.
    """
    return [_find(name) for name in names.split(",") if name != FLOAT64]


def contender_members(contender: Contender) -> dict[str, object]:
    """Return what a contender's results depend on beside checkpoint and tokens."""
    members: dict[str, object] = {"name": contender.name}
    match contender:
        case Compiled(profile=profile) | Clipped(profile=profile) | Ablation(profile=profile):
            members["profile"] = any_profile_to_json(profile)
        case SpikeLlmBaseline():
            pass
    return members


def _find(name: str) -> Contender:
    if name == SPIKELLM:
        return SpikeLlmBaseline()
    base, at, variant = name.partition("@")
    if base not in ALL_PROFILES:
        known = ", ".join((FLOAT64, *ALL_PROFILES, SPIKELLM))
        raise UsageError(f"profile {base!r} is unknown; known: {known}")
    profile = ALL_PROFILES[base]
    if not at:
        return Compiled(profile=profile)
    if not isinstance(profile, Profile):
        raise UsageError(f"{name}: profiles of LAS have no variants; `spikeref ablate` has theirs")
    if variant in SCOPES:
        return _ablation(name, profile, variant)
    found = CLIP.fullmatch(variant)
    if found is None or Fraction(found[1]) == 0:
        raise UsageError(f"{name}: variants are @{', @'.join(SCOPES)} and @clip0.5 or another"
                         " quantile")  # fmt: skip
    if profile.encoding is not Encoding.TERNARY:
        raise UsageError(f"{name}: only ternary profiles are clipped")
    return Clipped(profile=profile, quantile=Fraction(found[1]))


def _ablation(name: str, profile: Profile, scope: Scope) -> Ablation:
    if profile.rotation is Rotation.QUAROT or profile.non_linear is not NonLinear.INTEGER:
        raise UsageError(
            f"{name}: ablations are computed for γ-SQP and no rotation, without HG neurons"
        )
    return Ablation(profile=profile, scope=scope)

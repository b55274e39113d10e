"""Profiles: everything that two conforming implementations may differ in (CONV-7)."""

from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

from spikeref.arith.ties import Ties
from spikeref.errors import UsageError
from spikeref.neurons.counts import Encoder, Encoding


class Rotation(Enum):
    """What is rotated before it becomes spikes (COMP-3)."""

    GAMMA_SQP = "gamma-sqp"
    QUAROT = "quarot"
    NONE = "none"


class NonLinear(Enum):
    """What computes norm, SiLU and softmax."""

    INTEGER = "integer"
    """The operators of chapters 8 and 9."""
    HG = "hg"
    """The spiking neurons of LAS (LAS-17)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything that models of SDLLM differ in; UsageError if out of range.

    steps: time steps of HG neurons.
    """

    name: str
    weight_bits: int
    act_bits: int
    kv_bits: int
    encoding: Encoding = Encoding.TERNARY
    rotation: Rotation = Rotation.GAMMA_SQP
    clip_ratio: Fraction = Fraction(1)
    ties: Ties = Ties.HALF_EVEN
    non_linear: NonLinear = NonLinear.INTEGER
    steps: int = 16

    def __post_init__(self) -> None:
        """Check the ranges of ENC-1 and MODEL-3."""
        if not 2 <= self.weight_bits <= 8:
            raise UsageError(f"weight bits: {self.weight_bits} given, 2 to 8 are possible")
        if not 10 <= self.steps <= 16:
            raise UsageError(f"time steps: {self.steps} given, 10 to 16 are possible")
        self.encoder()
        self.cache_encoder()

    def encoder(self) -> Encoder:
        """Return the encoder at the input of linear operators."""
        return Encoder(
            bits=self.act_bits,
            encoding=self.encoding,
            clip_ratio=self.clip_ratio,
            ties=self.ties,
        )

    def cache_encoder(self) -> Encoder:
        """Return the encoder of keys and values, which is always ternary (ATT-2)."""
        return Encoder(
            bits=self.kv_bits,
            encoding=Encoding.TERNARY,
            clip_ratio=self.clip_ratio,
            ties=self.ties,
        )

    @property
    def largest_weight(self) -> int:
        """2^(w−1)−1: −2^(w−1) is never used (MODEL-3)."""
        return (1 << (self.weight_bits - 1)) - 1


DEFAULT_PROFILE = "sdllm-w4a4kv4"

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(name="sdllm-w4a4kv4", weight_bits=4, act_bits=4, kv_bits=4),
        Profile(name="sdllm-w4a4kv5", weight_bits=4, act_bits=4, kv_bits=5),
        Profile(name="sdllm-w4a5kv5", weight_bits=4, act_bits=5, kv_bits=5),
        Profile(name="sdllm-w6a6kv6", weight_bits=6, act_bits=6, kv_bits=6),
        Profile(name="sdllm-w8a8kv8", weight_bits=8, act_bits=8, kv_bits=8),
        Profile(
            name="sdllm-binary-w4a4kv4",
            weight_bits=4,
            act_bits=4,
            kv_bits=4,
            encoding=Encoding.BINARY,
        ),
        Profile(
            name="quarot-w4a4kv4", weight_bits=4, act_bits=4, kv_bits=4, rotation=Rotation.QUAROT
        ),
        Profile(name="rtn-w4a4kv4", weight_bits=4, act_bits=4, kv_bits=4, rotation=Rotation.NONE),
        Profile(
            name="sdllm-hg-w4a4kv4",
            weight_bits=4,
            act_bits=4,
            kv_bits=4,
            non_linear=NonLinear.HG,
        ),
        Profile(
            name="sdllm-w4a4kv4-hw",
            weight_bits=4,
            act_bits=4,
            kv_bits=4,
            ties=Ties.HALF_UP,
            non_linear=NonLinear.HG,
            steps=10,
        ),
    )
}


def find_profile(name: str) -> Profile:
    """Return the profile called `name`; UsageError listing the known ones if there is none."""
    if name not in PROFILES:
        raise UsageError(f"profile {name!r} is unknown; known: {', '.join(PROFILES)}")
    return PROFILES[name]


def adjust_profile(
    profile: Profile,
    *,
    weight_bits: int | None = None,
    act_bits: int | None = None,
    kv_bits: int | None = None,
    encoding: Encoding | None = None,
    rotation: Rotation | None = None,
    clip_ratio: Fraction | None = None,
    ties: Ties | None = None,
    steps: int | None = None,
) -> Profile:
    """Return `profile` with the given parameters replaced; one that differs is named "…+custom".

    UsageError: steps for a profile without HG neurons.
    """
    if steps is not None and profile.non_linear is not NonLinear.HG:
        raise UsageError(f"time steps: the profile {profile.name} has no HG neurons")
    changes = {
        name: value
        for name, value in (
            ("weight_bits", weight_bits),
            ("act_bits", act_bits),
            ("kv_bits", kv_bits),
            ("encoding", encoding),
            ("rotation", rotation),
            ("clip_ratio", clip_ratio),
            ("ties", ties),
            ("steps", steps),
        )
        if value is not None and value != getattr(profile, name)
    }
    if not changes:
        return profile
    return replace(profile, name=custom_name(profile.name), **changes)  # type: ignore[arg-type]


def custom_name(name: str) -> str:
    """Return the name of a profile that differs from one of that name: it ends in +custom once."""
    return f"{name.removesuffix('+custom')}+custom"

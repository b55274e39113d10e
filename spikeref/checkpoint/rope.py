"""Rotary position embeddings: the kinds that are known, and how config.json spells them."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias, assert_never

from spikeref.checkpoint.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultRope:
    """Inverse frequencies theta^(-2i/d)."""

    theta: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Llama3Rope:
    """LLaMA 3.1: long wavelengths stretched by `factor`, short ones kept, a ramp between.

    Wavelengths above original_max_positions / low_freq_factor are stretched, those below
    original_max_positions / high_freq_factor kept.
    """

    theta: Fraction
    factor: Fraction
    low_freq_factor: Fraction
    high_freq_factor: Fraction
    original_max_positions: int


Rope: TypeAlias = DefaultRope | Llama3Rope

RopeType: TypeAlias = Literal["default", "llama3"]

_ROPE_TYPES: dict[str, RopeType] = {"default": "default", "llama3": "llama3"}

_THETA = Fraction(10000)
"""The default of every family here, for configurations that leave it out."""


def parse_rope(config: Fields) -> Rope:
    """The rotary embedding of a config.json.

    Read are `rope_theta`, `rope_scaling` (with rope_type, or the older type) and `rope_parameters`
    (which may hold rope_theta). CheckpointError: an unknown type, partial rotation, values out of
    range, or two places that contradict each other.
    """
    theta = config.positive("rope_theta", default=_THETA)
    found = [
        _one(place, theta, stated=config.has("rope_theta"))
        for place in (config.object("rope_parameters"), config.object("rope_scaling"))
        if place is not None and place.values
    ]
    if len(found) == 2 and found[0] != found[1]:
        config.refuse("rope_parameters and rope_scaling contradict each other")
    _refuse_partial(config)
    rope = found[0] if found else DefaultRope(theta=theta)
    if rope.theta < 1:
        config.refuse("rope_theta below 1 is not supported: frequencies would exceed one radian")
    return rope


def _one(place: Fields, outer: Fraction, *, stated: bool) -> Rope:
    _refuse_partial(place)
    theta = place.positive("rope_theta", default=outer)
    if stated and theta != outer:
        place.refuse("its rope_theta contradicts the rope_theta outside")
    match _rope_type(place):
        case "default":
            return DefaultRope(theta=theta)
        case "llama3":
            return _llama3(place, theta)
        case unknown:
            assert_never(unknown)


def _rope_type(place: Fields) -> RopeType:
    new, old = place.text("rope_type"), place.text("type")
    if new is not None and old is not None and new != old:
        place.refuse(f"rope_type {new!r} contradicts type {old!r}")
    kind = new or old
    if kind is None:
        place.refuse("names no rope_type")
    if kind not in _ROPE_TYPES:
        place.refuse(f"unknown rope type {kind!r}; known are {', '.join(_ROPE_TYPES)}")
    return _ROPE_TYPES[kind]


def _llama3(place: Fields, theta: Fraction) -> Llama3Rope:
    rope = Llama3Rope(
        theta=theta,
        factor=place.positive("factor"),
        low_freq_factor=place.positive("low_freq_factor"),
        high_freq_factor=place.positive("high_freq_factor"),
        original_max_positions=place.size("original_max_position_embeddings", most=2**31),
    )
    if rope.factor < 1:
        place.refuse("factor must be at least 1")
    if rope.low_freq_factor >= rope.high_freq_factor:
        place.refuse("low_freq_factor must be below high_freq_factor")
    return rope


def _refuse_partial(place: Fields) -> None:
    if place.positive("partial_rotary_factor", default=Fraction(1)) != 1:
        place.refuse("partial_rotary_factor other than 1 is not supported")

"""What a trace is of."""

from typing import assert_never

from spikeref.model.any_model import AnyProfile
from spikeref.model.las_profile import LasProfile
from spikeref.model.profile import Profile
from spikeref.report.markup import Markup, facts
from spikeref.trace.manifest import Manifest
from spikeref.trace.records import EMBEDDING_LAYER
from spikeref.trace.show import OpFiring, percent

SHOWN_TOKENS = 32


def overview(manifest: Manifest, fired: list[OpFiring], second: Manifest | None) -> Markup:
    """Return the manifest as a list; second: of the trace that it is compared with."""
    pairs = [
        ("system", system_name(manifest.profile)),
        ("profile", f"{manifest.profile.name}: {profile_text(manifest.profile)}"),
        ("layers", str(manifest.layers)),
        ("tokens", f"{len(manifest.tokens)}: {_shortened(manifest.tokens)}"),
        ("firing rate", _rate(fired)),
        ("engine", manifest.engine),
        ("records", f"{manifest.records:,}, level {manifest.level}"),
        ("model digest", manifest.model_digest),
        ("trace digest", manifest.trace_digest),
    ]
    if second is not None:
        pairs += [
            ("second trace", f"engine {second.engine}, {second.records:,} records,"
                             f" level {second.level}"),
            ("its digest", second.trace_digest),
        ]  # fmt: skip
    return facts(pairs)


def layer_name(layer: int, layers: int) -> str:
    """Return the number of a layer, or what stands before or after all `layers` of them."""
    if layer == EMBEDDING_LAYER:
        return "embedding"
    return "after the last" if layer >= layers else str(layer)


def system_name(profile: AnyProfile) -> str:
    """Return which of the two papers a profile follows."""
    match profile:
        case Profile():
            return "SDLLM"
        case LasProfile():
            return "LAS"
        case _:
            assert_never(profile)


def profile_text(profile: AnyProfile) -> str:
    """Return the parameters of a profile in words."""
    match profile:
        case Profile():
            encoder = profile.encoder()
            return (
                f"{profile.weight_bits}-bit weights, {profile.act_bits}-bit counts in"
                f" {encoder.encoding.value} trains of D = {encoder.train_length},"
                f" {profile.kv_bits}-bit cache, rotation {profile.rotation.value},"
                f" {profile.non_linear.value} non-linearities"
            )
        case LasProfile(form=form):
            levels = "level" if form.levels == 1 else "levels"
            return (
                f"{profile.weight_bits}-bit weights, weighted spikes over T = {form.steps} time"
                f" steps, {form.levels} {levels}"
            )
        case _:
            assert_never(profile)


def _rate(fired: list[OpFiring]) -> str:
    slots = sum(one.slots for one in fired)
    if not slots:
        return "not stored at this level"
    spikes = sum(one.positive + one.negative for one in fired)
    return f"{percent(spikes, slots)} of {slots:,} slots, {spikes:,} spikes"


def _shortened(tokens: tuple[int, ...]) -> str:
    shown = ", ".join(str(token) for token in tokens[:SHOWN_TOKENS])
    return shown + (", …" if len(tokens) > SHOWN_TOKENS else "")

"""Tiny models of any preset and profile, plain or with thresholds."""

from fractions import Fraction
from pathlib import Path

from spikeref.api import compile_model
from spikeref.evaluate.calibrate import ClipPlan, calibrate
from spikeref.model.folder import load_model
from spikeref.model.groups import GROUPS
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import DEFAULT_PROFILE, Profile
from spikeref.neurons.clipping import ClipMode
from tools.synthetic_checkpoint import write_checkpoint

TOKENS = [256, 72, 105, 33, 72, 105, 0, 287, 12, 99, 200, 31]


def compiled(
    folder: Path, preset: str = "tiny-llama", profile: str | Profile = DEFAULT_PROFILE
) -> IntegerModel:
    source = write_checkpoint(preset, folder / "checkpoint", scale=0.1)
    return compile_model(source, folder / "model", profile)


def clipped(model: IntegerModel, target: Path, quantile: Fraction, mode: ClipMode) -> IntegerModel:
    """The model again, every group with a threshold."""
    plan = ClipPlan(quantile=quantile, decay=Fraction(9, 10), mode=mode, groups=GROUPS)
    calibrate(model, [TOKENS, TOKENS[::-1]], plan, target)
    return load_model(target)

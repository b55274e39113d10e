"""Thresholds of OAT neurons from tokens (LMOD-8)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.choice import EngineChoice
from spikeref.errors import UsageError
from spikeref.evaluate.rewrite import rewrite_layers
from spikeref.evaluate.scoring import Progress
from spikeref.forward.generate import encode
from spikeref.forward.tokens import token_array
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import CALIBRATED, OUTER_ROLES, Role
from spikeref.neurons.outlier_aware import (
    LARGEST_THRESHOLD,
    LARGEST_VALUE,
    THRESHOLD_FRACTION_BITS,
    OatCode,
    TrainForm,
)
from spikeref.trace.las_records import LasSpikesRecord
from spikeref.trace.las_roles import ROLE_OF
from spikeref.trace.records import Record


class Rounding(Enum):
    """How quantile and maximum become thresholds."""

    POWER_OF_TWO = "power-of-two"
    MULTIPLE = "multiple"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdPlan:
    """Quantile q of the normal threshold, and how both are rounded."""

    quantile: Fraction
    rounding: Rounding

    def __post_init__(self) -> None:
        """Check 0 < q <= 1."""
        if not 0 < self.quantile <= 1:
            raise UsageError(f"--quantile: {self.quantile} is not above 0 and at most 1")


def calibrate_las(
    model: LasModel,
    sequences: Sequence[Sequence[int]],
    plan: ThresholdPlan,
    target: str | Path,
    progress: Progress = lambda tokens: None,
) -> tuple[str, dict[str, tuple[int, int]]]:
    """Write `model` with thresholds found on tokens to the new folder `target`.

    Returns its digest and, by layer and role, (Θ_n, Θ_o) with 16 fraction bits. Memory: every
    potential of all sequences. TokenError for a bad sequence.
    """
    seen = _Potentials()
    for sequence in sequences:
        encode(model, token_array(sequence), EngineChoice(), seen)
        progress(len(sequence))
    form = model.config.profile.form
    found = {place: thresholds(sizes, plan, form) for place, sizes in seen.gathered()}
    layers = model.config.shape.layers
    outer = [(layers, role) for role in OUTER_ROLES]
    config = replace(
        model.config,
        profile=replace(
            model.config.profile,
            name=f"{model.config.profile.name.removesuffix('+calibrated')}+calibrated",
            thresholds=CALIBRATED,
        ),
    )

    def layer(index: int) -> dict[str, NDArray[Any]]:
        codes = model.layers[index].codes
        pairs = [
            found.get((index, role), (codes[role].normal, codes[role].outlier))
            for role in model.config.structure.roles
        ]
        return {f"layers.{index}.thresholds": np.array(pairs, dtype=np.int64)}

    held = (model.head_code, model.classifier_code)
    pairs = [
        found.get(place, (code.normal, code.outlier))
        for place, code in zip(outer, held, strict=True)
    ]
    tensors = {"thresholds": np.array(pairs, dtype=np.int64)}
    digest = rewrite_layers(model, config, layer, tensors, Path(target))
    named = {
        role if layer == layers else f"layers.{layer}.{role}": pair
        for (layer, role), pair in sorted(found.items())
    }
    return digest, named


def thresholds(sizes: NDArray[np.int64], plan: ThresholdPlan, form: TrainForm) -> tuple[int, int]:
    """Return Θ_n and Θ_o of magnitudes [K], K >= 1, with 16 fraction bits."""
    rank = -(-plan.quantile.numerator * sizes.size // plan.quantile.denominator)
    quantile = _within(int(np.partition(sizes, rank - 1)[rank - 1]))
    largest = _within(int(sizes.max()))
    match plan.rounding:
        case Rounding.POWER_OF_TWO:
            normal, outlier = _power_of_two(quantile), _power_of_two(largest)
            while not _fits(normal, outlier, form):
                normal *= 2
        case Rounding.MULTIPLE:
            normal, outlier = quantile, _multiple(quantile, largest)
            while not _fits(normal, outlier, form):
                normal *= 2
                outlier = _multiple(normal, largest)
        case _:
            assert_never(plan.rounding)
    return normal, outlier


def _within(size: int) -> int:
    return min(max(size, 1), LARGEST_THRESHOLD)


def _power_of_two(size: int) -> int:
    return 1 << (size - 1).bit_length()


def _multiple(normal: int, size: int) -> int:
    """Return the least multiple of `normal` that is at least `size` and that NEUR-3 admits."""
    return min(-(-size // normal), LARGEST_THRESHOLD // normal) * normal


def _fits(normal: int, outlier: int, form: TrainForm) -> bool:
    """Return whether a code of these thresholds keeps its values below 2^30 (NEUR-3)."""
    largest_count = OatCode(form=form, normal=1, outlier=1).largest_count
    return outlier // normal * largest_count < LARGEST_VALUE


class _Potentials:
    """A trace sink that keeps the magnitudes of every potential by layer and role."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, Role], list[NDArray[np.int64]]] = {}

    def __call__(self, record: Record) -> None:
        match record:
            case LasSpikesRecord():
                extra = record.fraction_bits - THRESHOLD_FRACTION_BITS
                # Rounded up, so that no potential lies beyond the threshold that it gives.
                sizes = -(-np.abs(record.potential.reshape(-1)) >> extra)
                self._seen.setdefault((record.layer, ROLE_OF[record.op]), []).append(sizes)
            case _:
                return

    def gathered(self) -> list[tuple[tuple[int, Role], NDArray[np.int64]]]:
        """Return the magnitudes [K] by layer and role, 16 fraction bits."""
        return [(place, np.concatenate(parts)) for place, parts in self._seen.items()]

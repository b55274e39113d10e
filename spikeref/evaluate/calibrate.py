"""Membrane-clipping thresholds from tokens: moving averages of quantiles (equations 24 and 25)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import shift_saturate
from spikeref.arith.scalar import round_div
from spikeref.arith.ties import Ties
from spikeref.engine.dense import DENSE
from spikeref.errors import UsageError
from spikeref.evaluate.rewrite import rewrite_layers
from spikeref.evaluate.scoring import Progress
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.forward.tokens import token_array
from spikeref.model.groups import GROUPS, Group
from spikeref.model.layers import IntegerModel
from spikeref.neurons.clipping import THRESHOLD_BITS, THRESHOLD_FRACTION_BITS, ClipMode
from spikeref.neurons.counts import Encoding
from spikeref.trace.records import GROUP_OF_INPUT, InputRecord, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPlan:
    """Which groups to clip and how: quantile q, decay α, mode (ENC-8)."""

    quantile: Fraction
    decay: Fraction
    mode: ClipMode
    groups: tuple[Group, ...]

    def __post_init__(self) -> None:
        """Check 0 < q < 1, 0 <= α < 1, and that there is a group."""
        if not 0 < self.quantile < 1:
            raise UsageError(f"--quantile: {self.quantile} is not between 0 and 1")
        if not 0 <= self.decay < 1:
            raise UsageError(f"--decay: {self.decay} is not in [0, 1)")
        if not self.groups or not set(self.groups) <= set(GROUPS):
            raise UsageError(f"--groups: choose from {', '.join(GROUPS)}")


def calibrate(
    model: IntegerModel,
    sequences: Sequence[Sequence[int]],
    plan: ClipPlan,
    target: str | Path,
    progress: Progress = lambda tokens: None,
) -> tuple[str, dict[str, int]]:
    """Write `model` with thresholds to the new folder `target`; return digest and thresholds.

    A sequence is a batch. The potentials are those of the model without clipping. τ starts as the
    first batch's quantile; then τ ← α·τ + (1−α)·quantile (equation 25), rounded half to even.
    UsageError for a model with binary counts or with thresholds already.
    """
    if model.config.profile.encoding is not Encoding.TERNARY:
        raise UsageError(
            "membrane clipping needs ternary counts (ENC-8); compile with --encoding ternary"
        )
    if model.config.clip_mode is not None:
        raise UsageError("the model has thresholds; start from the one without")
    averages = _Averages(plan)
    for sequence in sequences:
        tokens = token_array(sequence)
        forward(model, tokens, Cache(model.config.shape), DENSE, averages)
        progress(len(tokens))
    thresholds = {
        (layer, group): value for (layer, group), value in sorted(averages.thresholds.items())
    }
    digest = _write_clipped(model, thresholds, plan.mode, Path(target))
    return digest, {f"layers.{layer}.clip.{group}": t for (layer, group), t in thresholds.items()}


class _Averages:
    """A trace sink that keeps one moving average for each layer and group."""

    def __init__(self, plan: ClipPlan) -> None:
        self._plan = plan
        self.thresholds: dict[tuple[int, Group], int] = {}

    def __call__(self, record: Record) -> None:
        match record:
            case InputRecord() if GROUP_OF_INPUT[record.op] in self._plan.groups:
                key = (record.layer, GROUP_OF_INPUT[record.op])
                found = quantile_of(record.potential, record.exponent, self._plan.quantile)
                held = self.thresholds.get(key)
                self.thresholds[key] = found if held is None else self._blend(held, found)
            case _:
                return

    def _blend(self, held: int, found: int) -> int:
        blended = self._plan.decay * held + (1 - self._plan.decay) * found
        return round_div(blended.numerator, blended.denominator, Ties.HALF_EVEN)


def quantile_of(potential: NDArray[Any], exponent: NDArray[np.int64], quantile: Fraction) -> int:
    """Return the q-quantile of potentials [T, N] with exponents [T], with 16 fraction bits.

    The smallest τ among them with P(U <= τ) >= q (equation 24): the ⌈q·T·N⌉-th in order.
    """
    shift = -(exponent + np.int64(THRESHOLD_FRACTION_BITS))
    fixed = shift_saturate(potential, shift[:, None], THRESHOLD_BITS, Ties.HALF_EVEN).values
    rank = -(-quantile.numerator * fixed.size // quantile.denominator)
    return int(np.partition(fixed.reshape(-1), rank - 1)[rank - 1])


def _write_clipped(
    model: IntegerModel, thresholds: dict[tuple[int, Group], int], mode: ClipMode, target: Path
) -> str:
    """Write the model's own shards again, each layer with its thresholds; return the digest."""

    def clips(index: int) -> dict[str, NDArray[Any]]:
        return {
            f"layers.{layer}.clip.{group}": np.array([threshold], dtype=np.int64)
            for (layer, group), threshold in thresholds.items()
            if layer == index
        }

    return rewrite_layers(model, replace(model.config, clip_mode=mode), clips, {}, target)

"""The ablations of LAS: fewer time steps, more levels, one MT neuron in place of an OAT neuron."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist

import numpy as np

from spikeref.account.las_counters import LasCounterSink
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.las_compile import compile_las
from spikeref.errors import UsageError
from spikeref.evaluate.classification import model_classification
from spikeref.evaluate.perplexity import model_perplexity
from spikeref.evaluate.scoring import Progress
from spikeref.model.folder import load_model
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import LasProfile, adjust_las_profile
from spikeref.neurons.outlier_aware import OatCode, encode_oat
from spikeref.neurons.spike_numbers import spike_numbers

STEPS = (16, 15, 14, 13, 12, 11, 10)
LEVELS = (1, 3, 5, 7, 10, 12, 15)
PAPER_LEVELS = (1.0, 0.612, 0.466, 0.485, 0.398, 0.417, 0.379)
"""Relative spike counts that the energy ratios of the paper's Table 5 imply for LEVELS."""
CURVE_THRESHOLD = 10
CURVE_POINTS = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """One profile of an ablation and what is varied in it."""

    kind: str
    """steps, levels or one neuron."""
    profile: LasProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationRow:
    """What one variation gives."""

    kind: str
    steps: int
    levels: int
    thresholds: str
    score: float
    """Perplexity, or accuracy where labels were given."""
    spikes_per_neuron: float
    energy_ratio: float
    """Equation 25."""


def variations(profile: LasProfile) -> Iterator[Variation]:
    """Yield the ablations of a profile, itself the first of each kind."""
    for steps in STEPS:
        yield Variation(kind="steps", profile=adjust_las_profile(profile, steps=steps))
    for levels in LEVELS:
        yield Variation(kind="levels", profile=adjust_las_profile(profile, levels=levels))
    single = replace(profile, name=f"{profile.name}+single", thresholds="single")
    for steps in STEPS:
        yield Variation(kind="one neuron", profile=adjust_las_profile(single, steps=steps))


def ablate(
    checkpoint: Checkpoint,
    sequences: Sequence[Sequence[int]],
    labels: Sequence[int] | None,
    profile: LasProfile,
    progress: Progress = lambda tokens: None,
) -> list[AblationRow]:
    """Return a row for each variation, compiled into a temporary folder and scored.

    TokenError for a bad sequence or label; UsageError for labels without a classifier.
    """
    return [_row(checkpoint, sequences, labels, one, progress) for one in variations(profile)]


def _row(
    checkpoint: Checkpoint,
    sequences: Sequence[Sequence[int]],
    labels: Sequence[int] | None,
    variation: Variation,
    progress: Progress,
) -> AblationRow:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "model"
        compile_las(checkpoint, target, variation.profile)
        model = load_model(target)
        assert isinstance(model, LasModel)
        counters = LasCounterSink(model)
        if labels is not None:
            found = model_classification(model, sequences, labels, counters, progress)
            score = found.accuracy
        elif model.head is None:
            raise UsageError("an encoder is scored by labels; give --labels-file")
        else:
            score = model_perplexity(model, sequences, counters, progress).perplexity
    spikes, slots = counters.firing_rates()["mean"]
    form = variation.profile.form
    operations, macs = counters.energy_ratio()
    return AblationRow(
        kind=variation.kind,
        steps=form.steps,
        levels=form.levels,
        thresholds=variation.profile.thresholds,
        score=score,
        spikes_per_neuron=spikes / (slots // form.steps),
        energy_ratio=operations / macs,
    )


def level_curve(profile: LasProfile) -> list[tuple[int, float]]:
    """Return, by levels, the spikes of neurons with threshold 10 relative to those of one level.

    Their inputs are the quantiles of a standard normal distribution, with 16 fraction bits.
    """
    normal = NormalDist()
    inputs = [normal.inv_cdf((i + 0.5) / CURVE_POINTS) for i in range(CURVE_POINTS)]
    x = np.rint(np.ldexp(np.array(inputs), 16)).astype(np.int64)
    numbers = []
    for levels in LEVELS:
        form = adjust_las_profile(profile, levels=levels).form
        code = OatCode(form=form, normal=CURVE_THRESHOLD << 16, outlier=CURVE_THRESHOLD << 16)
        numbers.append(int(spike_numbers(encode_oat(x, 16, code).train).sum(dtype=np.int64)))
    return [(n, count / numbers[0]) for n, count in zip(LEVELS, numbers, strict=True)]

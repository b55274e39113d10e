"""The papers' table on one checkpoint: profiles beside the float64 baseline."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from spikeref.account.any_counters import AnyCounterSink, counter_sink
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.any_compile import compile_any
from spikeref.energy.table import EnergyTable, spike_energy
from spikeref.evaluate.perplexity import checkpoint_perplexity, model_perplexity
from spikeref.model.any_model import AnyProfile
from spikeref.model.folder import load_model
from spikeref.model.las_profile import LasProfile
from spikeref.model.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """One profile, or the float64 baseline where every field of the profile is None."""

    profile: str
    bits: str | None
    """weights/counts/key-value counts; in LAS of weights."""
    train_length: int | None
    """D of linear operators; in LAS the time steps."""
    firing_rate: float | None
    """Mean over linear inputs and the cache."""
    perplexity: float
    ratio: float
    """Perplexity over the baseline's."""
    energy_j: float | None
    """Of the synaptic additions that were made."""


def compare_profiles(
    checkpoint: Checkpoint,
    sequences: Sequence[Sequence[int]],
    profiles: Sequence[AnyProfile],
    progress: Callable[[int], None],
) -> list[ComparisonRow]:
    """Return the baseline's row, then one for each profile, compiled into a temporary folder."""
    baseline = checkpoint_perplexity(checkpoint, sequences).perplexity
    rows = [
        ComparisonRow(
            profile="float64",
            bits=None,
            train_length=None,
            firing_rate=None,
            perplexity=baseline,
            ratio=1.0,
            energy_j=None,
        )
    ]
    for profile in profiles:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "model"
            compile_any(checkpoint, target, profile)
            model = load_model(target)
            counters = counter_sink(model)
            found = model_perplexity(model, sequences, counters, progress)
        rows.append(_row(profile, counters, found.perplexity, baseline))
    return rows


def _row(
    profile: AnyProfile, counters: AnyCounterSink, perplexity: float, baseline: float
) -> ComparisonRow:
    spikes, slots = counters.firing_rates()["mean"]
    additions = sum(one.synaptic_additions for one in counters.additions().values())
    bits, steps, energy = _cost(profile, additions)
    return ComparisonRow(
        profile=profile.name,
        bits=bits,
        train_length=steps,
        firing_rate=spikes / slots,
        perplexity=perplexity,
        ratio=perplexity / baseline,
        energy_j=energy,
    )


def _cost(profile: AnyProfile, additions: int) -> tuple[str, int, float]:
    """Return bits, steps of a train, and joules of synaptic additions."""
    table = EnergyTable()
    match profile:
        case Profile():
            bits = f"{profile.weight_bits}/{profile.act_bits}/{profile.kv_bits}"
            energy = spike_energy(additions, profile, table)
            return bits, profile.encoder().train_length, energy
        case LasProfile():
            # Equation 25 of LAS takes an addition as a whole accumulate, whatever it weighs.
            return str(profile.weight_bits), profile.form.steps, float(table.accumulate * additions)
        case _:
            assert_never(profile)

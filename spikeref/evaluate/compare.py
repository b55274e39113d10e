"""The papers' table on one checkpoint: profiles beside the float64 baseline."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from spikeref.account.counters import CounterSink
from spikeref.account.energy import EnergyTable, spike_energy
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.compile import compile_checkpoint
from spikeref.evaluate.perplexity import checkpoint_perplexity, model_perplexity
from spikeref.model.folder import load_decoder
from spikeref.model.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """One profile, or the float64 baseline where every field of the profile is None."""

    profile: str
    bits: str | None
    """weights/counts/key-value counts."""
    train_length: int | None
    """D of linear operators."""
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
    profiles: Sequence[Profile],
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
            compile_checkpoint(checkpoint, target, profile)
            model = load_decoder(target)
            counters = CounterSink(model)
            found = model_perplexity(model, sequences, counters, progress)
        rows.append(_row(profile, counters, found.perplexity, baseline))
    return rows


def _row(
    profile: Profile, counters: CounterSink, perplexity: float, baseline: float
) -> ComparisonRow:
    spikes, slots = counters.firing_rates()["mean"]
    additions = sum(one.synaptic_additions for one in counters.additions().values())
    return ComparisonRow(
        profile=profile.name,
        bits=f"{profile.weight_bits}/{profile.act_bits}/{profile.kv_bits}",
        train_length=profile.encoder().train_length,
        firing_rate=spikes / slots,
        perplexity=perplexity,
        ratio=perplexity / baseline,
        energy_j=spike_energy(additions, profile, EnergyTable()),
    )

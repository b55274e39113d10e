"""The papers' table on one checkpoint: profiles and other baselines beside float64."""

import contextlib
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import assert_never

from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.any_compile import compile_any
from spikeref.compiler.plan import model_shape
from spikeref.energy.idealised import count_macs
from spikeref.energy.model_shapes import matrix_shape
from spikeref.evaluate.calibrate import ClipPlan, calibrate
from spikeref.evaluate.comparison_rows import (
    ComparisonRow,
    baseline_row,
    fake_quantised_row,
    integer_row,
    row_from_members,
    spikellm_row,
)
from spikeref.evaluate.contenders import (
    Ablation,
    Clipped,
    Compiled,
    Contender,
    SpikeLlmBaseline,
    contender_members,
)
from spikeref.evaluate.fake_quantised import FakeQuantised
from spikeref.evaluate.perplexity import WHOLE, checkpoint_stretches, perplexity_of
from spikeref.evaluate.scoring import Progress, Score, score_checkpoint, score_model
from spikeref.evaluate.spikellm import calibrated
from spikeref.evaluate.stretches import Stretch, Window, stretches_digest
from spikeref.model.any_model import AnyModel
from spikeref.model.folder import load_model
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import Profile
from spikeref.neurons.clipping import ClipMode
from spikeref.storage.ledger import Ledger, ledger_key, open_ledger

DECAY = Fraction(9, 10)
"""Of the moving averages of clipping thresholds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Where finished rows and stretches are kept."""

    path: Path
    version: str
    """Of the program."""

    @contextlib.contextmanager
    def ledger(self, members: dict[str, object]) -> Iterator[Ledger]:
        """Open the ledger of whatever depends on these members."""
        with open_ledger(self.path, ledger_key({"spikeref": self.version, **members})) as ledger:
            yield ledger


class Comparison:
    """One checkpoint on one set of tokens: rows are made one after another."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        sequences: Sequence[Sequence[int]],
        *,
        window: Window = WHOLE,
        calibration: Sequence[Sequence[int]] | None = None,
        resume: Resume | None = None,
    ) -> None:
        """Cut the sequences.

        calibration: tokens for thresholds and salient channels, by default those that are scored.
        Raises what `checkpoint_perplexity` raises.
        """
        self._checkpoint = checkpoint
        self._calibration = sequences if calibration is None else calibration
        self._window = window
        self.progress: Progress = lambda tokens: None
        """Told of tokens as they pass."""
        self._resume = resume
        self._stretches = checkpoint_stretches(checkpoint, sequences, window)
        shape = matrix_shape(checkpoint.source)
        self._macs = count_macs(shape, [len(stretch.tokens) for stretch in self._stretches])

    @property
    def tokens(self) -> int:
        """How many tokens pass for each row."""
        return sum(len(stretch.tokens) for stretch in self._stretches)

    def check(self, contender: Contender) -> None:
        """Refuse a contender that does not take the checkpoint's family: CheckpointError."""
        match contender:
            case Compiled(profile=Profile()) | Clipped() | Ablation():
                model_shape(self._checkpoint.config)
            case Compiled() | SpikeLlmBaseline():
                pass
            case _:
                assert_never(contender)

    def baseline(self) -> ComparisonRow:
        """Return the row of float64."""
        with self._score_ledger() as ledger:
            scores = score_checkpoint(self._checkpoint, self._stretches, self.progress, ledger)
        return baseline_row(self._perplexity(scores), self._macs)

    def row(self, contender: Contender, baseline: float) -> ComparisonRow:
        """Return a contender's row; baseline: the perplexity in float64."""
        if self._resume is None:
            return self._row(contender, baseline)
        members = contender_members(contender) | {
            "source": self._checkpoint.source_digest,
            "stretches": stretches_digest(self._stretches),
            "calibration": stretches_digest(self._calibration_stretches()),
        }
        with self._resume.ledger(members) as ledger:
            held = ledger.get(contender.name)
            if held is not None:
                self.progress(self.tokens)
                return row_from_members(held)
            row = self._row(contender, baseline)
            if math.isfinite(row.perplexity) and math.isfinite(row.ratio):
                ledger.put(contender.name, asdict(row))
            return row

    def _row(self, contender: Contender, baseline: float) -> ComparisonRow:
        match contender:
            case Compiled(profile=profile):
                with self._model(contender) as model:
                    scores = self._model_scores(model)
                return integer_row(
                    contender.name, profile, self._perplexity(scores), baseline, scores, self._macs
                )
            case Clipped(profile=profile):
                with self._clipped(contender) as model:
                    scores = self._model_scores(model)
                return integer_row(
                    contender.name, profile, self._perplexity(scores), baseline, scores, self._macs
                )
            case Ablation(profile=profile, scope=scope):
                products = FakeQuantised(self._checkpoint, profile, scope)
                scores = score_checkpoint(
                    self._checkpoint, self._stretches, self.progress, products=products
                )
                return fake_quantised_row(contender, self._perplexity(scores), baseline)
            case SpikeLlmBaseline():
                spiking = calibrated(self._checkpoint, self._calibration_stretches())
                scores = score_checkpoint(
                    self._checkpoint, self._stretches, self.progress, products=spiking
                )
                return spikellm_row(self._perplexity(scores), baseline, self._macs)
            case _:
                assert_never(contender)

    def _perplexity(self, scores: Sequence[Score]) -> float:
        return perplexity_of(self._stretches, scores).perplexity

    def _model_scores(self, model: AnyModel) -> list[Score]:
        with self._score_ledger(model) as ledger:
            return score_model(model, self._stretches, self.progress, ledger)

    @contextlib.contextmanager
    def _model(self, contender: Compiled | Clipped) -> Iterator[AnyModel]:
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "model"
            compile_any(self._checkpoint, target, contender.profile)
            yield load_model(target)

    @contextlib.contextmanager
    def _clipped(self, contender: Clipped) -> Iterator[AnyModel]:
        plan = ClipPlan(
            quantile=contender.quantile, decay=DECAY, mode=ClipMode.SHIFT, groups=("qkv",)
        )
        given = [stretch.tokens for stretch in self._calibration_stretches()]
        with self._model(contender) as model, tempfile.TemporaryDirectory() as folder:
            assert isinstance(model, IntegerModel)
            calibrate(model, given, plan, Path(folder) / "model")
            yield load_model(Path(folder) / "model")

    def _calibration_stretches(self) -> list[Stretch]:
        return checkpoint_stretches(self._checkpoint, self._calibration, self._window)

    @contextlib.contextmanager
    def _score_ledger(self, model: AnyModel | None = None) -> Iterator[Ledger | None]:
        """Open the ledger of a model's stretches, or of the baseline's: the one that `eval` has."""
        if self._resume is None:
            yield None
            return
        members: dict[str, object] = {
            "source": self._checkpoint.source_digest if model is None else model.digest,
            "stretches": stretches_digest(self._stretches),
        }
        with self._resume.ledger(members) as ledger:
            yield ledger


def compare(comparison: Comparison, contenders: Sequence[Contender]) -> Iterator[ComparisonRow]:
    """Yield the baseline's row, then one for each contender.

    CheckpointError, before anything is computed, for a family that a contender does not take.
    """
    for contender in contenders:
        comparison.check(contender)
    baseline = comparison.baseline()
    yield baseline
    for contender in contenders:
        yield comparison.row(contender, baseline.perplexity)

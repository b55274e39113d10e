"""What is evaluated: a compiled model of either system, or a checkpoint in float64."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.las_plan import las_shape
from spikeref.errors import UsageError
from spikeref.evaluate.scoring import Progress, Score, score_checkpoint, score_model
from spikeref.evaluate.stretches import Stretch
from spikeref.forward.text import Encode, encoder_beside
from spikeref.model.any_model import AnyModel
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.storage.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Subject:
    """A source of token probabilities."""

    source: AnyModel | Checkpoint

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.source.folder

    @property
    def positions(self) -> int:
        """The most tokens that it takes together."""
        return self._limits[0]

    @property
    def vocab(self) -> int:
        """How many token ids there are."""
        return self._limits[1]

    @property
    def digest(self) -> str:
        """The model digest; of a checkpoint its source digest, which reads every weight."""
        match self.source:
            case IntegerModel() | LasModel() as model:
                return model.digest
            case Checkpoint() as checkpoint:
                return checkpoint.source_digest
            case _:
                assert_never(self.source)

    @property
    def bos_token_id(self) -> int | None:
        """The id that begins a text, where one is stated."""
        match self.source:
            case IntegerModel() | LasModel() as model:
                return model.config.bos_token_id
            case Checkpoint() as checkpoint:
                return next(iter(checkpoint.source.bos_token_ids), None)
            case _:
                assert_never(self.source)

    def encoder(self) -> Encode | None:
        """Return what makes token ids of text; None without tokenizer.json; ModelError: a bad one.

        It adds the special tokens that the tokenizer adds itself.
        """
        return encoder_beside(self.folder)

    def score(
        self, stretches: Sequence[Stretch], progress: Progress, ledger: Ledger | None
    ) -> list[Score]:
        """Score stretches; UsageError for an encoder."""
        match self.source:
            case LasModel(head=None) as model:
                raise UsageError(
                    f"{model.folder}: an encoder; score it with --labels-file or --against"
                )
            case IntegerModel() | LasModel() as model:
                return score_model(model, stretches, progress, ledger)
            case Checkpoint() as checkpoint:
                return score_checkpoint(checkpoint, stretches, progress, ledger)
            case _:
                assert_never(self.source)

    @property
    def _limits(self) -> tuple[int, int]:
        match self.source:
            case IntegerModel() | LasModel() as model:
                return model.config.shape.positions, model.config.shape.vocab
            case Checkpoint() as checkpoint:
                shape = las_shape(checkpoint.layout)
                return shape.positions, shape.vocab
            case _:
                assert_never(self.source)

"""How near the embeddings of a LAS model are to the float64 baseline's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spikeref.account.las_counters import LasCounterSink
from spikeref.checkpoint.reader import Checkpoint
from spikeref.engine.choice import EngineChoice
from spikeref.errors import UsageError
from spikeref.evaluate.baseline import baseline_hidden_many
from spikeref.evaluate.baseline_operators import Array
from spikeref.evaluate.scoring import Progress
from spikeref.forward.generate import encode
from spikeref.forward.tokens import token_array
from spikeref.model.las_layers import LasModel
from spikeref.ops.embedding import FRACTION_BITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Similarity:
    """Cosines between sequence embeddings: the means of the last hidden states over the tokens."""

    lowest: float
    mean: float
    sequences: int


def embedding_similarity(
    model: LasModel,
    checkpoint: Checkpoint,
    sequences: Sequence[Sequence[int]],
    counters: LasCounterSink,
    progress: Progress = lambda tokens: None,
) -> Similarity:
    """Compare the embeddings of independent sequences, dense engine; `counters` sees every record.

    TokenError for a bad sequence; UsageError for a checkpoint that the model is not compiled from.
    Proving that reads every weight of the checkpoint, as the baseline does.
    """
    _require_source(model, checkpoint)
    expected = baseline_hidden_many(checkpoint, sequences)
    cosines = []
    for sequence, states in zip(sequences, expected, strict=True):
        found = encode(model, token_array(sequence), EngineChoice(), counters).states
        embedding = np.ldexp(found.astype(np.float64), -FRACTION_BITS).mean(axis=0)
        cosines.append(_cosine(embedding, states.mean(axis=0)))
        progress(len(sequence))
    return Similarity(lowest=min(cosines), mean=sum(cosines) / len(cosines), sequences=len(cosines))


def _require_source(model: LasModel, checkpoint: Checkpoint) -> None:
    mine, other = model.config, checkpoint.source
    if mine.family != other.family:
        reason = f"the model is a {mine.family}, the checkpoint a {other.family}"
    elif mine.shape.hidden != other.hidden:
        reason = f"the model's width is {mine.shape.hidden}, the checkpoint's {other.hidden}"
    elif mine.source_digest != checkpoint.source_digest:
        reason = "its weights or configuration are not those of the model's source_digest"
    else:
        return
    raise UsageError(
        f"{checkpoint.folder}: {model.folder} is not compiled from it, {reason}; name the"
        " checkpoint that it is compiled from"
    )


def _cosine(a: Array, b: Array) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))

"""What trained models lose under LAS: within 0.3 % of float64 at 16 time steps."""

from collections.abc import Iterator
from fractions import Fraction
from importlib.resources import as_file
from pathlib import Path

import numpy as np
import pytest

from spikeref.account.las_counters import LasCounterSink
from spikeref.checkpoint.reader import Checkpoint
from spikeref.cli.demo import shipped_model
from spikeref.compiler.las_compile import compile_las
from spikeref.engine.choice import EngineChoice
from spikeref.evaluate.baseline import baseline_hidden_many, baseline_logits
from spikeref.evaluate.classification import (
    checkpoint_classification,
    model_classification,
    read_labels,
)
from spikeref.evaluate.las_calibrate import Rounding, ThresholdPlan, calibrate_las
from spikeref.evaluate.perplexity import checkpoint_perplexity, model_perplexity
from spikeref.evaluate.similarity import embedding_similarity
from spikeref.evaluate.token_files import read_sequences
from spikeref.forward.generate import encode
from spikeref.model.folder import load_model
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import LAS_PROFILES
from spikeref.trace.sinks import discard
from tools.synthetic_checkpoint import write_checkpoint

TRAINED = Path(__file__).parents[1] / "checkpoints"
SEQUENCES = 4
LABELLED = 60
LARGEST_LOSS = 0.003


def compiled(source: Path, target: Path, profile: str = "las") -> LasModel:
    with Checkpoint.open(source) as checkpoint:
        compile_las(checkpoint, target, LAS_PROFILES[profile])
    return loaded(target)


def loaded(folder: Path) -> LasModel:
    model = load_model(folder)
    assert isinstance(model, LasModel)
    return model


@pytest.fixture(params=["gpt2", "llama"])
def decoder(request: pytest.FixtureRequest) -> Iterator[Path]:
    if request.param == "llama":
        with as_file(shipped_model()) as folder:
            yield folder
    else:
        yield TRAINED / request.param


@pytest.mark.parametrize("profile", ["las", "las-published"])
def test_perplexity_of_decoders(decoder: Path, tmp_path: Path, profile: str) -> None:
    sequences = read_sequences(decoder / "heldout.json")[:SEQUENCES]
    with Checkpoint.open(decoder) as checkpoint:
        whole = checkpoint_perplexity(checkpoint, sequences).perplexity
    model = compiled(decoder, tmp_path / "model", profile)
    found = model_perplexity(model, sequences, LasCounterSink(model)).perplexity
    assert abs(found / whole - 1) < LARGEST_LOSS


def test_perplexity_with_calibrated_thresholds(decoder: Path, tmp_path: Path) -> None:
    sequences = read_sequences(decoder / "heldout.json")[:SEQUENCES]
    calibration = read_sequences(decoder / "calibration.json")[:2]
    with Checkpoint.open(decoder) as checkpoint:
        whole = checkpoint_perplexity(checkpoint, sequences).perplexity
    plan = ThresholdPlan(quantile=Fraction(99, 100), rounding=Rounding.POWER_OF_TWO)
    calibrate_las(compiled(decoder, tmp_path / "model"), calibration, plan, tmp_path / "better")
    model = loaded(tmp_path / "better")
    found = model_perplexity(model, sequences, LasCounterSink(model)).perplexity
    assert abs(found / whole - 1) < LARGEST_LOSS


@pytest.mark.parametrize("profile", ["las", "las-bert", "las-published"])
def test_accuracy_of_the_encoder(tmp_path: Path, profile: str) -> None:
    source = TRAINED / "bert"
    sequences = read_sequences(source / "heldout.json")
    labels = read_labels(source / "heldout_labels.json", len(sequences))[:LABELLED]
    sequences = sequences[:LABELLED]
    with Checkpoint.open(source) as checkpoint:
        whole = checkpoint_classification(checkpoint, sequences, labels)
    model = compiled(source, tmp_path / "model", profile)
    found = model_classification(model, sequences, labels, LasCounterSink(model))
    assert found.correct == whole.correct
    assert abs(found.nll / whole.nll - 1) < LARGEST_LOSS


@pytest.mark.parametrize("profile", ["las", "las-bert"])
def test_embeddings_of_an_encoder(tmp_path: Path, profile: str) -> None:
    sequences = read_sequences(TRAINED / "bert" / "heldout.json")[:8]
    model = compiled(TRAINED / "bert", tmp_path / "model", profile)
    with Checkpoint.open(TRAINED / "bert") as checkpoint:
        found = embedding_similarity(model, checkpoint, sequences, LasCounterSink(model))
    assert found.lowest > 0.99999


@pytest.mark.parametrize("shape", ["tiny-bert", "tiny-gpt2", "tiny-opt", "tiny-qwen2"])
def test_float64_and_spikes_agree_on_every_family(tmp_path: Path, shape: str) -> None:
    """Two derivations of one model that share no arithmetic: float64, and integers by spikes."""
    source = write_checkpoint(shape, tmp_path / "checkpoint", scale=0.1)
    model = compiled(source, tmp_path / "model")
    tokens = list(range(7, 27))
    done = encode(model, np.array(tokens), EngineChoice(), discard)
    with Checkpoint.open(source) as checkpoint:
        if done.logits is None:
            found, expected = done.states, baseline_hidden_many(checkpoint, [tokens])[0]
        else:
            found, expected = done.logits, baseline_logits(checkpoint, tokens)
    error = np.abs(np.ldexp(found.astype(np.float64), -16) - expected)
    assert error.max() < 2e-3 * np.abs(expected).max()

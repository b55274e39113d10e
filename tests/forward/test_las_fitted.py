"""Models of fitted functions: their tables, and the same integers in every engine (HG-8)."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spikeref.compiler.function_tables import neuron_of
from spikeref.engine.events import Shuffled
from spikeref.engine.las_asynchronous import las_asynchronous
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_products import LasEngine
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.errors import ModelError
from spikeref.forward.las import las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.model.folder import load_model
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import (
    LAS_PROFILES,
    Functions,
    LasProfile,
    adjust_las_profile,
)
from spikeref.model.las_tables import named_neurons
from spikeref.model.las_tensors import functions_of
from spikeref.neurons.few_spikes import FewSpikes
from spikeref.trace.sinks import DigestSink
from tests.las_models import FAMILIES, compiled_las
from tests.model.test_las_folder import rewritten

FITTED = LAS_PROFILES["las-fitted"]
PROFILES = {
    "las-fitted": FITTED,
    "few-steps": adjust_las_profile(FITTED, steps=10, levels=3),
    "published": replace(LAS_PROFILES["las-published"], functions=Functions.FITTED),
}
TOKENS = np.array([256, 3, 77, 200, 3], dtype=np.int64)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> LasModel:
    return compiled_las(tmp_path_factory.mktemp("fitted"), "bert", FITTED)


def digests(model: LasModel, engine: LasEngine) -> dict[object, object]:
    sink = DigestSink()
    las_forward(model, TOKENS, LasCache(model.config), engine, sink)
    return dict(sink.digests)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
@pytest.mark.parametrize("name", FAMILIES)
def test_three_engines_agree(tmp_path: Path, name: str, profile: LasProfile) -> None:
    model = compiled_las(tmp_path, name, profile)
    expected = digests(model, LAS_DENSE)
    for engine in (LAS_SYNCHRONOUS, las_asynchronous(Shuffled(1), 64)):
        assert digests(model, engine) == expected


def test_the_model_holds_the_constants(bert: LasModel) -> None:
    assert bert.config.profile.functions is Functions.FITTED
    names = functions_of(bert.config)
    for name, neuron in named_neurons(bert.tables, names):
        fitted = neuron_of(name, Functions.FITTED)
        assert [p.neuron for p in neuron.pieces] == [p.neuron for p in fitted.pieces]
        assert isinstance(neuron.pieces[0].neuron, FewSpikes)


@pytest.mark.parametrize("name", ["exp", "reciprocal", "rsqrt", "sqrt", "square"])
def test_codes_below_their_range_are_refused(bert: LasModel, tmp_path: Path, name: str) -> None:
    """Less on the step that always fires."""
    tensor = f"tables.{name}.0.few_spikes"
    folder = rewritten(
        bert, tmp_path / "model", lambda tensors: tensors[tensor].__setitem__((2, 0), -9)
    )
    with pytest.raises(ModelError, match=f"tables.{name}.0: a code below .* \\(HG-8\\)"):
        load_model(folder)


@pytest.mark.parametrize("value", [(1 << 32) + 1, -(1 << 32) - 1, -(1 << 63)])
def test_constants_beyond_32_bits_are_refused(bert: LasModel, tmp_path: Path, value: int) -> None:
    tensor = "tables.gelu.2.few_spikes"
    folder = rewritten(
        bert, tmp_path / "model", lambda tensors: tensors[tensor].__setitem__((1, 3), value)
    )
    with pytest.raises(ModelError, match=rf"{tensor}: a constant beyond 2\^32"):
        load_model(folder)

"""Every LAS engine gives the plain sums (ENG-1 to ENG-4, LAS-6, LAS-8, LAS-9)."""

import numpy as np
import pytest

from spikeref.engine.las_products import LasEngine
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.engine.sparse_addition import GATHERED_ROWS
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.neurons.outlier_aware import OatCode, TrainForm
from tests.engine.las_populations import (
    CODES,
    every_las_engine,
    random_spikes,
    random_weights,
    wide_synaptic,
)
from tests.engine.populations import product_by_python

ENGINES = every_las_engine()
EVERY_CODE = pytest.mark.parametrize("code", CODES.values(), ids=list(CODES))


@pytest.mark.parametrize("engine", [e for _, e in ENGINES], ids=[name for name, _ in ENGINES])
class TestEveryEngine:
    @EVERY_CODE
    def test_saw(self, engine: LasEngine, code: OatCode) -> None:
        for tokens, sources, targets in ((2, 9, 5), (1, 1, 1)):
            spikes = random_spikes(code, (tokens, sources), seed=sources)
            weights = random_weights(sources, targets)
            found = engine.saw(spikes, wide_synaptic(weights, code))
            assert found.tolist() == product_by_python(spikes.values, weights)

    def test_saw_of_more_sources_than_are_gathered_at_once(self, engine: LasEngine) -> None:
        code, sources = CODES["default"], GATHERED_ROWS + 5
        spikes = random_spikes(code, (1, sources), seed=4)
        weights = random_weights(sources, 2)
        found = engine.saw(spikes, wide_synaptic(weights, code))
        assert found.tolist() == product_by_python(spikes.values, weights)

    @EVERY_CODE
    def test_saa(self, engine: LasEngine, code: OatCode) -> None:
        """Operands of different thresholds; the increments sum to the product."""
        other = OatCode(form=code.form, normal=code.normal, outlier=code.normal * 3)
        for tokens, inner, targets in ((2, 6, 4), (1, 1, 3)):
            a = random_spikes(code, (tokens, inner), seed=1)
            b = random_spikes(other, (inner, targets), seed=2)
            bound = inner * code.largest_value * other.largest_value
            total = np.zeros((tokens, targets), dtype=object)
            for increment in engine.saa(a, b, min(bound, (1 << 62) - 1)):
                assert increment.shape == total.shape
                total += increment.astype(object)
            assert total.tolist() == product_by_python(a.values, b.values)

    @EVERY_CODE
    def test_saa_of_transposed_spikes(self, engine: LasEngine, code: OatCode) -> None:
        """Keys [S, d] come transposed, so not contiguous in memory."""
        queries = random_spikes(code, (1, 4), seed=5)
        keys = random_spikes(code, (7, 4), seed=6)
        total = np.sum(list(engine.saa(queries, keys.transposed, 1 << 61)), axis=0)
        assert total.tolist() == product_by_python(queries.values, keys.values.T)

    @pytest.mark.parametrize(("steps", "levels"), [(16, 1), (10, 1), (12, 4), (16, 15)])
    def test_hadamard(self, engine: LasEngine, steps: int, levels: int) -> None:
        """Broadcast: one inverse for a row, as norms and softmax have it."""
        code = OatCode(form=TrainForm(steps=steps, levels=levels), normal=999, outlier=999)
        a = random_spikes(code, (3, 5), seed=7).train
        one = random_spikes(code, (3, 1), seed=8).train
        plain = BinaryTrain(counts=a.counts, steps=steps, levels=levels)
        for b in (one, random_spikes(code, (3, 5), seed=9).train):
            found = engine.hadamard(plain, b)
            expected = a.counts.astype(object) * b.counts.astype(object)
            assert found.tolist() == expected.tolist()

    def test_hadamard_of_trains_of_different_levels(self, engine: LasEngine) -> None:
        """The gate's train has one level, the up projection's has the profile's (LAS-13)."""
        code = CODES["levels"]
        up = random_spikes(code, (2, 6), seed=3).train
        gate = BinaryTrain(counts=np.arange(-6, 6).reshape(2, 6) * 311, steps=12, levels=1)
        found = engine.hadamard(gate, up)
        assert found.tolist() == (gate.counts * up.counts.astype(np.int64)).tolist()

    def test_silence(self, engine: LasEngine) -> None:
        code = CODES["default"]
        silent = random_spikes(code, (2, 3), seed=0)
        silent = type(silent)(
            counts=np.zeros_like(silent.counts), outliers=silent.outliers, code=code
        )
        weights = random_weights(3, 2)
        assert not engine.saw(silent, wide_synaptic(weights, code)).any()
        loud = random_spikes(code, (3, 2), seed=1)
        assert not any(increment.any() for increment in engine.saa(silent, loud, 1 << 61))


def test_engines_say_how_attention_calls_them() -> None:
    """An engine that walks spikes takes one query at a time: no unseen key fires (ENG-6)."""
    for name, engine in ENGINES:
        assert name.startswith(engine.name)
        if engine.name != "dense":
            assert engine.query_block == 1
            assert engine.heads_in_order


def test_sync_has_one_increment_a_time_step() -> None:
    code = CODES["few-steps"]
    a, b = random_spikes(code, (1, 3), seed=1), random_spikes(code, (3, 2), seed=2)
    assert len(list(LAS_SYNCHRONOUS.saa(a, b, 1 << 61))) == 10

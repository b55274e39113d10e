"""In LAS sync and async nothing is multiplied either (ENG-5): proven from the sources."""

from pathlib import Path

import numpy as np
import pytest

import spikeref.engine
import spikeref.neurons.binary_train
from spikeref.engine.events import Shuffled
from spikeref.engine.las_asynchronous import las_asynchronous
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from tests.engine.las_populations import CODES, random_spikes, random_weights, wide_synaptic
from tests.engine.test_no_multiplication import guarded, multiplications

ENGINE = Path(spikeref.engine.__file__).parent
SPIKE_DRIVEN = (
    *(
        ENGINE / f"{name}.py"
        for name in ("las_synchronous", "las_asynchronous", "las_events", "weighted_spikes")
    ),
    Path(spikeref.neurons.binary_train.__file__),
)


@pytest.mark.parametrize("path", SPIKE_DRIVEN, ids=lambda p: p.name)
def test_no_multiplication_in_the_source(path: Path) -> None:
    found = list(multiplications(path.read_text(encoding="utf-8")))
    if path.name == "binary_train.py":
        # The neuron signs what it fires; no engine takes part.
        found = [f for f in found if "sign * size" not in f and "2 * train.levels" not in f]
    assert found == []


@pytest.mark.parametrize("name", ["default", "levels"])
def test_no_multiplication_at_run_time(name: str) -> None:
    """Weights refuse to be multiplied; the products still come."""
    code = CODES[name]
    spikes = random_spikes(code, (2, 6), seed=0)
    weights = random_weights(6, 3)
    synaptic = wide_synaptic(weights, code)
    object.__setattr__(synaptic, "weights", guarded(weights))
    for engine in (LAS_SYNCHRONOUS, las_asynchronous(Shuffled(1), 5)):
        expected = np.matmul(spikes.values, weights.astype(np.int64))
        assert engine.saw(spikes, synaptic).tolist() == expected.tolist()

"""All engines give the outputs of the LAS cases (LAS-4, LAS-6, LAS-8 to LAS-13, LAS-15, NEUR-9)."""

from collections.abc import Callable

import numpy as np
import pytest

from spikeref.engine.events import Reversed, Shuffled
from spikeref.engine.las_asynchronous import las_asynchronous
from spikeref.engine.las_products import LasEngine
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.operations.las_attention import attend, mix, saa, softmax
from spikeref.operations.las_decoding import las_decode
from spikeref.operations.las_operators import las_gated, las_logits, las_norm, las_saw
from spikeref.operations.operation import Run
from spikeref.operations.table import OPERATIONS, run_as
from spikeref.suite.catalogue import core_cases

RUNS: dict[str, Callable[[LasEngine], Run]] = {
    "las_norm": las_norm,
    "las_saw": las_saw,
    "las_saa": saa,
    "las_softmax": softmax,
    "las_mix": mix,
    "las_attend": attend,
    "las_gated": las_gated,
    "las_logits": las_logits,
    "las_decode": las_decode,
}
CASES = [case for case in core_cases() if case.operation in RUNS and case.outputs is not None]


@pytest.mark.parametrize(
    "engine",
    [LAS_SYNCHRONOUS, las_asynchronous(Reversed(), batch=7), las_asynchronous(Shuffled(3))],
    ids=["sync", "async-reversed", "async-shuffled"],
)
@pytest.mark.parametrize("name", RUNS)
def test_every_engine_gives_the_expected_outputs(name: str, engine: LasEngine) -> None:
    run, cases = RUNS[name](engine), [case for case in CASES if case.operation == name]
    assert len(cases) >= 2
    for case in cases:
        found = run_as(OPERATIONS[name], run, case.parameters, case.inputs)
        assert case.outputs is not None
        assert list(found) == list(case.outputs)
        for output, expected in case.outputs.items():
            np.testing.assert_array_equal(found[output], expected, err_msg=f"{case.id} {output}")

"""Whatever well-formed request an operation gets, it answers or refuses in its own words."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.errors import SpikerefError, UsageError
from spikeref.operations.decoding import DECODING, HG_DECODING
from spikeref.operations.las_decoding import LAS_DECODING
from spikeref.operations.operation import Parameters
from spikeref.operations.table import OPERATIONS, run_operation
from spikeref.suite.catalogue import core_cases
from spikeref.vectors.case import Case

Request = tuple[Parameters, Mapping[str, NDArray[Any]]]

WHOLE_MODELS = {operation.name for operation in (*DECODING, *LAS_DECODING, *HG_DECODING)}
INTEGERS = (0, 1, -1, -5, 17, 65, 1 << 62, -(1 << 62), 1 << 63, 1 << 70)
TEXTS = ("", "other", "1,2", "-1,9")


def accepted_cases() -> dict[str, Case]:
    """The first accepted case of every operation but those of whole models."""
    cases: dict[str, Case] = {}
    for case in core_cases():
        if case.reject is None and case.operation not in WHOLE_MODELS:
            cases.setdefault(case.operation, case)
    return cases


CASES = accepted_cases()


def odd_requests(case: Case) -> Iterator[Request]:
    """The case with one thing changed: a parameter, the values or the shape of its tensors."""
    parameters, inputs = case.parameters, case.inputs
    for name, value in parameters.items():
        for odd in INTEGERS if isinstance(value, int) else TEXTS:
            yield {**parameters, name: odd}, inputs
        yield {**parameters, name: "x" if isinstance(value, int) else 5}, inputs
    for name, array in inputs.items():
        form = np.iinfo(array.dtype)
        for odd in (form.min, form.max, form.min + 1, 0, 1):
            yield parameters, {**inputs, name: np.full_like(array, odd)}
        for axis in range(array.ndim):
            yield parameters, {**inputs, name: np.concatenate([array, array], axis=axis)}
    for size in (0, 1, 2):
        for letter, changed in resized(case, size):
            if not letter.isdigit():
                yield parameters, changed
    for name in OPERATIONS[case.operation].optional:
        yield (
            {key: value for key, value in parameters.items() if key != name},
            {key: array for key, array in inputs.items() if key != name},
        )


def resized(case: Case, size: int) -> Iterator[tuple[str, dict[str, NDArray[Any]]]]:
    """The inputs cut to `size` along each dimension of CONF-9, in all tensors that have it."""
    forms = {name: OPERATIONS[case.operation].inputs[name].split()[1:] for name in case.inputs}
    for letter in sorted({letter for form in forms.values() for letter in form}):
        changed = dict(case.inputs)
        for name, form in forms.items():
            for axis, word in enumerate(form):
                if word == letter:
                    changed[name] = changed[name].take(
                        range(min(size, changed[name].shape[axis])), axis=axis
                    )
        yield letter, changed


def test_every_operation_has_a_case() -> None:
    assert set(CASES) == set(OPERATIONS) - WHOLE_MODELS


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", list(CASES))
def test_odd_requests_are_answered_or_refused(name: str) -> None:
    for parameters, inputs in odd_requests(CASES[name]):
        with suppress(SpikerefError):
            run_operation(name, parameters, inputs)


RISING = np.arange(1, 1 << 10, dtype=np.int32)[None, :]
PIECE = [0, 1 << 12, 1, -10, 0, 0]


@pytest.mark.parametrize(
    ("pieces", "tables", "message"),
    [
        ([], 0, "pieces is empty"),
        ([PIECE], 0, "no row for this piece"),
        ([PIECE], 2, "fewer than their thresholds"),
        ([PIECE, [1 << 12, 1 << 13, 1, -10, 2, 0]], 1, "two are open from 4096 on"),
        ([[0, 4, 1, -10, 1, 0]], 1, "not monotone"),
        ([[0, 4, 1, -10, 4, 0]], 0, "kind 4 is unknown"),
        ([[0, 4, 2, -10, 2, 0]], 0, "a member of its piece is out of range"),
        ([[1 << 21, 1 << 22, 1, -10, 2, 0]], 0, "an identity whose codes leave 16 bits"),
    ],
)
def test_pieces_are_those_of_a_model(pieces: list[list[int]], tables: int, message: str) -> None:
    inputs = {
        "x": np.array([5, 1 << 21], dtype=np.int64),
        "pieces": np.array(pieces, dtype=np.int64).reshape(-1, 6),
    }
    if tables:
        inputs["thresholds"] = np.repeat(RISING, tables, axis=0)
    with pytest.raises(UsageError, match=message):
        run_operation("hg_neuron", {"steps": 10, "table_steps": 10}, inputs)


def test_chunks_and_edges_cover_what_there_is() -> None:
    case = CASES["tiled_add"]
    neurons = len(case.inputs["counts"])
    for edges in ([0], [0, neurons - 1], [1, neurons], [0, neurons, 1, neurons]):
        inputs = {**case.inputs, "edges": np.array(edges, dtype=np.int32)}
        with pytest.raises(UsageError, match="edges must rise from 0 to N"):
            run_operation("tiled_add", case.parameters, inputs)
    case = CASES["cached_attention"]
    for chunks in ("1", "0,5", "-1,6", "9"):
        with pytest.raises(UsageError, match="do not add up"):
            run_operation("cached_attention", {**case.parameters, "chunks": chunks}, case.inputs)

"""All engines give the outputs of the core suite (ENG-1 to ENG-6, ADD-6, TRACE-1)."""

from collections.abc import Callable

import numpy as np
import pytest

from spikeref.engine.asynchronous import asynchronous
from spikeref.engine.events import Reversed, Shuffled
from spikeref.engine.products import Engine
from spikeref.engine.synchronous import SYNCHRONOUS
from spikeref.operations.accumulator import sparse_add
from spikeref.operations.attention import attend, cached_attention
from spikeref.operations.decoding import decode, generate
from spikeref.operations.linear import linear
from spikeref.operations.operation import Run
from spikeref.operations.table import OPERATIONS, run_as
from spikeref.suite.catalogue import core_cases
from spikeref.vectors.case import Case

RUNS: dict[str, Callable[[Engine], Run]] = {
    "sparse_add": sparse_add,
    "linear": linear,
    "attend": attend,
    "cached_attention": cached_attention,
    "decode": decode,
    "hg_decode": decode,
    "generate": generate,
}
CASES = [
    case
    for case in core_cases()
    if case.operation in RUNS and case.outputs is not None and "extreme" not in case.id
]


@pytest.mark.parametrize(
    "engine",
    [SYNCHRONOUS, asynchronous(Reversed(), batch=7), asynchronous(Shuffled(3))],
    ids=["sync", "async-reversed", "async-shuffled"],
)
@pytest.mark.parametrize("name", RUNS)
def test_every_engine_gives_the_expected_outputs(name: str, engine: Engine) -> None:
    run, cases = RUNS[name](engine), [case for case in CASES if case.operation == name]
    assert len(cases) >= (2 if name == "hg_decode" else 4)
    for case in cases:
        _check(case, run)


def _check(case: Case, run: Run) -> None:
    found = run_as(OPERATIONS[case.operation], run, case.parameters, case.inputs)
    assert case.outputs is not None
    assert list(found) == list(case.outputs)
    for name, expected in case.outputs.items():
        np.testing.assert_array_equal(found[name], expected, err_msg=f"{case.id} {name}")


def test_the_barrier_no_count_depends_on_another_token() -> None:
    """ENG-7: each token is encoded by its own range, so a row alone gives what it gives here."""
    case = next(case for case in CASES if case.id.startswith("linear-back-to-back-ternary"))
    run = RUNS["linear"](SYNCHRONOUS)
    assert case.outputs is not None
    for t in range(len(case.inputs["u"])):
        alone = {**case.inputs, "u": case.inputs["u"][t : t + 1]}
        alone["exponent"] = case.inputs["exponent"][t : t + 1]
        found = run_as(OPERATIONS["linear"], run, case.parameters, alone)
        assert found["counts"].tolist() == case.outputs["counts"][t : t + 1].tolist()


def test_generation_is_greedy_and_ends_where_it_must() -> None:
    """OP-13: the lowest id of the largest logit; an end of sequence is the last token."""
    ends = set()
    for case in CASES:
        if case.operation != "generate":
            continue
        assert case.outputs is not None
        prompt, new = case.inputs["tokens"].tolist(), case.outputs["tokens"].tolist()
        rows = case.outputs["logits"].tolist()
        assert len(rows) == len(prompt) + len(new) - 1
        assert new == [row.index(max(row)) for row in rows[len(prompt) - 1 :]]
        eos = [int(word) for word in str(case.parameters["eos_token_ids"]).split(",") if word]
        assert not set(new[:-1]) & set(eos)
        if new[-1] in eos:
            ends.add("eos")
        elif len(new) == case.parameters["new_tokens"]:
            ends.add("count")
        else:
            assert len(rows) == case.parameters["positions"]
            ends.add("positions")
    assert ends == {"eos", "count", "positions"}

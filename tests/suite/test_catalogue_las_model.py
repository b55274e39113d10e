"""Suites of somebody's own LAS model (CONF-6, CONF-9, LAS-14, LMOD-1)."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spikeref.device import Tensor, run
from spikeref.errors import RefusedError, UsageError
from spikeref.model.las_profile import LAS_PROFILES
from spikeref.operations.table import run_operation
from spikeref.suite.generate import generate_suite
from spikeref.vectors.case import type_of
from spikeref.vectors.reader import Suite
from tests.cli.command_line import Program
from tests.las_models import LAS, LEVELS, compiled_las

TOKENS = (7, 3, 200, 1)
SHORT = replace(LAS, name="las+custom", form=replace(LAS.form, steps=10))
"""Ten steps, so that tables are small."""
PROFILES = {
    "bert": SHORT,
    "gpt2": SHORT,
    "llama": LEVELS,
    "mistral": LAS_PROFILES["las-fitted"],
    "opt": LAS_PROFILES["las-published"],
}


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Suite]:
    found = {}
    for name, profile in PROFILES.items():
        folder = tmp_path_factory.mktemp(name)
        model = compiled_las(folder, name, profile)
        generate_suite(
            folder / "suite", "model", model=model.folder, layers=(1,), tokens=TOKENS, npy=False
        )
        found[name] = Suite.open(folder / "suite")
    return found


def operations(suite: Suite) -> set[str]:
    return {suite.case_manifest(name).operation for name in suite.ids}


SHARED = {
    "las_embedding", "oat_encode", "las_saw", "las_heads", "las_activation", "residual_add",
    "las_decode",
}  # fmt: skip
STATED = {"las_norm", "las_attend"}
"""Whose tables may be of a form, or whose formula of the published program, that they lack."""


@pytest.mark.parametrize(
    ("name", "further"),
    [
        ("bert", STATED),
        ("gpt2", {*STATED, "las_logits"}),
        ("llama", {*STATED, "las_logits", "las_gated"}),
        ("mistral", {"las_logits", "las_gated"}),
        ("opt", {"las_logits"}),
    ],
)
def test_every_operator_of_the_chosen_layer_has_a_case(
    suites: Mapping[str, Suite], name: str, further: set[str]
) -> None:
    suite = suites[name]
    assert operations(suite) == SHARED | further
    layers = {case.split("-")[2] for case in suite.ids if case.startswith("model-layer")}
    assert layers == {"1"}
    linear = {case for case in suite.ids if case.startswith("model-layer-1-")}
    gated = {"gate"} if "las_gated" in further else set()
    assert linear >= {f"model-layer-1-{op}" for op in {"q", "k", "v", "o", "up", "down"} | gated}


@pytest.mark.parametrize("name", PROFILES)
def test_the_plain_device_agrees_with_every_case(suites: Mapping[str, Suite], name: str) -> None:
    suite = suites[name]
    for identity in suite.ids:
        case = suite.case(identity)
        given = {
            key: Tensor(type_of(array), array.shape, tuple(array.ravel().tolist()))
            for key, array in case.inputs.items()
        }
        found = run(case.operation, case.parameters, given, suite.path / "model")
        assert case.outputs is not None
        assert list(found) == list(case.outputs)
        for key, expected in case.outputs.items():
            assert found[key].type == type_of(expected), (identity, key)
            assert found[key].shape == expected.shape, (identity, key)
            assert found[key].flat == tuple(expected.ravel().tolist()), (identity, key)


def test_teacher_forced_outputs_are_those_of_the_whole_pass(suites: Mapping[str, Suite]) -> None:
    """The operators' cases, joined, are the pass: each output is the next one's input."""
    for name in ("gpt2", "llama"):
        suite = suites[name]

        def output(case: str, tensor: str, suite: Suite = suite) -> np.ndarray:  # type: ignore[type-arg]
            outputs = suite.case(case).outputs
            assert outputs is not None
            return outputs[tensor]

        for case, heads in (("q", "query"), ("k", "key"), ("v", "value")):
            x = suite.case(f"model-layer-1-{heads}-spikes").inputs["x"]
            assert np.array_equal(output(f"model-layer-1-{case}", "output"), x.reshape(len(x), -1))
        mixed = output("model-layer-1-attend", "mixed")
        assert np.array_equal(mixed, suite.case("model-layer-1-o-input").inputs["x"])
        x = suite.case("model-layer-1-attention-residual").inputs["out"]
        assert np.array_equal(output("model-layer-1-o", "output"), x)
        normed = output("model-final-norm", "output")
        assert np.array_equal(normed, suite.case("model-head-input").inputs["x"])
        whole = output("model-decode-one-pass", "logits")
        part = output("model-logits", "logits")
        assert all(any(np.array_equal(row, w) for w in whole.T) for row in part.T)


def test_passes_of_any_length_give_the_same_digests(suites: Mapping[str, Suite]) -> None:
    suite = suites["llama"]
    ways = {"one-pass": "", "in-chunks": "3,1", "token-by-token": "1,1,1,1", "counts": ""}
    cases = [suite.case(f"model-decode-{name}") for name in ways]
    assert [case.parameters["chunks"] for case in cases] == list(ways.values())
    for case in cases:
        assert case.outputs is not None
        assert cases[0].outputs is not None
        for name in ("logits", "states", "trace_digest"):
            assert np.array_equal(case.outputs[name], cases[0].outputs[name])
    fields = {name for name in cases[-1].outputs or {} if name.startswith("layer1.las_")}
    assert {name.rsplit(".", 1)[1] for name in fields} == {
        "counts", "outliers", "inverse", "inverse_exponent", "probability_spikes", "key_spikes",
        "value_spikes",
    }  # fmt: skip
    assert "model-decode-in-chunks" not in suites["bert"].ids


def test_a_device_run_over_it_conforms(
    suites: Mapping[str, Suite], capsys: pytest.CaptureFixture[str]
) -> None:
    called = Program(capsys)(
        "conform", suites["gpt2"].path, "--class", "las", "--", sys.executable, "-m",
        "spikeref.device",
    )  # fmt: skip
    assert called.status == 0, called.err


def test_a_layer_that_a_model_lacks_is_refused(tmp_path: Path) -> None:
    model = compiled_las(tmp_path, "gpt2", SHORT)
    with pytest.raises(UsageError, match="layers 0 to 1"):
        generate_suite(
            tmp_path / "suite", "model", model=model.folder, layers=(2,), tokens=(1,), npy=False
        )


def test_a_model_of_the_other_system_is_refused(suites: Mapping[str, Suite]) -> None:
    tokens = {"tokens": np.array([1])}
    parameters = {"model": "model", "chunks": ""}
    with pytest.raises(RefusedError) as refusal:
        run_operation("decode", parameters, tokens, folder=suites["gpt2"].path)
    assert refusal.value.kind == "model"

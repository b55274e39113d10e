"""Suites of somebody's own model, and the smoke suite (CONF-6, CONF-9)."""

from pathlib import Path

import numpy as np
import pytest

from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.compile import compile_checkpoint
from spikeref.device import Tensor, run
from spikeref.errors import ModelError, TokenError, UsageError, VectorError
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import find_profile
from spikeref.operations.table import run_operation
from spikeref.suite import generate
from spikeref.suite.catalogue import core_cases
from spikeref.suite.generate import generate_suite, smoke_cases, smoke_ids
from spikeref.suite.mutants import MUTANTS
from spikeref.vectors.case import type_of
from spikeref.vectors.reader import Suite
from tests.cli.command_line import Program
from tools.synthetic_checkpoint import write_checkpoint

TOKENS = (7, 3, 7, 200, 1)


@pytest.fixture(scope="module")
def suite(tiny_model: IntegerModel, tmp_path_factory: pytest.TempPathFactory) -> Suite:
    folder = tmp_path_factory.mktemp("suite") / "model"
    generate_suite(folder, "model", model=tiny_model.folder, layers=(1,), tokens=TOKENS, npy=False)
    return Suite.open(folder)


def test_the_suite_holds_the_model_and_states_its_digest(
    suite: Suite, tiny_model: IntegerModel
) -> None:
    assert suite.manifest.model_digest == tiny_model.digest
    assert (suite.path / "model" / "config.json").is_file()


def test_decoding_gives_the_same_digests_whatever_the_passes(suite: Suite) -> None:
    cases = [suite.case(name) for name in suite.ids if name.startswith("model-decode")]
    chunks = sorted(str(case.parameters["chunks"]) for case in cases)
    assert chunks == ["", "", "1,1,1,1,1", "3,2"]
    first = cases[0].outputs
    assert first is not None
    for case in cases:
        assert case.outputs is not None
        for name in ("logits", "record_digests", "trace_digest"):
            assert np.array_equal(case.outputs[name], first[name])


def test_faults_are_planted_in_a_device_that_finds_the_model(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whole passes read the suite's model folder, which the conforming device needs as well."""
    floor = tuple(mutant for mutant in MUTANTS if mutant.id == "round-shift-floor")
    monkeypatch.setattr("spikeref.cli.mutants.MUTANTS", floor)
    called = Program(capsys)("mutants", "--suite", suite.path, "--json")
    assert (called.status, called.err) == (0, "")
    assert called.json()["killed"] == 1


def test_the_chosen_layer_alone_has_cases_of_its_operators(suite: Suite) -> None:
    layers = {name.split("-")[2] for name in suite.ids if name.startswith("model-layer")}
    assert layers == {"1"}
    operations = {suite.case(name).operation for name in suite.ids}
    assert operations == {
        "spiking_input", "linear", "embedding", "rms_norm", "silu_gate", "residual_add", "rope",
        "cache_heads", "queries", "attend", "logits", "decode",
    }  # fmt: skip
    linear = {name for name in suite.ids if suite.case(name).operation == "linear"}
    assert linear == {f"model-layer-1-{op}" for op in ("q", "k", "v", "o", "gate", "up", "down")}


def test_teacher_forced_outputs_are_those_of_the_whole_pass(
    suite: Suite, tiny_model: IntegerModel
) -> None:
    """The operators' cases, joined, are the forward pass: each output is the next one's input."""
    output = suite.case("model-layer-1-gate").outputs
    assert output is not None
    given = suite.case("model-layer-1-silu-gate").inputs
    assert np.array_equal(output["output"], given["gate"])
    mixed = suite.case("model-layer-1-attend").outputs
    assert mixed is not None
    assert np.array_equal(mixed["mixed"], suite.case("model-layer-1-o").inputs["u"])
    tokens = np.unique(np.array(TOKENS))
    logits = suite.case("model-logits").outputs
    whole = suite.case("model-decode-one-pass").outputs
    assert logits is not None
    assert whole is not None
    assert np.array_equal(logits["logits"], whole["logits"][:, tokens])


def test_every_case_runs_again_from_the_folder(suite: Suite) -> None:
    for name in suite.ids:
        case = suite.case(name)
        found = run_operation(case.operation, case.parameters, case.inputs, folder=suite.path)
        assert case.outputs is not None
        assert all(np.array_equal(found[key], case.outputs[key]) for key in case.outputs), name


def test_the_plain_device_agrees_with_every_case(suite: Suite) -> None:
    for name in suite.ids:
        case = suite.case(name)
        given = {
            key: Tensor(type_of(array), array.shape, tuple(array.ravel().tolist()))
            for key, array in case.inputs.items()
        }
        found = run(case.operation, case.parameters, given, suite.path / "model")
        assert case.outputs is not None
        assert list(found) == list(case.outputs)
        for key, expected in case.outputs.items():
            assert found[key].type == type_of(expected), (name, key)
            assert found[key].shape == expected.shape, (name, key)
            assert found[key].flat == tuple(expected.ravel().tolist()), (name, key)


def test_counts_of_the_chosen_layer_lie_beside_the_logits(suite: Suite) -> None:
    outputs = suite.case("model-decode-counts").outputs
    assert outputs is not None
    layer = [name for name in outputs if "." in name]
    assert layer[:4] == [
        f"layer1.qkv_input.{field}" for field in ("exponent", "amax", "zero_point", "counts")
    ]
    assert len(layer) == 27
    counts = outputs["layer1.qkv_input.counts"]
    assert counts.dtype == np.int16
    assert counts.shape == (len(TOKENS), 64)
    forced = suite.case("model-layer-1-qkv-input").outputs
    assert forced is not None
    assert np.array_equal(counts, forced["counts"])


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"layers": (2,)}, UsageError),
        ({"layers": (-1,)}, UsageError),
        ({"tokens": (288,)}, TokenError),
        ({"model": Path("nowhere")}, ModelError),
    ],
)
def test_what_does_not_fit_the_model_leaves_no_folder(
    tiny_model: IntegerModel, tmp_path: Path, arguments: dict[str, object], error: type[Exception]
) -> None:
    given = {"model": tiny_model.folder, "layers": (0,), "tokens": (1,), "npy": False, **arguments}
    with pytest.raises(error):
        generate_suite(tmp_path / "suite", "model", **given)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_model_belongs_to_the_suite_model_alone(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="belong to the suite model"):
        generate_suite(tmp_path / "suite", "core", model=None, layers=(0,), tokens=None, npy=False)


def test_operators_that_spike_have_no_case_of_integer_formulas(tmp_path: Path) -> None:
    """LAS-17: what enters an operator is what its own model's norm, gate and softmax give."""
    source = write_checkpoint("tiny-llama", tmp_path / "checkpoint", scale=0.1)
    with Checkpoint.open(source) as checkpoint:
        compile_checkpoint(checkpoint, tmp_path / "model", find_profile("sdllm-hg-w4a4kv4"))
    folder = tmp_path / "suite"
    generate_suite(folder, "model", model=tmp_path / "model", layers=(1,), tokens=TOKENS, npy=False)
    suite = Suite.open(folder)
    operations = {suite.case(name).operation for name in suite.ids}
    assert operations.isdisjoint({"rms_norm", "silu_gate", "attend"})
    outputs = suite.case("model-decode-counts").outputs
    assert outputs is not None
    for group in ("qkv", "o", "gate_up", "down"):
        forced = suite.case(f"model-layer-1-{group.replace('_', '-')}-input").outputs
        assert forced is not None
        assert np.array_equal(forced["counts"], outputs[f"layer1.{group}_input.counts"])


def test_the_shipped_model_is_the_default(tmp_path: Path) -> None:
    manifest = generate_suite(
        tmp_path / "suite", "model", model=None, layers=None, tokens=None, npy=False
    )
    layers = {name.split("-")[2] for name, _ in manifest.cases if name.startswith("model-layer")}
    assert len(layers) == 2


def test_the_smoke_suite_is_closed_and_in_causal_order(tmp_path: Path) -> None:
    manifest = generate_suite(
        tmp_path / "suite", "smoke", model=None, layers=None, tokens=None, npy=False
    )
    smoke = [name for name, _ in manifest.cases]
    assert set(smoke) >= set(smoke_ids())
    core = [case.id for case in core_cases()]
    assert smoke == [name for name in core if name in smoke]
    assert len(smoke) < len(core) // 2


def test_a_smoke_list_of_another_catalogue_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "smoke_ids", lambda: ("no-such-case",))
    with pytest.raises(VectorError, match="no-such-case"):
        smoke_cases()

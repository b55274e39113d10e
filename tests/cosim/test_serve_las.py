"""`spikeref serve` with a LAS model: every op again from its record's inputs, and whole passes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.api import embed, run
from spikeref.cosim.serve import serve
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.forward.las import las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.forward.las_pass import norm_rules
from spikeref.model.any_model import AnyModel
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import LAS_PROFILES
from spikeref.model.layers import IntegerModel
from spikeref.ops.las_norm import spiking_norm
from spikeref.trace.las_records import LasSpikesRecord
from spikeref.trace.records import Record
from spikeref.trace.sinks import collect, discard
from tests.cosim.test_serve import Server
from tests.las_models import CHECKPOINTS, LEVELS, compiled_las

TOKENS = np.array([256, 72, 105, 33, 72], dtype=np.int64)
Answer = dict[str, Any]
Model = Callable[[str], LasModel]


class Session:
    """One request at a time, in this process; tensors through a folder."""

    def __init__(self, model: AnyModel, folder: Path) -> None:
        self.model, self.folder = model, folder

    def answer(self, operation: str, inputs: Mapping[str, NDArray[Any]], **more: Any) -> Answer:
        written = {}
        for name, array in inputs.items():
            path = self.folder / f"{name}.bin"
            path.write_bytes(np.ascontiguousarray(array).tobytes())
            kind = f"{array.dtype.kind}{8 * array.dtype.itemsize}"
            written[name] = {"path": str(path), "type": kind, "shape": list(array.shape)}
        request = {"operation": operation, "inputs": written, "outputs": str(self.folder / "out")}
        answers: list[Answer] = []
        assert serve(self.model, [json.dumps(request | more).encode()], answers.append) == 1
        return answers[0]

    def ask(
        self, operation: str, inputs: Mapping[str, NDArray[Any]], **more: Any
    ) -> dict[str, NDArray[Any]]:
        answer = self.answer(operation, inputs, **more)
        assert "error" not in answer, answer
        return {name: read(entry) for name, entry in answer["outputs"].items()}

    def message(self, operation: str, inputs: Mapping[str, NDArray[Any]], **more: Any) -> str:
        answer = self.answer(operation, inputs, **more)
        assert answer["error"] in ("request", "token")
        return str(answer["message"])


def read(entry: Answer) -> NDArray[Any]:
    form = f"<{entry['type'][0]}{int(entry['type'][1:]) // 8}"
    return np.fromfile(entry["path"], dtype=form).reshape(entry["shape"])


def records_of(model: LasModel) -> dict[tuple[int, str], Any]:
    records: list[Record] = []
    las_forward(model, TOKENS, LasCache(model.config), LAS_DENSE, collect(records))
    return {(record.layer, record.op): record for record in records}


def check(found: Mapping[str, NDArray[Any]], record: Any, *names: str) -> None:
    for name in names:
        expected = getattr(record, name)
        assert np.array_equal(found[name], expected), (record.layer, record.op, name)


@pytest.mark.parametrize("name", [*CHECKPOINTS, "levels"])
def test_every_op_of_a_model(tmp_path: Path, las_model: Model, name: str) -> None:
    model = compiled_las(tmp_path, "llama", LEVELS) if name == "levels" else las_model(name)
    session, records = Session(model, tmp_path), records_of(model)
    driven = {
        "q": "qkv_input", "k": "qkv_input", "v": "qkv_input", "o": "o_input", "gate": "mlp_input",
        "up": "mlp_input", "down": "down_input", "pooler": "head_input",
        "classifier": "classifier_input",
    }  # fmt: skip
    checked = 0
    for (layer, las_op), record in records.items():
        op = las_op.removeprefix("las_")
        at = {"layer": layer, "op": op}
        if isinstance(record, LasSpikesRecord):
            x = record.potential.reshape(len(record.counts), -1)
            found = session.ask("oat_encode", {"x": x}, **at)
            assert np.array_equal(found["counts"], record.counts.reshape(x.shape)), at
            assert np.array_equal(found["outliers"], record.outliers.reshape(x.shape))
            check(found, record, "saturations")
        elif op in driven:
            given = records[layer, f"las_{driven[op]}"]
            spikes = {
                "counts": given.counts.astype(np.int32), "outliers": given.outliers.astype(np.int8),
            }  # fmt: skip
            check(
                session.ask("las_saw", spikes, **at), record,
                "accumulator", "output", "saturations",
            )  # fmt: skip
            again = {"accumulator": record.accumulator.astype(np.int64)}
            check(session.ask("las_rescale", again, **at), record, "output", "saturations")
        elif op == "head":
            given = records[layer, "las_head_input"]
            spikes = {
                "counts": given.counts.astype(np.int32), "outliers": given.outliers.astype(np.int8),
            }  # fmt: skip
            found = session.ask("las_logits", spikes, **at)
            check(found, record, "accumulator", "saturations")
            assert np.array_equal(found["logits"], record.output)
        else:
            continue
        checked += 1
    assert checked >= 2 * 12


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama", "mistral"])
def test_attention_heads_and_feed_forward(tmp_path: Path, las_model: Model, name: str) -> None:
    model = las_model(name)
    session, records = Session(model, tmp_path), records_of(model)
    shape = model.config.shape
    for layer in range(shape.layers):
        spikes = {}
        for op, role in (("q", "query"), ("k", "key"), ("v", "value")):
            x = records[layer, f"las_{op}"].output.astype(np.int32)
            cut = x.reshape(len(x), -1, shape.head_dim)
            record = records[layer, f"las_{role}_spikes"]
            found = session.ask("las_heads", {"x": cut}, layer=layer, op=f"{role}_spikes")
            check(found, record, "counts", "outliers", "saturations")
            spikes |= {f"{role}_counts": found["counts"], f"{role}_outliers": found["outliers"]}
        check(
            session.ask("las_attend", spikes, layer=layer, op="attention"),
            records[layer, "las_attention"],
            "top", "sum", "inverse", "inverse_exponent", "accumulator", "mixed",
            "probability_spikes", "key_spikes", "value_spikes", "saturations",
        )  # fmt: skip
        gate = "las_gate" if (layer, "las_gate") in records else "las_up"
        x = records[layer, gate].output.astype(np.int32)
        record = records[layer, "las_activation"]
        found = session.ask("las_activation", {"x": x[0]}, layer=layer, op="activation")
        assert np.array_equal(found["y"], record.output[0])
        if gate == "las_gate":
            up = records[layer, "las_up_spikes"]
            given = {
                "gate": x, "counts": up.counts.astype(np.int32),
                "outliers": up.outliers.astype(np.int8),
            }  # fmt: skip
            check(
                session.ask("las_gated", given, layer=layer, op="gated"),
                records[layer, "las_gated"], "output", "saturations",
            )  # fmt: skip


@pytest.mark.parametrize("name", ["bert", "opt", "llama"])
def test_norms_and_embedding(tmp_path: Path, las_model: Model, name: str) -> None:
    model = las_model(name)
    session, records = Session(model, tmp_path), records_of(model)
    embedded = records[-1, "las_embedding"]
    found = session.ask("las_embedding", {"tokens": TOKENS}, layer=-1, op="embedding")
    check(found, embedded, "residual", "saturations")
    place, parameters = {
        "bert": ((-1, "embedding_norm"), model.embedding_norm),
        "opt": ((0, "attention_norm"), model.layers[0].attention_norm),
        "llama": ((0, "attention_norm"), model.layers[0].attention_norm),
    }[name]
    assert parameters is not None
    found = session.ask("las_norm", {"x": embedded.residual}, layer=place[0], op=place[1])
    check(
        found, records[place[0], f"las_{place[1]}"],
        "deviation", "energy", "inverse", "inverse_exponent", "output", "saturations",
    )  # fmt: skip
    post = "post_mlp_norm" if name == "bert" else "mlp_norm"
    found = session.ask("las_norm", {"x": embedded.residual}, layer=1, op=post)
    done = spiking_norm(
        embedded.residual, model.layers[1].mlp_norm, norm_rules(model), LAS_DENSE
    ).output
    assert np.array_equal(found["output"], done.values)


def test_the_tables_of_functions_are_the_models(tmp_path: Path, las_model: Model) -> None:
    session = Session(las_model("bert"), tmp_path)
    t = np.array([0, 1 << 16, 5], dtype=np.int64)
    found = session.ask("hg_exp", {"t": t}, layer=0, op="attention")
    assert found["power"].tolist()[:2] == [65535 << 23, 65535 << 22]
    x = np.array([1 << 30, -(1 << 30), 0], dtype=np.int32)
    assert session.ask("las_activation", {"x": x}, layer=2, op="pooled")["y"].tolist() == [
        65535 << 4, -65535 << 4, 0,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_forward_pass_of_a_decoder(tmp_path: Path, las_model: Model, name: str) -> None:
    model = las_model(name)
    expected = run(model, TOKENS)
    whole = Session(model, tmp_path).ask("forward", {"tokens": TOKENS})
    parameters = {"chunks": "2,3", "record_layers": "1"}
    parts = Session(model, tmp_path).ask("forward", {"tokens": TOKENS}, parameters=parameters)
    for found in (whole, parts):
        assert found["logits"].dtype == np.int32
        assert np.array_equal(found["logits"], expected.logits)
        assert found["trace_digest"].tobytes().hex() == expected.trace_digest
    assert np.array_equal(whole["record_digests"], parts["record_digests"])
    record = records_of(model)[1, "las_down_input"]
    assert np.array_equal(parts["layer1.las_down_input.counts"], record.counts)
    assert not any(output.startswith("layer0") for output in parts)


def test_a_forward_pass_of_an_encoder(tmp_path: Path, las_model: Model) -> None:
    model = las_model("bert")
    types = np.array([0, 0, 1, 1, 1], dtype=np.int64)
    expected = embed(model, TOKENS, token_types=types.tolist())
    found = Session(model, tmp_path).ask("forward", {"tokens": TOKENS, "types": types})
    assert np.array_equal(found["states"], expected.states)
    assert np.array_equal(found["pooled"], expected.pooled)
    assert np.array_equal(found["scores"], expected.scores)
    assert found["trace_digest"].tobytes().hex() == expected.trace_digest
    assert "logits" not in found


def test_a_forward_pass_of_an_sdllm_model(tmp_path: Path, tiny_model: IntegerModel) -> None:
    expected = run(tiny_model, TOKENS, trace=discard)
    found = Session(tiny_model, tmp_path).ask("forward", {"tokens": TOKENS})
    assert np.array_equal(found["logits"], expected.logits)
    assert found["trace_digest"].tobytes().hex() == expected.trace_digest


def test_a_published_model_refuses_the_papers_operators(tmp_path: Path) -> None:
    model = compiled_las(tmp_path, "gpt2", LAS_PROFILES["las-published"])
    session = Session(model, tmp_path)
    x = np.zeros((1, 24), dtype=np.int64)
    assert "LAS-16" in session.message("las_norm", {"x": x}, layer=0, op="attention_norm")
    assert "forward" in session.message("las_attend", {}, layer=0, op="attention")
    assert "distance" in session.message("las_published_softmax", {}, layer=0, op="attention")
    expected = run(model, TOKENS).logits
    assert np.array_equal(session.ask("forward", {"tokens": TOKENS})["logits"], expected)


@pytest.mark.parametrize(
    ("operation", "more", "words"),
    [
        ("oat_encode", {"layer": 0, "op": "walk"}, "'walk'"),
        ("oat_encode", {"layer": 0, "op": ["q"]}, "is none"),
        ("oat_encode", {"layer": 2, "op": "q"}, "layer 2"),
        ("oat_encode", {"layer": True, "op": "q"}, "layer True"),
        ("oat_encode", {"op": "q"}, "layer None"),
        ("las_gated", {"layer": 0, "op": "gated"}, "no gated"),
        ("las_norm", {"layer": 0, "op": "post_mlp_norm"}, "no post_mlp_norm"),
        ("las_norm", {"layer": -1, "op": "embedding_norm"}, "no embedding_norm"),
        ("las_saw", {"layer": 2, "op": "pooler"}, "no pooler"),
        ("las_published_softmax", {"layer": 0, "op": "attention"}, "LAS-16"),
        ("forward", {"layer": 0, "op": "q"}, "record_layers"),
        ("forward", {"parameters": {"bits": 4}}, "bits"),
        ("forward", {"parameters": {"chunks": "1,1"}}, "chunks"),
        ("forward", {"parameters": {"chunks": "a"}}, "chunks"),
    ],
)
def test_what_a_model_lacks_is_refused(
    tmp_path: Path, las_model: Model, operation: str, more: dict[str, Any], words: str
) -> None:
    session = Session(las_model("gpt2"), tmp_path)
    inputs = {"tokens": TOKENS} if operation == "forward" else {}
    assert words in session.message(operation, inputs, **more)


def test_unfit_tokens_are_refused(
    tmp_path: Path, las_model: Model, tiny_model: IntegerModel
) -> None:
    gpt2 = Session(las_model("gpt2"), tmp_path)
    assert gpt2.answer("forward", {"tokens": TOKENS + 100})["error"] == "token"
    assert gpt2.answer("forward", {"tokens": TOKENS, "types": TOKENS})["error"] == "token"
    assert "missing" in gpt2.message("forward", {})
    assert "i64" in gpt2.message("forward", {"tokens": TOKENS.astype(np.int32)})
    bert = Session(las_model("bert"), tmp_path)
    one_pass = bert.message("forward", {"tokens": TOKENS}, parameters={"chunks": "2,3"})
    assert "one pass" in one_pass
    assert "each token" in bert.message("forward", {"tokens": TOKENS, "types": TOKENS[:2]})
    sdllm = Session(tiny_model, tmp_path)
    assert "SDLLM" in sdllm.message("forward", {"tokens": TOKENS, "types": TOKENS})
    described: list[Answer] = []
    serve(gpt2.model, [b'{"operation": "describe"}'], described.append)
    assert described[0]["profile"] == "las"
    assert described[0]["model_digest"] == gpt2.model.digest


def test_a_request_overrides_the_model(tmp_path: Path, las_model: Model) -> None:
    session = Session(las_model("llama"), tmp_path)
    x = np.array([[1 << 16, -(1 << 20)]], dtype=np.int64)
    own = session.ask("oat_encode", {"x": x}, layer=0, op="q")
    code = replace(las_model("llama").layers[0].codes["attention_input"], normal=1 << 19)
    other = session.ask(
        "oat_encode", {"x": x}, layer=0, op="q", parameters={"threshold_n": code.outlier}
    )
    assert own["counts"].tolist() != other["counts"].tolist()


def test_the_program_serves_a_las_model(las_model: Model) -> None:
    model = las_model("bert")
    running = Server(model.folder)
    assert running.ask(operation="describe")["model_digest"] == model.digest
    assert running.end() == (0, b"", b"")

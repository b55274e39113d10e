"""`spikeref serve`, driven by a process as a simulator would drive it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.model.layers import IntegerModel
from spikeref.neurons.counts import encode
from tests.cli.command_line import REPOSITORY

ENCODER = {"bits": 4, "encoding": "ternary", "ratio_n": 1, "ratio_d": 1, "ties": "half-even"}
Answer = dict[str, Any]


class Server:
    """A running server."""

    def __init__(self, model: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "spikeref", "serve", str(model)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def line(self, text: bytes) -> Answer:
        """Send one line and wait for its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(text + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert isinstance(answer, dict)
        return answer

    def ask(self, **request: Any) -> Answer:
        return self.line(json.dumps(request).encode())

    def end(self) -> tuple[int, bytes, bytes]:
        """Close stdin; return status and what else was written."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def server(tiny_model: IntegerModel) -> Iterator[Server]:
    running = Server(tiny_model.folder)
    yield running
    running.process.kill()
    running.process.wait()
    for pipe in (running.process.stdin, running.process.stdout, running.process.stderr):
        assert pipe is not None
        pipe.close()


def written(path: Path, array: NDArray[Any]) -> Answer:
    path.write_bytes(array.tobytes())
    kind = f"{array.dtype.kind}{8 * array.dtype.itemsize}"
    return {"path": str(path), "type": kind, "shape": list(array.shape)}


def read(entry: Answer) -> NDArray[Any]:
    form = f"<{entry['type'][0]}{int(entry['type'][1:]) // 8}"
    return np.fromfile(entry["path"], dtype=form).reshape(entry["shape"])


def test_an_operation(server: Server, tmp_path: Path) -> None:
    v = np.array([[7, -7, 3, 0]], dtype=np.int32)
    answer = server.ask(
        id=1,
        operation="encode",
        parameters=ENCODER,
        inputs={"v": written(tmp_path / "v.bin", v)},
        outputs=str(tmp_path / "out"),
    )
    assert (answer["id"], answer["step"], answer["operation"]) == (1, 1, "encode")
    assert read(answer["outputs"]["counts"]).tolist() == [[7, -7, 3, 0]]
    assert answer["outputs"]["counts"]["type"] == "i16"
    assert read(answer["outputs"]["range"]).tolist() == [7]


def test_the_models_own_weights(server: Server, tmp_path: Path, tiny_model: IntegerModel) -> None:
    counts = np.arange(-8, 56, dtype=np.int64).reshape(1, 64) % 8
    answer = server.ask(
        operation="sparse_add",
        layer=1,
        op="v",
        inputs={"counts": written(tmp_path / "c.bin", counts.astype(np.int16))},
        outputs=str(tmp_path / "out"),
    )
    expected = counts @ tiny_model.layers[1].v.weights.astype(np.int64)
    assert np.array_equal(read(answer["outputs"]["y"]), expected)


def test_a_linear_layer_of_the_model(
    server: Server, tmp_path: Path, tiny_model: IntegerModel
) -> None:
    u = np.arange(128, dtype=np.int64).reshape(2, 64) * 1000 - 50_000
    inputs = {
        "u": written(tmp_path / "u.bin", u),
        "exponent": written(tmp_path / "e.bin", np.array([-30, -31], dtype=np.int32)),
    }
    common = {"layer": 0, "op": "q", "inputs": inputs}
    spikes = server.ask(operation="spiking_input", outputs=str(tmp_path / "s"), **common)
    layer = server.ask(operation="linear", outputs=str(tmp_path / "l"), **common)
    potential = read(spikes["outputs"]["potential"])
    counts = encode(potential, tiny_model.config.profile.encoder()).counts
    assert np.array_equal(read(layer["outputs"]["counts"]), counts)
    weights = tiny_model.layers[0].q.weights.astype(np.int64)
    assert np.array_equal(read(layer["outputs"]["accumulator"]), counts.astype(np.int64) @ weights)
    assert layer["step"] == 2


def test_a_request_overrides_the_model(server: Server, tmp_path: Path) -> None:
    v = written(tmp_path / "v.bin", np.array([[1, 2]], dtype=np.int32))
    answer = server.ask(
        operation="encode",
        layer=0,
        op="q",
        parameters={"bits": 2},
        inputs={"v": v},
        outputs=str(tmp_path / "out"),
    )
    assert read(answer["outputs"]["counts"]).tolist() == [[0, 1]]


def test_reset_describe_and_quit(server: Server, tmp_path: Path, tiny_model: IntegerModel) -> None:
    v = {"v": written(tmp_path / "v.bin", np.array([[1]], dtype=np.int32))}
    request = {
        "operation": "encode", "parameters": ENCODER, "inputs": v, "outputs": str(tmp_path),
    }  # fmt: skip
    assert [server.ask(**request)["step"] for _ in range(2)] == [1, 2]
    assert server.ask(operation="reset", id="r") == {"id": "r", "operation": "reset", "step": 0}
    assert server.ask(**request)["step"] == 1
    described = server.ask(operation="describe")
    assert described["model_digest"] == tiny_model.digest
    assert described["spec_version"] == "1.0"
    assert server.ask(operation="quit") == {"id": None, "operation": "quit"}
    assert server.end() == (0, b"", b"")


def test_end_of_input_ends_with_status_0(server: Server) -> None:
    assert server.end() == (0, b"", b"")


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        (b"{", "request", "JSON"),
        (b"[1]", "request", "object"),
        (b"\xff\xfe", "request", "request"),
        (b"[" * 5000, "request", "request"),
        (b'{"operation": NaN}', "request", "NaN"),
        (b'{"id": 1}', "request", "operation"),
        (b'{"operation": "walk", "outputs": "o"}', "request", "walk"),
        (b'{"operation": "encode"}', "request", "outputs"),
        (b'{"operation": "encode", "outputs": "o", "more": 1}', "request", "more"),
        (b'{"operation": "encode", "outputs": "o", "inputs": []}', "request", "inputs"),
        (b'{"operation": "encode", "outputs": "o", "inputs": {"v": 1}}', "request", "path"),
        (
            b'{"operation": "encode", "outputs": "o", "parameters": {"bits": 0.5}}',
            "request",
            "bits",
        ),
        (b'{"operation": "encode", "outputs": "o", "layer": 9, "op": "q"}', "request", "layer 9"),
        (b'{"operation": "encode", "outputs": "o", "layer": 0, "op": "w"}', "request", "'w'"),
        (
            b'{"operation": "encode", "outputs": "o", "inputs":'
            b' {"v": {"path": "none.bin", "type": "i32", "shape": [1, 1]}}}',
            "tensor",
            "none.bin",
        ),
        (
            b'{"operation": "encode", "outputs": "o", "inputs":'
            b' {"v": {"path": "none.bin", "type": "f32", "shape": [1, 1]}}}',
            "request",
            "f32",
        ),
        (
            b'{"operation": "encode", "outputs": "o", "inputs":'
            b' {"v": {"path": "\\u0000", "type": "i32", "shape": [1, 1]}}}',
            "request",
            "input v",
        ),
        (
            b'{"operation": "encode", "outputs": "o", "inputs":'
            b' {"v": {"path": "\\ud800", "type": "i32", "shape": [1, 1]}}}',
            "request",
            "input v",
        ),
        (b'{"operation": "encode", "outputs": "\\u0000"}', "request", "outputs"),
        (b'{"operation": "encode", "outputs": "\\ud800"}', "request", "outputs"),
        (b'{"operation": "describe", "id": [1]}', "request", "id"),
        (b'{"operation": "describe", "id": 1e400}', "request", "id"),
        (b'{"operation": "describe", "id": 0.10000000000000000000001}', "request", "id"),
    ],
)
def test_a_bad_request_is_answered_and_the_server_goes_on(
    server: Server, line: bytes, kind: str, words: str
) -> None:
    answer = server.line(line)
    assert answer["error"] == kind
    assert words in answer["message"]
    assert "\n" not in answer["message"]
    assert server.ask(operation="reset")["step"] == 0


@pytest.mark.parametrize("identity", [1.5, -1e-300, 7, "\ud800", None])
def test_an_answer_has_the_id_of_its_request(server: Server, identity: object) -> None:
    answer = server.ask(id=identity, operation="describe")
    assert (answer["id"], answer["operation"]) == (identity, "describe")


def test_a_refusal_names_the_class_of_error(server: Server, tmp_path: Path) -> None:
    beyond = written(tmp_path / "v.bin", np.array([[-(1 << 30) - 1]], dtype=np.int32))
    request = {"operation": "encode", "inputs": {"v": beyond}, "outputs": str(tmp_path)}
    assert server.ask(id=4, parameters=ENCODER, **request)["error"] == "range"
    wrong = server.ask(id=5, parameters=ENCODER | {"bits": 9}, **request)
    assert (wrong["id"], wrong["error"]) == (5, "parameter")


def test_a_tensor_of_another_size_is_refused(server: Server, tmp_path: Path) -> None:
    short = written(tmp_path / "v.bin", np.array([[1, 2]], dtype=np.int32)) | {"shape": [2, 2]}
    answer = server.ask(
        operation="encode", parameters=ENCODER, inputs={"v": short}, outputs=str(tmp_path)
    )
    assert answer["error"] == "tensor"
    assert "v.bin" in answer["message"]


def test_a_model_that_is_none_is_refused(tmp_path: Path) -> None:
    process = Server(tmp_path).process
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, b"")
    assert err.startswith(b"spikeref serve: ")
    assert len(err.splitlines()) == 1


def test_odd_requests_do_not_end_the_server(server: Server, tmp_path: Path) -> None:
    x = written(tmp_path / "x.bin", np.array([[1 << 61, 3]], dtype=np.int64))
    membranes = written(tmp_path / "m.bin", np.array([5, 1 << 21], dtype=np.int64))
    far = np.array([[1 << 21, (1 << 22) - 1, 1, -10, 2, 6]], dtype=np.int64)
    steps = {"steps": 16, "table_steps": 16}
    requests: list[tuple[str, dict[str, Any], dict[str, Any], str | None]] = [
        ("saturate", {"bits": 0}, {"x": x}, "parameter"),
        ("block_shift", {"bits": 0, "ties": "half-even"}, {"x": x}, "parameter"),
        (
            "hg_neuron",
            steps,
            {"x": membranes, "pieces": written(tmp_path / "none.bin", far[:0])},
            "request",
        ),
        (
            "hg_neuron",
            steps,
            {"x": membranes, "pieces": written(tmp_path / "far.bin", far)},
            None,
        ),
    ]
    for number, (operation, parameters, inputs, error) in enumerate(requests):
        answer = server.ask(
            id=number,
            operation=operation,
            parameters=parameters,
            inputs=inputs,
            outputs=str(tmp_path / "out"),
        )
        assert (answer["id"], answer.get("error")) == (number, error)
    assert read(answer["outputs"]["code"]).tolist() == [0, 1 << 15]

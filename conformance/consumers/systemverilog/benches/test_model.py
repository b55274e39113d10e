"""The layer with the weights of a compiled model; `spikeref serve` says what is right.

SUITE is the model here, and PACKAGE lies in the folder that `spikeref export-pkg` made of it.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from numpy.typing import NDArray

from benches.given import Given, flat, lasts
from spikeref.arith.generator import random_words, seed_of
from spikeref.vectors.case import dtype_of

LAYER, OPERATOR = 1, "k"
TOKENS = 3


class Server:
    """`spikeref serve` as a simulator talks to it."""

    def __init__(self, folder: Path) -> None:
        """Start it on the model."""
        self._folder = folder
        self._process = subprocess.Popen(
            [os.environ["PYTHON"], "-m", "spikeref", "serve", os.environ["SUITE"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def ask(self, operation: str, **inputs: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return the outputs of an operation with the model's own tensors."""
        given = {}
        for name, array in inputs.items():
            path = self._folder / f"{name}.bin"
            path.write_bytes(array.tobytes())
            kind = f"i{8 * array.itemsize}"
            given[name] = {"path": str(path), "type": kind, "shape": list(array.shape)}
        request = {
            "operation": operation,
            "layer": LAYER,
            "op": OPERATOR,
            "inputs": given,
            "outputs": str(self._folder / operation),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        return {
            name: np.fromfile(one["path"], dtype=dtype_of(one["type"])).reshape(one["shape"])
            for name, one in answer["outputs"].items()
        }

    def close(self) -> int:
        """End it; return its status."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait()


def _memory(images: Path, name: str) -> list[int]:
    return [int(line, 16) for line in (images / f"{name}.mem").read_text().splitlines()]


def _signed(words: list[int], bits: int) -> NDArray[np.int64]:
    array = np.array(words, dtype=np.int64)
    return np.where(array >> (bits - 1) & 1, array - (1 << bits), array)


@cocotb.test()
async def layer_of_a_model_agrees_with_the_server(dut: Any) -> None:
    """Exported images are loaded as they are; three random tokens, one of them silent."""
    export = Path(os.environ["PACKAGE"]).parent
    images = export / "layers" / str(LAYER) / OPERATOR
    given = await Given(dut, percent=20).start()
    rows = _memory(images, "weight_rows")
    for source, word in enumerate(rows):
        await given.load_row(source, word)
    mantissas = np.array(_memory(images, "channel_mantissas"))
    exponents = _signed(_memory(images, "channel_exponents"), 16)
    biases = np.array([word - (word >> 63 << 64) for word in _memory(images, "bias")])
    await given.load_channels(mantissas, exponents, biases)
    dut.neurons.value, dut.out_bits.value = len(rows), 32

    words = random_words(seed_of("spikeref/hdl/model"), TOKENS * len(rows)).view(np.int64)
    u = (words >> 24).reshape(TOKENS, len(rows))
    u[1] = 0
    exponent = np.array([-38, -39, -40], dtype=np.int32)
    server = Server(Path.cwd())
    spikes = server.ask("spiking_input", u=u, exponent=exponent)
    golden = server.ask("linear", u=u, exponent=exponent)
    assert server.close() == 0
    for value, last in zip(flat(golden["output"]), lasts(*golden["output"].shape), strict=True):
        beat = {"lay_out_value": value, "lay_out_last": last, "lay_out_fault": 0}
        given.scoreboard.expect("lay_out", [beat])
    of_row = spikes["exponent"].repeat(len(rows))
    ends = lasts(TOKENS, len(rows))
    await given.send("lay", zip(flat(spikes["potential"]), flat(of_row), ends, strict=True))
    await given.settle()
    assert given.scoreboard.finish() == TOKENS * len(mantissas)

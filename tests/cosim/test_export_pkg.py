"""`spikeref export-pkg`: package and header say the same as the model, images hold its tensors."""

import hashlib
import json
import re
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from spikeref.arith.ties import Ties
from spikeref.cosim.constants import model_package, profile_package
from spikeref.cosim.export import export_package
from spikeref.cosim.package import c_header, systemverilog_package
from spikeref.errors import UsageError
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import PROFILES
from spikeref.operations.packing import pack_weights
from tests.hdl.tools import require


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, tiny_model: IntegerModel) -> Path:
    folder = tmp_path_factory.mktemp("export") / "package"
    export_package(tiny_model, folder)
    return folder


def systemverilog_integers(text: str) -> dict[str, int]:
    found = re.findall(
        r"localparam (?:int|logic signed \[63:0\]) (\w+) = (-?)(?:64'sd)?(\d+);", text
    )
    return {name: int(sign + digits) for name, sign, digits in found}


def c_integers(text: str) -> dict[str, int]:
    pattern = r"#define SPIKEREF_(\w+) (?:INT64_C)?\(?(-?\d+)\)?(?: /\*.*)?$"
    return {name: int(value) for name, value in re.findall(pattern, text, re.MULTILINE)}


def test_package_and_header_state_the_same_integers(exported: Path) -> None:
    package = systemverilog_integers((exported / "spikeref_pkg.sv").read_text())
    header = c_integers((exported / "spikeref_model.h").read_text())
    assert package == header
    assert len(package) > 40


def test_package_states_profile_shape_and_widths(exported: Path, tiny_model: IntegerModel) -> None:
    text = (exported / "spikeref_pkg.sv").read_text()
    found = systemverilog_integers(text)
    expected = {
        "SPEC_MAJOR": 1, "ACT_BITS": 4, "TRAIN_LENGTH": 8, "LEVELS": 7, "WEIGHT_BITS": 4,
        "WEIGHT_SLOT_BITS": 4, "KV_BITS": 4, "CLIP_RATIO_N": 1, "CLIP_RATIO_D": 1, "TIES": 0,
        "ENCODING": 0, "HIDDEN": 64, "LAYERS": 2, "VOCAB": 288, "EXP2_TERMS": 7,
        "NORM_ROOT": tiny_model.config.constants.norm_root,
        "SCORE_EXPONENT": tiny_model.config.constants.score_exponent,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    bound = max(
        int(7 * np.abs(s.weights.astype(np.int64)).sum(axis=0).max())
        for layer in tiny_model.layers
        for s in map(layer.synapses, ("q", "k", "v", "o", "gate", "up", "down"))
    )
    assert found["ACC_BITS"] == 1 + bound.bit_length()
    assert f"256'h{tiny_model.digest}" in text
    assert 'PROFILE = "sdllm-w4a4kv4"' in text


def test_profile_reaches_the_package() -> None:
    profile = replace(
        PROFILES["sdllm-binary-w4a4kv4"],
        ties=Ties.HALF_UP,
        clip_ratio=Fraction(9, 10),
        weight_bits=5,
        act_bits=3,
    )
    found = systemverilog_integers(systemverilog_package(profile_package(profile)))
    names = ("ACT_BITS", "LEVELS", "TRAIN_LENGTH", "ENCODING", "TIES", "CLIP_RATIO_N")
    assert [found[name] for name in names] == [3, 7, 7, 1, 1, 9]
    assert (found["CLIP_RATIO_D"], found["WEIGHT_SLOT_BITS"], found["ACC_BITS"]) == (10, 8, 32)
    assert "HIDDEN" not in found


def test_enumerations_number_the_ops_as_the_specification_does(tiny_model: IntegerModel) -> None:
    package = model_package(tiny_model)
    assert "OP_EMBEDDING = 5'd0" in systemverilog_package(package)
    assert "OP_HEAD = 5'd18" in systemverilog_package(package)
    assert "SPIKEREF_OP_DOWN_INPUT = 15" in c_header(package)
    assert "FAULT_COUNT = 3'd5" in systemverilog_package(package)


def test_images_hold_the_models_tensors(exported: Path, tiny_model: IntegerModel) -> None:
    for number, layer in enumerate(tiny_model.layers):
        for operator in ("q", "down"):
            place = exported / "layers" / str(number) / operator
            synapses = layer.synapses("q" if operator == "q" else "down")
            weights = np.fromfile(place / "weights.bin", dtype="i1")
            assert np.array_equal(weights.reshape(synapses.weights.shape), synapses.weights)
            mantissas = np.fromfile(place / "channel_mantissas.bin", dtype="<u2")
            assert np.array_equal(mantissas, synapses.channel_mantissas)
            assert not np.fromfile(place / "bias.bin", dtype="<i8").any()
    assert tuple(np.fromfile(exported / "tables" / "exp2.bin", dtype="<i8")) == (
        tiny_model.tables.exp2
    )


def test_hexadecimal_images_equal_the_binary_ones(exported: Path) -> None:
    for path in sorted(exported.rglob("*.bin")):
        lines = path.with_suffix(".mem").read_text().split("\n")
        assert lines.pop() == ""
        width = path.stat().st_size // len(lines)
        words = b"".join(int(line, 16).to_bytes(width, "little") for line in lines)
        assert words == path.read_bytes(), path
        assert all(len(line) == 2 * width for line in lines)


def test_weight_rows_add_what_a_spike_adds(exported: Path, tiny_model: IntegerModel) -> None:
    """Word j holds weight m of source j in bits 4m … 4m+3, two's complement (PACK-3)."""
    rows = (exported / "layers" / "1" / "k" / "weight_rows.mem").read_text().split()
    weights = tiny_model.layers[1].k.weights
    for word, row in zip(rows, weights.tolist(), strict=True):
        nibbles = [int(word, 16) >> (4 * m) & 15 for m in range(len(row))]
        assert [n - 16 if n > 7 else n for n in nibbles] == row


@pytest.mark.parametrize(
    ("bits", "row", "packed"),
    [
        (4, [1, -1, 7], [0xF1, 0x07]),
        (4, [-7, 0], [0x09]),
        (2, [1, -1, 0, 1], [0xF1, 0x10]),
        (5, [15, -15], [0x0F, 0xF1]),
        (8, [127, -127], [0x7F, 0x81]),
    ],
)
def test_packing_by_hand(bits: int, row: list[int], packed: list[int]) -> None:
    assert pack_weights(np.array([row], dtype=np.int8), bits).tolist() == [packed]


def test_manifest_states_version_digest_and_every_file(
    exported: Path, tiny_model: IntegerModel
) -> None:
    manifest = json.loads((exported / "manifest.json").read_text())
    assert manifest["spec_version"] == "1.0"
    assert manifest["model_digest"] == tiny_model.digest
    present = {str(p.relative_to(exported)) for p in exported.rglob("*") if p.is_file()}
    assert present == {"manifest.json", *manifest["files"]}
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((exported / name).read_bytes()).hexdigest() == digest


def test_layers_can_be_chosen(tmp_path: Path, tiny_model: IntegerModel) -> None:
    files = export_package(tiny_model, tmp_path / "out", [1])
    assert any(name.startswith("layers/1/") for name in files)
    assert not any(name.startswith("layers/0/") for name in files)


@pytest.mark.parametrize("layer", [-1, 2])
def test_a_layer_that_is_none_leaves_nothing(
    tmp_path: Path, tiny_model: IntegerModel, layer: int
) -> None:
    with pytest.raises(UsageError, match=f"layer {layer}"):
        export_package(tiny_model, tmp_path / "out", [layer])
    assert list(tmp_path.iterdir()) == []


def test_a_full_folder_is_refused(tmp_path: Path, tiny_model: IntegerModel) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(UsageError, match="not empty"):
        export_package(tiny_model, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_header_compiles_as_c99(exported: Path, tmp_path: Path) -> None:
    require(shutil.which("cc") is not None, "needs a C compiler")
    source = tmp_path / "main.c"
    source.write_text(
        '#include "spikeref_model.h"\n'
        "int main(void) { return !(SPIKEREF_HIDDEN == 64 && SPIKEREF_OP_HEAD == 18\n"
        "    && SPIKEREF_NORM_ROOT > INT64_C(0) && SPIKEREF_SPEC_VERSION[0] == '1'); }\n"
    )
    flags = ["-std=c99", "-pedantic", "-Wall", "-Werror", "-I", str(exported)]
    subprocess.run(["cc", *flags, str(source), "-o", str(tmp_path / "main")], check=True)
    subprocess.run([str(tmp_path / "main")], check=True)

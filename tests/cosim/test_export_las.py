"""`spikeref export-pkg` of LAS models, and of the HG neurons in models of SDLLM."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.account.las_widths import proven_las_bits
from spikeref.arith.widths import minimum_bits
from spikeref.cosim.export import export_package
from spikeref.errors import UsageError
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import LAS_PROFILES
from spikeref.model.profile import find_profile
from spikeref.neurons.expansion import Expansion
from spikeref.neurons.few_spikes import FewSpikes
from spikeref.trace.las_records import LAS_OPS
from spikeref.vectors.case import width_of
from tests.account.models import compiled
from tests.cosim.test_export_pkg import c_integers, systemverilog_integers
from tests.hdl.tools import require, require_simulator
from tests.las_models import CHECKPOINTS, LEVELS, compiled_las

Model = Callable[[str], LasModel]


@pytest.fixture(scope="module", params=["bert", "llama"])
def exported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, las_model: Model
) -> tuple[LasModel, Path]:
    folder = tmp_path_factory.mktemp("export-las") / "package"
    model = las_model(request.param)
    export_package(model, folder)
    return model, folder


def read(folder: Path, name: str, kind: str) -> NDArray[Any]:
    return np.fromfile(folder / f"{name}.bin", dtype=kind)


def test_package_and_header_state_the_same_integers(exported: tuple[LasModel, Path]) -> None:
    model, folder = exported
    package = systemverilog_integers((folder / "spikeref_pkg.sv").read_text())
    assert package == c_integers((folder / "spikeref_model.h").read_text())
    shape, constants = model.config.shape, model.config.constants
    expected = {
        "SPEC_MAJOR": 1, "STEPS": 16, "LEVELS": 1, "RULE": 0, "GATE": 0, "TIES": 0, "NORM": 0,
        "SOFTMAX": 0, "FUNCTIONS": 0, "WEIGHT_BITS": 16, "TABLE_STEPS": 16, "COUNT_BITS": 17,
        "HIDDEN": shape.hidden, "POSITIONS": shape.positions, "CLASSES": shape.classes,
        "MLP": int(model.config.family == "llama"), "CAUSAL": int(model.head is not None),
        "NORM_ROOT": constants.norm_root, "NORM_EPSILON_EXPONENT": constants.norm_epsilon_exponent,
        "SCORE_MANTISSA": constants.score_mantissa,
        "EVENT_SOURCE_BITS": 27, "EVENT_EPOCH_BITS": 26,
    }  # fmt: skip
    assert {name: package[name] for name in expected} == expected
    assert f"256'h{model.digest}" in (folder / "spikeref_pkg.sv").read_text()


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_accumulators_are_as_wide_as_the_widest(
    tmp_path: Path, las_model: Model, name: str
) -> None:
    model = las_model(name)
    export_package(model, tmp_path / "out", [])
    found = systemverilog_integers((tmp_path / "out" / "spikeref_pkg.sv").read_text())
    bounds = [
        int(np.abs(synapses.weights.astype(np.int64)).sum(axis=0).max()) * code.largest_value
        for layer in model.layers
        for operator, synapses in layer.operators.items()
        for code in [
            layer.codes[
                "o_input" if operator == "o"
                else "activation" if operator == "down"
                else "mlp_input" if operator in ("gate", "up")
                else "attention_input"
            ]
        ]
    ]  # fmt: skip
    if model.head is not None:
        sums = np.abs(model.head.mantissas.astype(np.int64)).sum(axis=1)
        bounds.append(int(sums.max()) * model.head_code.largest_value)
    for outer, code in ((model.pooler, model.head_code), (model.classifier, model.classifier_code)):
        if outer is not None:
            sums = np.abs(outer.weights.astype(np.int64)).sum(axis=0)
            bounds.append(int(sums.max()) * code.largest_value)
    assert found["ACC_BITS"] == minimum_bits(-max(bounds), max(bounds))
    assert found["MIX_BITS"] == max(
        proven_las_bits(model, layer, "las_attention", "accumulator")
        for layer in range(len(model.layers))
    )


def test_profile_reaches_the_package(tmp_path: Path) -> None:
    model = compiled_las(tmp_path, "llama", LEVELS)
    export_package(model, tmp_path / "out", [])
    found = systemverilog_integers((tmp_path / "out" / "spikeref_pkg.sv").read_text())
    names = ("STEPS", "LEVELS", "RULE", "GATE", "WEIGHT_BITS", "COUNT_BITS")
    # 5·(2^11 − 1) needs 14 bits and a sign.
    assert [found[name] for name in names] == [11, 3, 1, 1, 9, 15]


def test_published_and_fitted_reach_the_package(tmp_path: Path) -> None:
    export_package(
        compiled_las(tmp_path / "p", "gpt2", LAS_PROFILES["las-published"]), tmp_path / "a", [1]
    )
    found = systemverilog_integers((tmp_path / "a" / "spikeref_pkg.sv").read_text())
    assert (found["NORM"], found["SOFTMAX"], found["RULE"]) == (1, 1, 1)
    fitted = compiled_las(tmp_path / "f", "gpt2", LAS_PROFILES["las-fitted"])
    export_package(fitted, tmp_path / "b", [])
    found = systemverilog_integers((tmp_path / "b" / "spikeref_pkg.sv").read_text())
    assert found["FUNCTIONS"] == 1
    neuron = fitted.tables.exp.pieces[0].neuron
    assert isinstance(neuron, FewSpikes)
    constants = read(tmp_path / "b" / "tables" / "exp" / "0", "few_spikes", "<i8").reshape(3, 16)
    assert constants.tolist() == [
        list(neuron.resets), list(neuron.thresholds), list(neuron.weights),
    ]  # fmt: skip


def test_images_hold_the_models_tensors(exported: tuple[LasModel, Path]) -> None:
    model, folder = exported
    for number, layer in enumerate(model.layers):
        place = folder / "layers" / str(number)
        for operator, synapses in layer.operators.items():
            weights = read(place / operator, "weights", "<i2").reshape(synapses.weights.shape)
            assert np.array_equal(weights, synapses.weights)
            rows = (place / operator / "weight_rows.mem").read_text().split()
            assert len(rows) == len(weights)
            word, targets = int(rows[-1], 16), weights.shape[1]
            fields = [word >> (16 * m) & 0xFFFF for m in range(targets)]
            assert np.array_equal(np.array(fields, dtype=np.uint16).view(np.int16), weights[-1])
            mantissas = read(place / operator, "channel_mantissas", "<u2")
            assert np.array_equal(mantissas, synapses.channel_mantissas)
            bias = read(place / operator, "bias", "<i8")
            expected = 0 if synapses.bias is None else synapses.bias
            assert bias.shape == (targets,)
            assert np.array_equal(bias, np.broadcast_to(expected, targets))
        codes = [layer.codes[role] for role in model.config.structure.roles]
        thresholds = read(place, "thresholds", "<i8").reshape(-1, 2).tolist()
        assert thresholds == [[code.normal, code.outlier] for code in codes]
        ratios = read(place, "ratios", "<i4").reshape(-1, 2).tolist()
        assert ratios == [list(code.ratios) for code in codes]
        units = read(place, "units", "<i4").reshape(-1, 2).tolist()
        for (mantissa, exponent), code in zip(units, codes, strict=True):
            # G·2^−(16+T) for one level, exactly.
            assert mantissa * 2.0**exponent == code.divisor * 2.0**-32
        gamma = read(place / "mlp_norm", "gamma", "<i2")
        assert np.array_equal(gamma, layer.mlp_norm.gamma.mantissas)
        assert (place / "mlp_norm" / "beta.mem").exists() == (layer.mlp_norm.beta is not None)
    assert read(folder / "outer", "thresholds", "<i8").size == 4
    assert (folder / "positions" / "mantissas.bin").exists() == (model.positions is not None)
    assert (folder / "tables" / "rope_cos.bin").exists() == (model.rotary is not None)
    assert (folder / "classifier" / "weights.bin").exists() == (model.classifier is not None)
    assert (folder / "embedding_norm" / "gamma.bin").exists() == (model.embedding_norm is not None)


def test_images_hold_the_tables_of_functions(exported: tuple[LasModel, Path]) -> None:
    model, folder = exported
    name = model.config.structure.activation
    assert (folder / "tables" / "tanh" / "pieces.bin").exists() == (model.pooler is not None)
    for function, neuron in ((name, model.tables.activation), ("exp", model.tables.exp)):
        place = folder / "tables" / function
        pieces = read(place, "pieces", "<i8").reshape(-1, 6)
        assert len(pieces) == len(neuron.pieces)
        for number, piece in enumerate(neuron.pieces):
            assert pieces[number][:4].tolist() == [
                piece.low, piece.high, piece.sign, piece.exponent,
            ]  # fmt: skip
            assert (place / str(number)).exists() == isinstance(piece.neuron, Expansion)
            if isinstance(piece.neuron, Expansion):
                thresholds = read(place / str(number), "thresholds", "<i4")
                assert np.array_equal(thresholds, piece.neuron.thresholds)


def test_hexadecimal_images_equal_the_binary_ones(exported: tuple[LasModel, Path]) -> None:
    _, folder = exported
    for path in sorted(folder.rglob("*.bin")):
        lines = path.with_suffix(".mem").read_text().split()
        size = path.stat().st_size // len(lines)
        words = b"".join(int(line, 16).to_bytes(size, "little") for line in lines)
        assert words == path.read_bytes(), path
    assert width_of("i16") == 2


def test_enumerations_number_ops_roles_and_faults(exported: tuple[LasModel, Path]) -> None:
    _, folder = exported
    package = (folder / "spikeref_pkg.sv").read_text()
    header = (folder / "spikeref_model.h").read_text()
    for place, op in enumerate(LAS_OPS):
        assert f"OP_{op.upper()} = 6'd{19 + place}" in package
        assert f"SPIKEREF_OP_{op.upper()} = {19 + place}" in header
    for place, role in enumerate(["ATTENTION_INPUT", "QUERY", "KEY", "VALUE", "PROBABILITIES"]):
        assert f" ROLE_{role} = 4'd{place}" in package
    assert "FAULT_LEVEL = 3'd6" in package
    assert "PIECE_FEW_SPIKES = 2'd3" in package
    assert "OUTER_ROLE_CLASSIFIER_INPUT = 1'd1" in package


def test_manifest_and_layers(tmp_path: Path, las_model: Model) -> None:
    model = las_model("gpt2")
    files = export_package(model, tmp_path / "out", [1])
    assert any(name.startswith("layers/1/") for name in files)
    assert not any(name.startswith("layers/0/") for name in files)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["model_digest"], manifest["profile"]) == (model.digest, "las")
    assert any(name.startswith("head/") for name in files) != model.config.tied_head
    with pytest.raises(UsageError, match="layer 2"):
        export_package(model, tmp_path / "other", [2])


def test_header_compiles_as_c99(exported: tuple[LasModel, Path], tmp_path: Path) -> None:
    require(shutil.which("cc") is not None, "needs a C compiler")
    model, folder = exported
    source = tmp_path / "main.c"
    source.write_text(
        '#include "spikeref_model.h"\n'
        f"int main(void) {{ return !(SPIKEREF_HIDDEN == {model.config.shape.hidden}\n"
        "    && SPIKEREF_OP_LAS_CLASSIFIER == 51 && SPIKEREF_ROLE_UP == 8); }\n"
    )
    flags = ["-std=c99", "-pedantic", "-Wall", "-Werror", "-I", str(folder)]
    subprocess.run(["cc", *flags, str(source), "-o", str(tmp_path / "main")], check=True)
    subprocess.run([str(tmp_path / "main")], check=True)


def test_package_compiles_and_its_event_has_64_bits(
    exported: tuple[LasModel, Path], tmp_path: Path
) -> None:
    """Fields lie where NEUR-9 has them: bit 27 the sub-neuron, 36 the polarity, 37 the end."""
    require_simulator("icarus")
    _, folder = exported
    bench = tmp_path / "bench.sv"
    bench.write_text(
        "module bench;\n"
        "  import spikeref_pkg::*;\n"
        "  event_t e;\n"
        "  initial begin\n"
        "    e = 0; e.outlier = 1; e.negative = 1; e.end_marker = 1; e.level = 3; e.step = 2;\n"
        '    $display("%0d %h", $bits(event_t), e);\n'
        "  end\n"
        "endmodule\n"
    )
    program = tmp_path / "bench.vvp"
    sources = [str(folder / "spikeref_pkg.sv"), str(bench)]
    subprocess.run(["iverilog", "-g2012", "-o", str(program), *sources], check=True)
    done = subprocess.run(["vvp", str(program)], check=True, capture_output=True, text=True)
    event = 1 << 27 | 2 << 28 | 3 << 32 | 1 << 36 | 1 << 37
    assert done.stdout.split() == ["64", f"{event:016x}"]


def test_verilator_takes_the_package(exported: tuple[LasModel, Path]) -> None:
    require(shutil.which("verilator") is not None, "needs verilator")
    package = exported[1] / "spikeref_pkg.sv"
    subprocess.run(["verilator", "--lint-only", "-Wall", str(package)], check=True)


def test_models_of_sdllm_with_hg_neurons_have_their_tables(tmp_path: Path) -> None:
    model = compiled(tmp_path, "tiny-llama", find_profile("sdllm-w4a4kv4-hw"))
    files = export_package(model, tmp_path / "out", [])
    text = (tmp_path / "out" / "spikeref_pkg.sv").read_text()
    found = systemverilog_integers(text)
    assert (found["HG_STEPS"], found["TABLE_STEPS"]) == (10, 16)
    assert "PIECE_RISING = 2'd0" in text
    assert "OP_LAS" not in text
    assert model.functions is not None
    functions = {name.split("/")[1] for name in files if name.endswith("pieces.bin")}
    assert functions == {"exp", "reciprocal", "rsqrt", "sqrt", "square", "silu"}
    rsqrt = model.functions.rsqrt.pieces[0].neuron
    assert isinstance(rsqrt, Expansion)
    thresholds = read(tmp_path / "out" / "tables" / "rsqrt" / "0", "thresholds", "<i4")
    assert np.array_equal(thresholds, rsqrt.thresholds)


def test_models_of_sdllm_without_them_say_nothing_of_them(
    tmp_path: Path,
) -> None:
    model = compiled(tmp_path, "tiny-llama")
    files = export_package(model, tmp_path / "out", [])
    text = (tmp_path / "out" / "spikeref_pkg.sv").read_text()
    assert not any(word in text for word in ("HG_STEPS", "TABLE_STEPS", "PIECE_", "LEVEL_BITS"))
    assert {name for name in files if name.startswith("tables/")} == {
        f"tables/{name}.{form}" for name in ("exp2", "rope_cos", "rope_sin")
        for form in ("bin", "mem")
    }  # fmt: skip

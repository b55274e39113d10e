import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from spikeref.checkpoint.config_record import config_record
from spikeref.checkpoint.families import EMBEDDING, FINAL_NORM, LM_HEAD
from spikeref.checkpoint.layout import all_shapes
from spikeref.checkpoint.reader import Checkpoint
from spikeref.errors import CheckpointError, UsageError
from spikeref.storage.canonical import canonical_json
from tools.synthetic_checkpoint import PRESETS, write_checkpoint
from tools.synthetic_checkpoint.tensors import WeightType

from .conftest import Tensors, edit_config, edit_tensors

GATE = "model.layers.0.mlp.gate_proj.weight"
TINY = [name for name in PRESETS if name.startswith("tiny-")]


@pytest.mark.parametrize("preset", TINY)
@pytest.mark.parametrize("dtype", ["bf16", "fp16", "fp32"])
def test_every_tensor_of_every_family_is_read(
    tmp_path: Path, preset: str, dtype: WeightType
) -> None:
    with Checkpoint.open(write_checkpoint(preset, tmp_path / "c", dtype=dtype)) as checkpoint:
        for name, shape in dict(all_shapes(checkpoint.layout)).items():
            assert checkpoint.shape(name) == shape
            if len(shape) == 1:
                found = checkpoint.vector(name)
            else:
                found = checkpoint.rows(name, 0, shape[0])
            assert found.dtype == np.float32
            assert found.shape == shape
            assert np.abs(found - found.mean(dtype=np.float64)).max() > 0


def test_rows_are_the_librarys(llama: Path) -> None:
    expected = load_file(llama / "model.safetensors")
    checkpoint = Checkpoint.open(llama)
    assert np.array_equal(checkpoint.rows(GATE, 5, 9), expected[GATE][5:9])
    assert np.array_equal(checkpoint.vector(FINAL_NORM), expected[FINAL_NORM])


def test_blocks_make_the_whole(llama: Path) -> None:
    checkpoint = Checkpoint.open(llama)
    blocks = list(checkpoint.iter_row_blocks(GATE, 50))
    assert [start for start, _ in blocks] == [0, 50, 100, 150]
    whole = np.concatenate([block for _, block in blocks])
    assert np.array_equal(whole, checkpoint.rows(GATE, 0, 172))


def test_rows_are_copies_that_outlive_the_files(llama: Path) -> None:
    with Checkpoint.open(llama) as checkpoint:
        rows = checkpoint.rows(GATE, 0, 2)
        again = rows.copy()
        rows[:] = 0
        assert np.array_equal(checkpoint.rows(GATE, 0, 2), again)
    assert np.array_equal(checkpoint.rows(GATE, 0, 2), again)


def test_the_tokenizer_is_found(llama: Path) -> None:
    assert Checkpoint.open(llama).tokenizer_path == llama / "tokenizer.json"
    (llama / "tokenizer.json").unlink()
    assert Checkpoint.open(llama).tokenizer_path is None


def test_sharded_and_single_are_the_same_source(tmp_path: Path) -> None:
    single = write_checkpoint("tiny-mistral", tmp_path / "single")
    sharded = write_checkpoint("tiny-mistral", tmp_path / "sharded", shard_bytes=20_000)
    assert len(list(sharded.glob("model-*.safetensors"))) > 3
    first, second = Checkpoint.open(single), Checkpoint.open(sharded)
    assert first.source_digest == second.source_digest
    for start, block in first.iter_row_blocks(EMBEDDING, 100):
        assert np.array_equal(block, second.rows(EMBEDDING, start, start + len(block)))


def test_the_source_digest_by_its_definition(llama: Path) -> None:
    checkpoint = Checkpoint.open(llama)
    tensors = load_file(llama / "model.safetensors")
    record = {
        "config": config_record(checkpoint.config),
        "tensors": [
            [name, "F32", list(array.shape), hashlib.sha256(array.tobytes()).hexdigest()]
            for name, array in sorted(tensors.items())
        ],
    }
    expected = hashlib.sha256(canonical_json(record)).hexdigest()
    assert checkpoint.source_digest == expected


def test_the_source_digest_sees_what_matters_and_nothing_else(llama: Path) -> None:
    before = Checkpoint.open(llama).source_digest
    edit_config(llama, transformers_version="9", use_cache=True)
    assert Checkpoint.open(llama).source_digest == before
    edit_config(llama, rms_norm_eps=1e-06)
    changed = Checkpoint.open(llama).source_digest
    assert changed != before

    def nudge(tensors: Tensors) -> None:
        tensors[GATE][171, 63] = np.nextafter(tensors[GATE][171, 63], np.float32(9))

    edit_tensors(llama, nudge)
    assert Checkpoint.open(llama).source_digest != changed


def test_a_tied_head_beside_the_embedding_is_not_read(tmp_path: Path) -> None:
    folder = write_checkpoint("tiny-qwen2", tmp_path / "c", dtype="fp32")
    before = Checkpoint.open(folder).source_digest
    edit_tensors(folder, lambda t: t.update({LM_HEAD: np.zeros((288, 56), np.float32)}))
    assert Checkpoint.open(folder).source_digest == before


def refused(folder: Path | str, what: str) -> None:
    with pytest.raises(CheckpointError, match=what) as caught:
        Checkpoint.open(folder)
    assert "\n" not in str(caught.value)


def test_a_missing_tensor_is_refused(llama: Path) -> None:
    edit_tensors(llama, lambda t: t.pop(GATE))
    refused(llama, f"tensor '{GATE}' is missing")


def test_a_missing_head_is_refused(llama: Path) -> None:
    edit_tensors(llama, lambda t: t.pop(LM_HEAD))
    refused(llama, "tensor 'lm_head.weight' is missing, and tie_word_embeddings is not true")


def test_a_wrong_shape_is_refused(llama: Path) -> None:
    edit_tensors(llama, lambda t: t.update({GATE: t[GATE].T.copy()}))
    refused(llama, r"gate_proj.weight' has shape \[64, 172\], config.json calls for \[172, 64\]")


def test_an_unknown_architecture_is_refused(llama: Path) -> None:
    edit_config(llama, architectures=["GemmaForCausalLM"], model_type="gemma")
    refused(llama, "unknown architecture 'GemmaForCausalLM'")


def test_an_unknown_rope_type_is_refused(llama: Path) -> None:
    edit_config(llama, rope_scaling={"rope_type": "dynamic", "factor": 2.0})
    refused(llama, "unknown rope type 'dynamic'")


@pytest.mark.parametrize(
    "keys",
    [
        {"num_hidden_layers": 2},
        {"hidden_size": 128},
        {"intermediate_size": 176},
        {"vocab_size": 300},
        {"num_key_value_heads": 4},
        {"head_dim": 16},
        {"attention_bias": True},
        {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"},
    ],
)
def test_a_configuration_that_contradicts_the_tensors_is_refused(
    llama: Path, keys: dict[str, Any]
) -> None:
    edit_config(llama, **keys)
    refused(llama, "config.json calls for|is missing")


def test_fewer_layers_than_tensors_are_refused(tmp_path: Path) -> None:
    folder = write_checkpoint("tiny-llama", tmp_path / "c")
    edit_config(folder, num_hidden_layers=1)
    refused(folder, r"'model.layers.1.input_layernorm.weight' has no place in a llama of 1 layers")


def test_other_types_are_refused(llama: Path) -> None:
    edit_tensors(llama, lambda t: t.update({GATE: t[GATE].astype(np.float64)}))
    refused(llama, f"'{GATE}' is F64; readable are BF16, F16 and F32")


@pytest.mark.parametrize(
    ("value", "kind"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")]
)
def test_nan_and_infinity_are_refused_where_they_lie(llama: Path, value: float, kind: str) -> None:
    def spoil(tensors: Tensors) -> None:
        tensors[GATE][100, 7] = tensors[GATE][101, 0] = value
        tensors[FINAL_NORM][5] = value

    edit_tensors(llama, spoil)
    checkpoint = Checkpoint.open(llama)
    assert checkpoint.rows(GATE, 0, 100).shape == (100, 64)
    with pytest.raises(CheckpointError, match=rf"'{GATE}' holds {kind} at \[100, 7\]"):
        list(checkpoint.iter_row_blocks(GATE, 30))
    with pytest.raises(CheckpointError, match=rf"'{FINAL_NORM}' holds {kind} at \[5\]"):
        checkpoint.vector(FINAL_NORM)


def test_nan_in_bfloat16_is_refused(tmp_path: Path) -> None:
    folder = write_checkpoint("tiny-llama", tmp_path / "c")
    path = folder / "model.safetensors"
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    end = start + json.loads(data[8:start])[LM_HEAD]["data_offsets"][1]
    path.write_bytes(data[: end - 2] + b"\xc0\x7f" + data[end:])
    with pytest.raises(CheckpointError, match=r"'lm_head.weight' holds NaN at \[287, 63\]"):
        Checkpoint.open(folder).rows(LM_HEAD, 200, 288)


def test_a_truncated_file_is_refused(llama: Path) -> None:
    path = llama / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    refused(llama, "model.safetensors: truncated")


def test_an_enormous_header_is_refused(llama: Path) -> None:
    path = llama / "model.safetensors"
    path.write_bytes((10**9).to_bytes(8, "little") + path.read_bytes()[8:])
    refused(llama, "enormous header")


def test_an_overlapping_header_is_refused(llama: Path) -> None:
    path = llama / "model.safetensors"
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    first, second = list(header)[:2] if "__metadata__" not in header else list(header)[1:3]
    header[second]["data_offsets"] = header[first]["data_offsets"]
    header[second]["shape"] = header[first]["shape"]
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])
    refused(llama, "overlaps")


def test_an_index_that_names_a_missing_shard_is_refused(tmp_path: Path) -> None:
    folder = write_checkpoint("tiny-llama", tmp_path / "c", shard_bytes=50_000)
    shard = sorted(folder.glob("model-*.safetensors"))[1]
    shard.unlink()
    refused(folder, f"names the shard {shard.name}, which is missing")


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "nowhere: no such folder")


def test_a_folder_without_a_configuration_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, r"config\.json: is missing")


def test_a_folder_without_tensors_is_refused(llama: Path) -> None:
    (llama / "model.safetensors").unlink()
    refused(llama, "holds neither model.safetensors nor")


def test_rows_outside_a_matrix_are_a_misuse(llama: Path) -> None:
    checkpoint = Checkpoint.open(llama)
    for start, stop in [(-1, 3), (3, 2), (0, 173)]:
        with pytest.raises(UsageError, match="has no rows"):
            checkpoint.rows(GATE, start, stop)
    with pytest.raises(UsageError, match="has no rows"):
        checkpoint.rows(FINAL_NORM, 0, 1)
    with pytest.raises(UsageError, match="is not a vector"):
        checkpoint.vector(GATE)
    with pytest.raises(UsageError, match="at least 1"):
        next(checkpoint.iter_row_blocks(GATE, 0))
    with pytest.raises(CheckpointError, match="no file holds tensor 'other'"):
        checkpoint.vector("other")

"""The writer of synthetic checkpoints, on which the other tests rest."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from spikeref.checkpoint.reader import Checkpoint
from spikeref.errors import CheckpointError, UsageError
from tools.synthetic_checkpoint import PRESETS, write_checkpoint
from tools.synthetic_checkpoint.__main__ import main
from tools.synthetic_checkpoint.presets import TINY_VOCAB
from tools.synthetic_checkpoint.tensors import bfloat16_bits

GATE = "model.layers.0.mlp.gate_proj.weight"


def gate(folder: Path) -> np.ndarray:
    return Checkpoint.open(folder).rows(GATE, 0, 172)


def test_the_library_reads_what_is_written(tmp_path: Path) -> None:
    folder = write_checkpoint("tiny-llama", tmp_path / "c", dtype="fp32")
    tensors = load_file(folder / "model.safetensors")
    assert np.array_equal(tensors[GATE], gate(folder))
    assert len(tensors) == 3 + 2 * 9


def test_the_seed_decides_the_weights(tmp_path: Path) -> None:
    first = gate(write_checkpoint("tiny-llama", tmp_path / "a", seed=1))
    again = gate(write_checkpoint("tiny-llama", tmp_path / "b", seed=1, shard_bytes=10_000))
    other = gate(write_checkpoint("tiny-llama", tmp_path / "c", seed=2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_weights_have_the_stated_spread(tmp_path: Path) -> None:
    checkpoint = Checkpoint.open(write_checkpoint("tiny-llama", tmp_path / "c", scale=0.5))
    assert abs(checkpoint.rows(GATE, 0, 172).std(dtype=np.float64) - 0.5) < 0.02
    gains = checkpoint.vector("model.norm.weight")
    assert abs(gains.mean(dtype=np.float64) - 1) < 0.05
    assert 0.05 < gains.std(dtype=np.float64) < 0.15


def test_layers_replace_the_presets(tmp_path: Path) -> None:
    folder = write_checkpoint("tiny-mistral", tmp_path / "c", layers=3)
    assert Checkpoint.open(folder).config.sliding_windows == (8, 8, 8)


def test_bfloat16_rounds_to_nearest_even() -> None:
    """Against exact fractions: every upper half with the lower halves around its ties."""
    halves = np.arange(0, 0x7F80, 7, dtype=np.uint32) << 16
    lows = np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], dtype=np.uint32)
    bits = (halves[:, None] | lows[None, :]).reshape(-1)
    rounded = bfloat16_bits(bits.view(np.float32))
    for pattern, value, found in zip(
        bits.tolist(), bits.view(np.float32).tolist(), rounded.tolist(), strict=True
    ):
        below, above = pattern >> 16, (pattern >> 16) + 1
        if above == 0x7F80:
            continue
        down, up = (
            Fraction(float(np.array(half << 16, dtype=np.uint32).view(np.float32)))
            for half in (below, above)
        )
        to_below, to_above = Fraction(value) - down, up - Fraction(value)
        nearest = below if to_below < to_above else above
        expected = nearest if to_below != to_above else below + below % 2
        assert found == expected


@pytest.mark.parametrize("text", ["plain", "héllo\n\twörld €", "\x00\x7f "])
def test_tokens_are_bytes(tmp_path: Path, text: str) -> None:
    folder = write_checkpoint("tiny-llama", tmp_path / "c")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.encode(text).ids == list(text.encode())
    assert tokenizer.decode(list(text.encode())) == text
    assert tokenizer.token_to_id("<s>") == 256
    assert tokenizer.token_to_id("</s>") == 257
    assert tokenizer.get_vocab_size() == 258 <= TINY_VOCAB


def test_large_vocabularies_come_without_a_tokenizer(tmp_path: Path) -> None:
    preset = {**PRESETS["tiny-llama"], "vocab_size": 300}
    assert Checkpoint.open(write_checkpoint(preset, tmp_path / "c")).tokenizer_path is None


def test_misuse_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown shape 'gpt'; known are llama-2-7b"):
        write_checkpoint("gpt", tmp_path / "c")
    with pytest.raises(UsageError, match="seed -1 is negative"):
        write_checkpoint("tiny-llama", tmp_path / "c", seed=-1)
    with pytest.raises(UsageError, match="shards of 0 bytes"):
        write_checkpoint("tiny-llama", tmp_path / "c", shard_bytes=0)
    with pytest.raises(CheckpointError, match="num_hidden_layers is 0"):
        write_checkpoint("tiny-llama", tmp_path / "c", layers=0)
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_a_sharded_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "c"
    options = ["--shape", "tiny-gqa-12", "--layers", "9", "--shard-mb", "1", "--dtype", "fp32"]
    assert main([*options, "-o", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder}\n"
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    shards = set(index["weight_map"].values())
    assert len(shards) > 1
    assert all((folder / shard).stat().st_size < 1_010_000 for shard in shards)
    assert Checkpoint.open(folder).config.layers == 9


def test_the_command_refuses_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("1")
    command = [sys.executable, "-m", "tools.synthetic_checkpoint", "--shape", "tiny-llama", "-o"]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [*command, str(tmp_path)], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "exists and is not empty" in done.stderr

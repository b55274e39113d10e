"""The baseline against the same decoder in plain Python loops over lists."""

import json
import math
from collections.abc import Mapping
from operator import mul
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeref.checkpoint.reader import Checkpoint
from spikeref.errors import TokenError
from spikeref.evaluate import baseline_weights
from spikeref.evaluate.baseline import (
    baseline_hidden_many,
    baseline_logits,
    baseline_logits_many,
    baseline_nll_many,
)
from tools.synthetic_checkpoint import PRESETS, write_checkpoint

Vector = list[float]
TOKENS = [256, 104, 105, 33, 0, 287, 104, 104, 12, 99, 200, 31]
BIASED = {**PRESETS["tiny-llama"], "attention_bias": True, "mlp_bias": True}
WINDOWED = {
    **PRESETS["tiny-qwen2"],
    "use_sliding_window": True,
    "sliding_window": 3,
    "max_window_layers": 1,
    "num_hidden_layers": 2,
}
MODELS: dict[str, Mapping[str, Any]] = {
    **{name: {**PRESETS[name], "num_hidden_layers": 1} for name in PRESETS if "tiny" in name},
    "biased": {**BIASED, "num_hidden_layers": 1},
    "windowed": WINDOWED,
}


class LoopDecoder:
    """A decoder of lists: one token, one head, one number at a time."""

    def __init__(self, folder: Path) -> None:
        self.config = json.loads((folder / "config.json").read_text())
        self.tensors = read_bfloat16(folder / "model.safetensors")

    def logits(self, tokens: list[int]) -> list[Vector]:
        config = self.config
        embedding = self.tensors["model.embed_tokens.weight"]
        xs = [list(embedding[token]) for token in tokens]
        for layer in range(config["num_hidden_layers"]):
            prefix = f"model.layers.{layer}."
            normed = [self.norm(prefix + "input_layernorm", x) for x in xs]
            mixed = self.attend(prefix + "self_attn.", normed, self.window(layer))
            xs = [
                [a + b for a, b in zip(x, m, strict=True)] for x, m in zip(xs, mixed, strict=True)
            ]
            for x in xs:
                out = self.mlp(prefix + "mlp.", self.norm(prefix + "post_attention_layernorm", x))
                x[:] = [a + b for a, b in zip(x, out, strict=True)]
        head = embedding if config["tie_word_embeddings"] else self.tensors["lm_head.weight"]
        normed = [self.norm("model.norm", x) for x in xs]
        return [[dot(row, x) for row in head] for x in normed]

    def window(self, layer: int) -> int:
        config = self.config
        if config["model_type"] == "mistral":
            return int(config["sliding_window"])
        if config.get("use_sliding_window") and layer >= config["max_window_layers"]:
            return int(config["sliding_window"])
        return 10**9

    def norm(self, name: str, x: Vector) -> Vector:
        root = math.sqrt(dot(x, x) / len(x) + self.config["rms_norm_eps"])
        return [v / root * g for v, g in zip(x, self.tensors[name + ".weight"], strict=True)]

    def linear(self, name: str, x: Vector) -> Vector:
        bias = self.tensors.get(name + ".bias")
        y = [dot(row, x) for row in self.tensors[name + ".weight"]]
        return y if bias is None else [a + b for a, b in zip(y, bias, strict=True)]

    def mlp(self, prefix: str, x: Vector) -> Vector:
        gate, up = self.linear(prefix + "gate_proj", x), self.linear(prefix + "up_proj", x)
        inner = [g / (1 + math.exp(-g)) * u for g, u in zip(gate, up, strict=True)]
        return self.linear(prefix + "down_proj", inner)

    def attend(self, prefix: str, xs: list[Vector], window: int) -> list[Vector]:
        heads, kv_heads = self.config["num_attention_heads"], self.config["num_key_value_heads"]
        d = self.config.get("head_dim", self.config["hidden_size"] // heads)
        qs, ks, vs = (
            [[y[i : i + d] for i in range(0, len(y), d)] for y in ys]
            for ys in ([self.linear(prefix + p, x) for x in xs] for p in PROJECTIONS)
        )
        out = []
        for t, query in enumerate(qs):
            mixed: Vector = []
            for head in range(heads):
                group = head * kv_heads // heads
                turned = self.turn(query[head], t)
                seen = [s for s in range(t + 1) if t - s < window]
                scores = [dot(turned, self.turn(ks[s][group], s)) / math.sqrt(d) for s in seen]
                powers = [math.exp(score) for score in scores]
                for i in range(d):
                    weighted = [p * vs[s][group][i] for p, s in zip(powers, seen, strict=True)]
                    mixed.append(sum(weighted) / sum(powers))
            out.append(self.linear(prefix + "o_proj", mixed))
        return out

    def turn(self, x: Vector, t: int) -> Vector:
        half = len(x) // 2
        out = [0.0] * len(x)
        for i in range(half):
            z = complex(x[i], x[i + half]) * unit(t * self.frequency(i, len(x)))
            out[i], out[i + half] = z.real, z.imag
        return out

    def frequency(self, i: int, d: int) -> float:
        f = float(self.config["rope_theta"] ** (-2 * i / d))
        scaling = self.config.get("rope_scaling")
        if scaling is None:
            return f
        turns = scaling["original_max_position_embeddings"] * f / (2 * math.pi)
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        kept = min(1.0, max(0.0, (turns - low) / (high - low)))
        return kept * f + (1 - kept) * f / float(scaling["factor"])


PROJECTIONS = ("q_proj", "k_proj", "v_proj")


def dot(a: Vector, b: Vector) -> float:
    return sum(map(mul, a, b))


def unit(angle: float) -> complex:
    return complex(math.cos(angle), math.sin(angle))


def read_bfloat16(path: Path) -> dict[str, Any]:
    """The file by its definition, numbers by theirs: nothing shared with the package's reader."""
    data = path.read_bytes()
    base = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:base]).items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        halves = np.frombuffer(data[base + begin : base + end], dtype="<u2").astype("<u4")
        values = (halves * 65536).view("<f4").astype(np.float64)
        tensors[name] = values.reshape(entry["shape"]).tolist()
    return tensors


@pytest.mark.parametrize("name", list(MODELS))
def test_the_baseline_is_the_decoder_in_plain_loops(tmp_path: Path, name: str) -> None:
    folder = write_checkpoint(MODELS[name], tmp_path / "c", scale=0.3, seed=3)
    expected = np.array(LoopDecoder(folder).logits(TOKENS))
    found = baseline_logits(Checkpoint.open(folder), TOKENS)
    assert found.shape == (len(TOKENS), 288)
    assert found.dtype == np.float64
    assert np.abs(expected).max() > 1
    assert np.allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint.open(write_checkpoint("tiny-mistral", tmp_path / "c", scale=0.3))


def test_sequences_do_not_see_each_other(checkpoint: Checkpoint) -> None:
    sequences = [TOKENS, [5], TOKENS[3:9]]
    together = baseline_logits_many(checkpoint, sequences)
    for tokens, found in zip(sequences, together, strict=True):
        assert np.allclose(found, baseline_logits(checkpoint, tokens), rtol=1e-12, atol=1e-12)


def test_tokens_do_not_see_the_future(checkpoint: Checkpoint) -> None:
    changed = [*TOKENS[:7], 1, 2, 3]
    first, second = baseline_logits_many(checkpoint, [TOKENS, changed])
    assert np.allclose(first[:7], second[:7], rtol=1e-12, atol=1e-12)
    assert not np.allclose(first[7], second[7])


def test_two_layers_of_windows_forget_what_is_out_of_reach(checkpoint: Checkpoint) -> None:
    """Window 8: two layers reach back 14 tokens, so token 15 cannot see token 0, token 14 can."""
    tokens = list(range(16))
    first, second = baseline_logits_many(checkpoint, [tokens, [200, *tokens[1:]]])
    assert not np.allclose(first[14], second[14], rtol=1e-12, atol=1e-12)
    assert np.allclose(first[15], second[15], rtol=1e-12, atol=1e-12)


def test_blocks_of_rows_change_nothing_but_the_last_digits(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = baseline_logits(checkpoint, TOKENS)
    monkeypatch.setattr(baseline_weights, "BLOCK_ELEMENTS", 100)
    assert np.allclose(baseline_logits(checkpoint, TOKENS), whole, rtol=1e-12, atol=1e-12)


def test_losses_are_those_of_the_logits(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequences = [TOKENS, [7], TOKENS[2:5]]
    expected = []
    for tokens, logits in zip(sequences, baseline_logits_many(checkpoint, sequences), strict=True):
        steps = range(len(tokens) - 1)
        sums = [math.log(math.fsum(math.exp(v) for v in logits[t])) for t in steps]
        expected.append([sums[t] - logits[t, tokens[t + 1]] for t in steps])
    for block in (100, 1 << 22):
        monkeypatch.setattr(baseline_weights, "BLOCK_ELEMENTS", block)
        found = baseline_nll_many(checkpoint, sequences)
        assert [len(losses) for losses in found] == [11, 0, 2]
        for losses, wanted in zip(found, expected, strict=True):
            assert np.allclose(losses, wanted, rtol=1e-10, atol=1e-12)


def test_losses_of_single_tokens_alone_are_empty(checkpoint: Checkpoint) -> None:
    assert [len(losses) for losses in baseline_nll_many(checkpoint, [[1], [2]])] == [0, 0]


def test_no_sequences_give_nothing(checkpoint: Checkpoint) -> None:
    assert baseline_logits_many(checkpoint, []) == []
    assert baseline_hidden_many(checkpoint, []) == []
    assert baseline_nll_many(checkpoint, []) == []


def test_numpy_tokens_are_tokens(checkpoint: Checkpoint) -> None:
    tokens = np.array(TOKENS, dtype=np.int32)
    assert np.array_equal(
        baseline_logits(checkpoint, tokens),  # type: ignore[arg-type]
        baseline_logits(checkpoint, TOKENS),
    )


@pytest.mark.parametrize(
    ("tokens", "what"),
    [
        ([], "sequence 1 has 0 tokens; give 1 to 256"),
        ([0] * 257, "sequence 1 has 257 tokens; give 1 to 256"),
        ([0, 288], "sequence 1, position 1: token id 288 is outside 0 .. 287"),
        ([-1], "sequence 1, position 0: token id -1 is outside"),
        ([0.5], "sequence 1, position 0: 0.5 is no token id"),
        ([True], "True is no token id"),
    ],
)
def test_bad_tokens_are_refused(checkpoint: Checkpoint, tokens: list[Any], what: str) -> None:
    for function in (baseline_logits_many, baseline_nll_many, baseline_hidden_many):
        with pytest.raises(TokenError, match=what):
            function(checkpoint, [[0], tokens])

"""A LAS model's folder loads as written; damage is refused in one line (LMOD-1 to LMOD-4)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeref.errors import ModelError
from spikeref.model.folder import load_decoder, load_model
from spikeref.model.las_layers import LasModel
from spikeref.model.writer import CONFIG_NAME, TOKENIZER_NAME, ModelWriter
from spikeref.storage.sharded import TensorFolder
from tests.model.rewriting import Tensors, flip_bit, rewrite_config

ModelOf = Callable[[str], LasModel]
Change = Callable[[Tensors], object]
OUTER_SHARD, LAYER_SHARD = (f"model-0000{i}-of-00003.safetensors" for i in (1, 2))


def copied(model: LasModel, target: Path) -> Path:
    target.mkdir()
    for path in model.folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def rewritten(model: LasModel, target: Path, change: Change) -> Path:
    """Write the model's tensors after a change, with digests that agree again."""
    with TensorFolder.open(model.folder, ModelError) as folder:
        tensors = {name: folder.array(name).copy() for name in folder.entries}
    change(tensors)
    target.mkdir()
    shards = model.config.shape.layers + 1
    writer = ModelWriter(target, shards)
    for number in range(1, shards + 1):
        mark = f"layers.{number - 2}."
        writer.write_shard(
            number,
            {
                name: array
                for name, array in tensors.items()
                if (name.startswith(mark) if number > 1 else not name.startswith("layers."))
            },
        )
    writer.finish(model.config)
    (target / TOKENIZER_NAME).write_bytes((model.folder / TOKENIZER_NAME).read_bytes())
    return target


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as refused:
        load_model(folder)
    message = str(refused.value)
    assert message
    assert "\n" not in message
    return message


def put(name: str, place: Any, value: Any) -> Change:
    def change(tensors: Tensors) -> None:
        tensors[name][place] = value

    return change


def without(name: str) -> Change:
    return lambda tensors: tensors.pop(name)


def replaced(name: str, make: Callable[[np.ndarray], np.ndarray]) -> Change:
    def change(tensors: Tensors) -> None:
        tensors[name] = make(tensors[name])

    return change


class TestRoundTrip:
    @pytest.mark.parametrize("name", ["bert", "gpt2", "opt", "llama", "mistral", "qwen2"])
    def test_twice_the_same(self, las_model: ModelOf, name: str, tmp_path: Path) -> None:
        model = las_model(name)
        again = load_model(str(model.folder))
        assert isinstance(again, LasModel)
        assert (again.digest, again.config) == (model.digest, model.config)
        same = load_model(rewritten(model, tmp_path / "model", lambda tensors: None))
        assert same.digest == model.digest

    def test_any_changed_number_changes_the_digest(
        self, las_model: ModelOf, tmp_path: Path
    ) -> None:
        model = las_model("bert")
        folder = rewritten(model, tmp_path / "model", put("pooler.bias", 3, 77))
        assert load_model(folder).digest != model.digest

    def test_thresholds_are_data(self, las_model: ModelOf, tmp_path: Path) -> None:
        """Calibrated ones need no other profile."""
        model = las_model("opt")
        name = "layers.1.thresholds"
        change = put(name, 3, np.array([3 << 14, 3 << 20]))
        loaded = load_model(rewritten(model, tmp_path / "model", change))
        assert isinstance(loaded, LasModel)
        assert loaded.layers[1].codes["value"].ratios == (1, 64)
        assert loaded.layers[0].codes["value"] == model.layers[0].codes["value"]

    def test_mapped_tensors_are_read_only(self, las_model: ModelOf) -> None:
        with pytest.raises(ValueError, match="read-only"):
            las_model("gpt2").layers[0].operators["q"].weights[0, 0] = 1

    def test_an_sdllm_command_refuses_it(self, las_model: ModelOf) -> None:
        with pytest.raises(ModelError, match="LAS model") as refused:
            load_decoder(las_model("llama").folder)
        assert "\n" not in str(refused.value)


class TestDamage:
    @pytest.mark.parametrize("shard", [OUTER_SHARD, LAYER_SHARD])
    def test_a_flipped_bit_anywhere_in_a_shard(
        self, las_model: ModelOf, tmp_path: Path, shard: str
    ) -> None:
        model = las_model("opt")
        path = copied(model, tmp_path / "model") / shard
        size = path.stat().st_size
        for position in [*range(0, 160, 31), *range(200, size, size // 7), size - 1]:
            flip_bit(path, position)
            assert str(path.parent) in refusal(path.parent), position
            flip_bit(path, position)
        assert load_model(path.parent).digest == model.digest

    def test_a_flipped_bit_anywhere_in_the_configuration(
        self, las_model: ModelOf, tmp_path: Path
    ) -> None:
        path = copied(las_model("gpt2"), tmp_path / "model") / CONFIG_NAME
        for position in range(0, path.stat().st_size, 331):
            for bit in (0, 7):
                flip_bit(path, position, bit)
                assert str(path.parent) in refusal(path.parent), position
                flip_bit(path, position, bit)

    @pytest.mark.parametrize("name", [LAYER_SHARD, CONFIG_NAME, TOKENIZER_NAME])
    def test_a_missing_file(self, las_model: ModelOf, tmp_path: Path, name: str) -> None:
        folder = copied(las_model("bert"), tmp_path / "model")
        (folder / name).unlink()
        assert str(folder) in refusal(folder)


BAD: list[tuple[str, str, Change, str]] = [
    ("bert", "thresholds in the wrong order", put("layers.0.thresholds", (2, 0), 1 << 31),
     "layers.0.thresholds: thresholds 2147483648"),
    ("bert", "a threshold of 0", put("thresholds", (1, 0), 0), "thresholds: thresholds 0"),
    ("gpt2", "values beyond 30 bits", put("layers.1.thresholds", (0, 0), (8 << 16) + 1),
     "beyond 30 bits"),
    ("gpt2", "probabilities beyond 2", put("layers.1.thresholds", (4, 1), 1 << 18),
     "probabilities beyond 2"),
    ("llama", "rope beyond 1", put("rope.cos", (0, 0), (1 << 14) + 1), "beyond 1"),
    ("llama", "a missing ninth threshold",
     replaced("layers.0.thresholds", lambda a: a[:8]), "[9, 2] is needed"),
    ("gpt2", "a ninth threshold", replaced("layers.0.thresholds", lambda a: a[[*range(8), 0]]),
     "[8, 2] is needed"),
    ("opt", "a weight of −2^15", put("layers.0.q.weights", (0, 0), -(1 << 15)), "leaves ±32767"),
    ("opt", "a small channel mantissa", put("layers.0.q.channel_mantissas", 2, 100),
     "at least 2^15"),
    ("opt", "a huge channel exponent", put("layers.0.q.channel_exponents", 2, 600), "±512"),
    ("opt", "zeros that do not follow", put("layers.0.q.zero_weights", 2, 9), "zero_weights"),
    ("opt", "a bound that does not follow", put("layers.1.down.weight_bound", 0, 9),
     "layers.1.down.weight_bound: 9 stated"),
    ("opt", "a bound that is too large", put("layers.1.down.weight_bound", 0, 1 << 30),
     "layers.1.down.weight_bound: 1073741824 stated"),
    ("opt", "a head bound that is too large", put("head.weight_bound", 0, 1 << 30),
     "head.weight_bound: 1073741824 stated"),
    ("gpt2", "scores beyond 62 bits",
     replaced("layers.0.thresholds", lambda a: np.array(
         [[1 << 16, 16383 << 16] if i in (1, 2) else row for i, row in enumerate(a.tolist())])),
     "layers.0.thresholds: scores could leave 62 bits"),
    ("opt", "a head bound that does not follow", put("head.weight_bound", 0, 9),
     "head.weight_bound: 9 stated"),
    ("opt", "a wide bias", put("layers.0.o.bias", 1, 1 << 39), "40 bits"),
    ("bert", "a wide beta", put("layers.0.mlp_norm.beta", 1, -(1 << 39) - 1), "40 bits"),
    ("bert", "a gamma of −2^15", put("embedding_norm.gamma", 1, -(1 << 15)), "embedding_norm"),
    ("bert", "a row exponent out of range", put("types.exponents", 1, 513), "types"),
    ("bert", "weights of another type",
     replaced("classifier.weights", lambda a: a.astype(np.int32)), "I32"),
    ("bert", "weights of another shape",
     replaced("pooler.weights", lambda a: np.ascontiguousarray(a[:, :-1])), "pooler.weights"),
    ("bert", "no pooler", without("pooler.weights"), "'pooler.weights' is missing"),
    ("bert", "no thresholds", without("layers.1.thresholds"), "is missing"),
    ("bert", "no table of tanh", without("tables.tanh.pieces"), "is missing"),
    ("gpt2", "no positions", without("positions.exponents"), "is missing"),
    ("opt", "a tensor of another model",
     lambda t: t.update({"layers.0.gate.weights": t["layers.0.up.weights"]}), "no place"),
    ("opt", "a head beside a tied one",
     lambda t: t.update({"head.mantissas": t["embedding.mantissas"]}), "no place"),
]  # fmt: skip

TABLES: list[tuple[str, Change, str]] = [
    ("overlapping pieces", put("tables.silu.pieces", (1, 0), -16 << 16), "overlap"),
    ("a sign of 2", put("tables.silu.pieces", (0, 2), 2), "out of range"),
    ("an exponent of 1", put("tables.silu.pieces", (0, 3), 1), "out of range"),
    ("an exponent below the output's", put("tables.silu.pieces", (0, 3), -21), "out of range"),
    ("an unknown kind", put("tables.silu.pieces", (0, 4), 4), "kind 4"),
    ("an identity beyond 16 bits", put("tables.silu.pieces", (-1, 5), 14), "16 bits"),
    ("a reversed range", put("tables.silu.pieces", (-1, 1), 1 << 29), "out of range"),
    ("a mantissa range cut", put("tables.rsqrt.pieces", (0, 0), 1 << 23), "ranges"),
    ("an exp that is not whole", put("tables.exp.pieces", (0, 1), 65534), "ranges"),
    ("a negative reciprocal", put("tables.reciprocal.pieces", (0, 2), -1), "its sign is -1"),
    ("an identity for a reciprocal",
     lambda t: (put("tables.reciprocal.pieces", (0, slice(4, 6)), [2, 8])(t),
                without("tables.reciprocal.0.thresholds")(t)),
     "tables.reciprocal.0: its sign is -1, or it is an identity"),
    ("a reciprocal of zeros", put("tables.reciprocal.0.thresholds", slice(None), -(1 << 31)),
     "tables.reciprocal.0: a code below 32768 (HG-8)"),
    ("a square of few codes", put("tables.square.0.thresholds", slice(1 << 13, None), 1 << 24),
     "tables.square.0: a code below 16384 (HG-8)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change", "words"), [row[:1] + row[2:] for row in BAD], ids=[row[1] for row in BAD]
)
def test_consistent_but_wrong(
    las_model: ModelOf, tmp_path: Path, name: str, change: Change, words: str
) -> None:
    """Every digest agrees, and still the numbers cannot be those of a LAS model."""
    assert words in refusal(rewritten(las_model(name), tmp_path / "model", change))


@pytest.mark.parametrize(
    ("change", "words"), [row[1:] for row in TABLES], ids=[row[0] for row in TABLES]
)
def test_wrong_tables(las_model: ModelOf, tmp_path: Path, change: Change, words: str) -> None:
    assert words in refusal(rewritten(las_model("llama"), tmp_path / "model", change))


def test_thresholds_of_a_table_that_are_not_monotone(las_model: ModelOf, tmp_path: Path) -> None:
    model = las_model("llama")

    def swap(tensors: Tensors) -> None:
        (name,) = [n for n in tensors if n.startswith("tables.exp.0")]
        tensors[name][[40000, 60000]] = tensors[name][[60000, 40000]]

    assert "not monotone" in refusal(rewritten(model, tmp_path / "model", swap))


MEMBERS: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    ("a foreign member", lambda m: m.update(extra=1), "not those of MODEL-4 or LMOD-2"),
    ("a missing member", lambda m: m.pop("structure"), "structure"),
    ("another system", lambda m: m.update(system="sdllm"), "config.json"),
    ("no system", lambda m: m.pop("system"), "config.json"),
    ("an unknown family", lambda m: m.update(family="t5"), "t5"),
    ("an unknown activation", lambda m: m["structure"].update(activation="mish"), "mish"),
    ("an unknown norm", lambda m: m["structure"].update(norm="batch"), "norm"),
    ("steps out of range", lambda m: m["profile"].update(steps=9), "time steps"),
    ("levels out of range", lambda m: m["profile"].update(levels=16), "levels"),
    ("weight bits out of range", lambda m: m["profile"].update(weight_bits=17), "weight bits"),
    ("an unknown threshold set", lambda m: m["profile"].update(thresholds="x"), "unknown"),
    ("a foreign member of the profile", lambda m: m["profile"].update(a=1), "LMOD-2"),
    ("a root of 17 bits", lambda m: m["constants"].update(norm_root=1 << 16), "norm_root"),
    ("an epsilon of 30 bits", lambda m: m["constants"].update(norm_epsilon=1 << 29),
     "norm_epsilon"),
    ("an epsilon of 2^61", lambda m: m["constants"].update(norm_epsilon_exponent=31),
     "norm_epsilon_exponent is out of its range (LMOD-6)"),
    ("a published epsilon of 2^61", lambda m: m["constants"].update(published_epsilon_exponent=31),
     "published_epsilon_exponent"),
    ("a root of no width", lambda m: m["constants"].update(norm_root_exponent=-7),
     "norm_root_exponent"),
    ("sections of learned positions", lambda m: m["structure"].update(multi_rotary=[2, 2, 2]),
     "LMOD-9"),
    ("a score that is no integer", lambda m: m["constants"].update(score_mantissa=True), "score"),
    ("heads that do not divide", lambda m: m["shape"].update(kv_heads=3), "contradict"),
    ("a window of 0", lambda m: m["shape"].update(sliding_windows=[0, None]), "sliding_windows"),
    ("windows of another number", lambda m: m["shape"].update(sliding_windows=[None]),
     "contradict"),
    ("negative token types", lambda m: m["shape"].update(token_types=-1), "contradict"),
    ("a negative position offset",
     lambda m: (m["structure"].update(position_offset=-2), m["shape"].update(positions=34)),
     "shape and structure contradict"),
    ("a pooler of a decoder", lambda m: m["structure"].update(pooler=True),
     "shape and structure contradict"),
    ("rotating heads of odd width",
     lambda m: (m["structure"].update(position="rotary"), m["shape"].update(head_dim=3)),
     "shape and structure contradict"),
    ("a digest that is none", lambda m: m.update(source_digest="x"), "SHA-256"),
    ("another specification", lambda m: m.update(spec_version="0"), "compile again"),
    ("more positions than rows", lambda m: m["shape"].update(positions=33), "is needed"),
    ("a classifier without a pooler", lambda m: m["shape"].update(classes=2),
     "shape and structure contradict"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"), [row[1:] for row in MEMBERS], ids=[row[0] for row in MEMBERS]
)
def test_foreign_configurations(
    las_model: ModelOf,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], object],
    words: str,
) -> None:
    folder = copied(las_model("gpt2"), tmp_path / "model")
    rewrite_config(folder, change)
    assert words in refusal(folder)


@pytest.mark.parametrize(
    "sections", [[1, 1, 1], [1, 2, 2], [2, 2], [1, 1, 1, 1], [], [5, -1, 0]], ids=str
)
def test_sections_that_do_not_take_every_pair(
    las_model: ModelOf, tmp_path: Path, sections: list[int]
) -> None:
    model = las_model("llama")
    assert model.config.shape.head_dim == 8
    folder = copied(model, tmp_path / "model")
    multi = {"position": "multi-rotary", "multi_rotary": sections}
    rewrite_config(folder, lambda m: m["structure"].update(multi))
    assert f"multi_rotary {sections}" in refusal(folder)


def test_members_are_those_of_the_clause(las_model: ModelOf) -> None:
    members = json.loads((las_model("bert").folder / CONFIG_NAME).read_text("utf-8"))
    assert set(members) == {
        "format", "format_version", "spec_version", "system", "family", "shape", "structure",
        "profile", "constants", "tied_head", "bos_token_id", "eos_token_ids", "tokenizer_digest",
        "source_digest", "tensors", "model_digest",
    }  # fmt: skip
    assert members["system"] == members["profile"]["system"] == "las"
    assert set(members["profile"]) == {
        "system", "name", "weight_bits", "steps", "levels", "rule", "gate", "norm", "softmax",
        "functions", "thresholds", "ties",
    }  # fmt: skip

"""The trace of a LAS model equals that of a decoder written from the specification alone.

Every record of LAS-18 of a whole pass, for every family, profile and structure, as
`test_second_derivation` does for SDLLM.
"""

from collections.abc import Callable, Mapping
from itertools import cycle, product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from plain_decoder.rewrite import Change, rewrite

from spikeref.arith.ties import Ties
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.any_compile import compile_any
from spikeref.device.las_decoder import las_decode
from spikeref.device.las_model_folder import read_las_model
from spikeref.device.model_folder import read_safetensors
from spikeref.device.tensor import Refusal, Tensor, matrix
from spikeref.device.trace import Record, trace_digest
from spikeref.engine.choice import EngineChoice
from spikeref.errors import ModelError
from spikeref.forward.embedded import Embedded
from spikeref.forward.generate import encode
from spikeref.model.any_profile import find_any_profile
from spikeref.model.folder import load_model
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import LasProfile, adjust_las_profile
from spikeref.trace.sinks import DigestSink
from tools.synthetic_checkpoint import PRESETS, write_checkpoint

Map: TypeAlias = Callable[[str, Tensor], Tensor]
TOKENS = [256, 72, 105, 287]
FIRST_SHARD = "model-00001-of-00003.safetensors"

ROWS = [[(31 * i * j) % 4099 * 97 - 200_000 for j in range(64)] for i in range(1, 4)]
"""Three given embeddings."""

FAMILIES: Mapping[str, Any] = {
    "bert": {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "hidden_size": 64,
        "intermediate_size": 172,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 288,
        "max_position_embeddings": 64,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
    },
    "gpt2": {
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "n_embd": 64,
        "n_layer": 2,
        "n_head": 4,
        "vocab_size": 288,
        "n_positions": 64,
    },
    "opt": {
        "model_type": "opt",
        "architectures": ["OPTForCausalLM"],
        "hidden_size": 64,
        "ffn_dim": 172,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 288,
        "max_position_embeddings": 64,
        "word_embed_proj_dim": 64,
        "do_layer_norm_before": True,
        "activation_function": "relu",
    },
    "llama": "tiny-llama",
    "qwen2": "tiny-qwen2",
    "mistral": {**PRESETS["tiny-mistral"], "sliding_window": 3},
}
PROFILES = ("las", "las-bert", "las-llava", "las-qwen2-vl", "las-published", "las-fitted")
FORMS: list[dict[str, Any]] = [
    {},
    {"steps": 10, "ties": Ties.HALF_UP},
    {"steps": 13, "levels": 3, "weight_bits": 8},
    {"steps": 10, "levels": 15},
    {"steps": 13, "levels": 15, "weight_bits": 8, "ties": Ties.HALF_UP},
    {"steps": 11, "levels": 3, "ties": Ties.HALF_UP},
    {"steps": 16, "levels": 2, "weight_bits": 12},
]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that compiles two layers of a family under a changed profile."""
    checkpoints: dict[str, Path] = {}

    def build(family: str, profile: str = "las", **changes: Any) -> Path:
        if family not in checkpoints:
            target = tmp_path_factory.mktemp("checkpoint") / family
            checkpoints[family] = write_checkpoint(FAMILIES[family], target, seed=1, scale=0.1)
        folder = tmp_path_factory.mktemp("model") / "compiled"
        chosen = find_any_profile(profile)
        assert isinstance(chosen, LasProfile)
        with Checkpoint.open(checkpoints[family]) as checkpoint:
            compile_any(checkpoint, folder, adjust_las_profile(chosen, **changes))
        return folder

    return build


def assert_same_trace(
    folder: Path,
    tokens: list[int],
    embeddings: list[list[int]] | None = None,
    numbers: list[list[int]] | None = None,
) -> list[Record]:
    """Both decoders give the same records; given embeddings take the place of the tokens.

    numbers: the three position numbers of each given embedding.
    """
    plain = read_las_model(folder)
    records = las_decode(plain, tokens, embeddings=embeddings, numbers=numbers)
    model, sink = load_model(folder), DigestSink()
    assert isinstance(model, LasModel)
    prompt: Any = np.array(tokens, dtype=np.int64)
    if embeddings is not None:
        places = None if numbers is None else np.array(numbers, dtype=np.int64).T
        prompt = Embedded(values=np.array(embeddings, dtype=np.int64), positions=places)
    encode(model, prompt, EngineChoice(), sink)
    by_place = {(place.token, place.layer, place.op_code): x for place, x in sink.digests.items()}
    mine = {(record.token, record.layer, record.code): record for record in records}
    assert mine.keys() == by_place.keys()
    differing = [mine[place] for place in sorted(mine) if mine[place].digest() != by_place[place]]
    assert [(record.token, record.layer, record.op) for record in differing] == []
    assert sink.digest(model.digest, tokens) == trace_digest(plain.digest, tokens, records)
    return records


@pytest.mark.parametrize(
    ("family", "profile", "changes"),
    [(*of, form) for of, form in zip(product(FAMILIES, PROFILES), cycle(FORMS), strict=False)],
)
def test_every_family_under_every_profile(
    compiled: Callable[..., Path], family: str, profile: str, changes: dict[str, Any]
) -> None:
    assert_same_trace(compiled(family, profile, **changes), TOKENS)


@pytest.mark.parametrize("steps", range(10, 17))
def test_every_number_of_steps(compiled: Callable[..., Path], steps: int) -> None:
    assert_same_trace(compiled("qwen2", steps=steps), TOKENS[:2])


@pytest.mark.parametrize(
    ("family", "placement"), [("bert", "pre"), ("gpt2", "post"), ("qwen2", "post")]
)
def test_the_other_placement_of_norms(
    compiled: Callable[..., Path], tmp_path: Path, family: str, placement: str
) -> None:
    change = Change(structure={"placement": placement})
    assert_same_trace(rewrite(compiled(family), tmp_path / "other", change), TOKENS[:3])


def test_a_window_shorter_than_the_text(compiled: Callable[..., Path], tmp_path: Path) -> None:
    change = Change(shape={"sliding_windows": [2, None]})
    assert_same_trace(rewrite(compiled("llama"), tmp_path / "short", change), [*TOKENS, 9])


@pytest.mark.parametrize("absent", [("classifier",), ("classifier", "pooler", "tables.tanh")])
def test_an_encoder_without_all_its_outputs(
    compiled: Callable[..., Path], tmp_path: Path, absent: tuple[str, ...]
) -> None:
    source = compiled("bert", steps=12)
    names = [name for name, _ in read_safetensors(source / FIRST_SHARD)]
    change = Change(
        shape={"classes": 0},
        structure={"pooler": "pooler" not in absent},
        tensors={name: None for name in names if name.startswith(absent)},
    )
    assert_same_trace(rewrite(source, tmp_path / "less", change), TOKENS[:3])


@pytest.mark.parametrize("family", ["bert", "opt", "llama"])
def test_given_embeddings(compiled: Callable[..., Path], family: str) -> None:
    assert_same_trace(compiled(family, steps=10), [-1] * 3, ROWS)


@pytest.mark.parametrize("sections", [[1, 1, 2], [0, 2, 2]])
def test_three_position_numbers(
    compiled: Callable[..., Path], tmp_path: Path, sections: list[int]
) -> None:
    change = Change(structure={"position": "multi-rotary", "multi_rotary": sections})
    folder = rewrite(compiled("llama", steps=10), tmp_path / "multi", change)
    assert_same_trace(folder, TOKENS[:3])
    assert_same_trace(folder, [-1] * 3, ROWS, [[0, 7, 200], [0, 8, 199], [5, 0, 1]])


def few_spikes(function: str, number: int) -> dict[str, Tensor | None]:
    """An FS neuron of x ↦ 65535 − ⌊x/2⌋, for 16 bits, in place of a piece's expansion neuron."""
    bits = [1 << k for k in range(15, 0, -1)]
    resets, thresholds = [0, *bits], [-1, *(bit - 1 for bit in bits)]
    weights = [65535, *(-bit >> 1 for bit in bits)]
    place = f"tables.{function}.{number}"
    return {
        f"{place}.thresholds": None,
        f"{place}.few_spikes": matrix("i64", [resets, thresholds, weights]),
    }


@pytest.mark.parametrize("steps", [10, 16])
@pytest.mark.parametrize("family", ["bert", "llama"])
def test_few_spikes_neurons_in_pieces(
    compiled: Callable[..., Path], tmp_path: Path, family: str, steps: int
) -> None:
    source = compiled(family, steps=steps)
    shard = dict(read_safetensors(source / FIRST_SHARD))
    tensors: dict[str, Tensor | None] = {}
    for function in ("exp", {"bert": "gelu", "llama": "silu"}[family]):
        rows = [list(row) for row in shard[f"tables.{function}.pieces"].rows()]
        for number, row in enumerate(rows):
            if row[1] == 65535:
                row[4] = 3
                tensors |= few_spikes(function, number)
        tensors[f"tables.{function}.pieces"] = matrix("i64", rows)
    folder = rewrite(source, tmp_path / "few", Change(tensors=tensors))
    assert_same_trace(folder, TOKENS[:3])


def louder(name: str, x: int) -> int:
    match name.split(".")[-2:]:
        case ["q" | "k" | "v" | "o" | "gate" | "up" | "down" | "pooler", "channel_exponents"]:
            return x + 20
        case ["embedding" | "head", "exponents"]:
            return x + 30
        case _:
            return x


@pytest.mark.parametrize("family", FAMILIES)
def test_saturation_everywhere(compiled: Callable[..., Path], tmp_path: Path, family: str) -> None:
    source = compiled(family, "las-qwen2-vl", steps=12)
    folder = rewrite(source, tmp_path / "loud", Change(element=louder))
    records = assert_same_trace(folder, TOKENS[:3])
    saturated = {r.op for r in records if "saturations" in r.fields and count(r)}
    wanted = ("embedding", "q", "query_spikes", "value_spikes", "o_input", "up", "down_input")
    assert {f"las_{op}" for op in wanted} <= saturated


def count(record: Record) -> int:
    return record.fields["saturations"].scalar


def silent(name: str, x: int) -> int:
    stem, _, last = name.rpartition(".")
    rows = stem in ("embedding", "positions", "types") and last == "mantissas"
    return 0 if rows or last in ("bias", "beta") else x


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_silence(compiled: Callable[..., Path], tmp_path: Path, family: str) -> None:
    change = Change(element=silent, constants={"norm_epsilon_exponent": -100})
    folder = rewrite(compiled(family), tmp_path / "silent", change)
    records = assert_same_trace(folder, TOKENS[:2])
    assert {r.fields["energy"].scalar for r in records if "energy" in r.fields} == {0}


def test_a_changed_weight_is_refused(compiled: Callable[..., Path], tmp_path: Path) -> None:
    def other(name: str, x: int) -> int:
        return 0 if name == "layers.1.k.weights" else x

    with pytest.raises(Refusal, match=r"layers\.1\.k"):
        read_las_model(rewrite(compiled("opt"), tmp_path / "changed", Change(element=other)))


def piece_of(**members: int) -> Map:
    """The only piece of the reciprocal with other members."""
    names = ("low", "high", "sign", "exponent", "kind", "shift")

    def other(_: str, x: Tensor) -> Tensor:
        row = dict(zip(names, x.flat, strict=True)) | members
        return matrix("i64", [list(row.values())])

    return other


def constant(value: int) -> Map:
    """The same element throughout."""
    return lambda _, x: Tensor(x.type, x.shape, (value,) * len(x.flat))


@pytest.mark.parametrize(
    "members",
    [
        {"constants": {"norm_epsilon_exponent": 31}},
        {"constants": {"published_epsilon_exponent": 31}},
        {"constants": {"norm_root_exponent": -7}},
        {"constants": {"score_mantissa": 1 << 14}},
        {"structure": {"position": "multi-rotary", "multi_rotary": [1, 1, 1]}},
        {"structure": {"position": "multi-rotary", "multi_rotary": []}},
        {"structure": {"multi_rotary": [1, 1, 2]}},
    ],
    ids=str,
)
def test_both_refuse_a_configuration(
    compiled: Callable[..., Path], tmp_path: Path, members: Mapping[str, Any]
) -> None:
    folder = rewrite(compiled("llama", steps=10), tmp_path / "refused", Change(**members))
    assert_both_refuse(folder)


@pytest.mark.parametrize(
    ("tensor", "change"),
    [
        ("pieces", piece_of(low=1 << 22)),
        ("pieces", piece_of(sign=-1)),
        ("pieces", piece_of(kind=2, shift=8)),
        ("0.thresholds", constant(-(1 << 31))),
    ],
)
def test_both_refuse_a_reciprocal(
    compiled: Callable[..., Path], tmp_path: Path, tensor: str, change: Map
) -> None:
    source, name = compiled("llama", steps=10), f"tables.reciprocal.{tensor}"
    tensors: dict[str, Tensor | None] = {}
    tensors[name] = change(name, dict(read_safetensors(source / FIRST_SHARD))[name])
    if tensors[name].flat[4:5] == (2,):  # type: ignore[union-attr]
        tensors["tables.reciprocal.0.thresholds"] = None
    assert_both_refuse(rewrite(source, tmp_path / "refused", Change(tensors=tensors)))


def assert_both_refuse(folder: Path) -> None:
    with pytest.raises(Refusal):
        read_las_model(folder)
    with pytest.raises(ModelError):
        load_model(folder)


def test_a_token_outside_the_vocabulary_is_refused(compiled: Callable[..., Path]) -> None:
    with pytest.raises(Refusal, match="token 288"):
        las_decode(read_las_model(compiled("opt")), [288])

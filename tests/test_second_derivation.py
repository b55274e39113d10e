"""The trace of spikeref equals that of a decoder written from the specification alone.

Every signal of a whole pass, in the order of OP-11, by the records of TRACE-2.

`spikeref.device` is a second implementation in plain Python integers. It shares no code with the
rest of spikeref and reads the same compiled folders; every record of every variant must agree.
"""

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from hashlib import sha256
from importlib.resources import as_file
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plain_decoder.rewrite import Change, rewrite

from spikeref.arith.ties import Ties
from spikeref.checkpoint.reader import Checkpoint
from spikeref.cli.demo import NEW_TOKENS, PROMPT, shipped_model
from spikeref.compiler.compile import compile_checkpoint
from spikeref.device.arithmetic import round_div
from spikeref.device.decoder import Decoder, decode
from spikeref.device.encoding import Neuron, symmetric_counts
from spikeref.device.hadamard import matrix
from spikeref.device.model_folder import read_model
from spikeref.device.tensor import Refusal
from spikeref.device.trace import Record, trace_digest
from spikeref.engine.dense import DENSE
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.forward.text import encode_text
from spikeref.model.folder import load_model
from spikeref.model.profile import DEFAULT_PROFILE, PROFILES, Rotation, adjust_profile
from spikeref.neurons.counts import Encoding
from spikeref.trace.sinks import DigestSink
from tools.synthetic_checkpoint import PRESETS, write_checkpoint

TOKENS = [256, 72, 105, 287]

SHORT_WINDOW = {**PRESETS["tiny-mistral"], "sliding_window": 3}
SHAPES: Mapping[str, Any] = {
    **{name: name for name in ("tiny-llama", "tiny-llama3", "tiny-qwen2", "tiny-gqa-12")},
    "short-window": SHORT_WINDOW,
}
HALF_UP = {"ties": Ties.HALF_UP}
CLIPPED = {"clip_ratio": Fraction(9, 10)}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that compiles two layers of a shape under a changed profile."""
    checkpoints: dict[str, Path] = {}

    def build(shape: str, profile: str, **changes: Any) -> Path:
        if shape not in checkpoints:
            target = tmp_path_factory.mktemp("checkpoint") / shape
            checkpoints[shape] = write_checkpoint(SHAPES[shape], target, layers=2, scale=0.1)
        folder = tmp_path_factory.mktemp("model") / "compiled"
        with Checkpoint.open(checkpoints[shape]) as checkpoint:
            compile_checkpoint(checkpoint, folder, adjust_profile(PROFILES[profile], **changes))
        return folder

    return build


def assert_same_trace(folder: Path, tokens: list[int], first: int = 0) -> list[Record]:
    """Both decoders give the same records; spikeref reads `first` tokens in a call of their own."""
    plain = read_model(folder)
    records = decode(plain, tokens)
    model, sink = load_model(folder), DigestSink()
    cache = Cache(model.config.shape)
    for part in (tokens[:first], tokens[first:]):
        if part:
            forward(model, np.array(part), cache, DENSE, sink)
    by_place = {(place.token, place.layer, place.op_code): x for place, x in sink.digests.items()}
    mine = {(record.token, record.layer, record.code): record for record in records}
    assert mine.keys() == by_place.keys()
    differing = [mine[place] for place in sorted(mine) if mine[place].digest() != by_place[place]]
    assert [(record.token, record.layer, record.op) for record in differing] == []
    assert sink.digest(model.digest, tokens) == trace_digest(plain.digest, tokens, records)
    return records


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile(compiled: Callable[..., Path], profile: str) -> None:
    assert_same_trace(compiled("tiny-llama", profile), TOKENS, first=1)


@pytest.mark.parametrize(
    ("shape", "profile", "changes"),
    [
        ("tiny-llama", "sdllm-w4a4kv4", HALF_UP),
        ("tiny-llama", "sdllm-w4a4kv4", CLIPPED),
        ("tiny-llama", "sdllm-w4a4kv4", {**HALF_UP, **CLIPPED, "kv_bits": 2, "act_bits": 3}),
        ("tiny-llama", "sdllm-binary-w4a4kv4", {**HALF_UP, **CLIPPED}),
        ("tiny-llama", "sdllm-w4a4kv4", {"weight_bits": 8, "kv_bits": 8, **CLIPPED}),
        ("tiny-llama3", "rtn-w4a4kv4", {}),
        ("tiny-llama3", "sdllm-binary-w4a4kv4", {}),
        ("tiny-qwen2", "sdllm-w4a4kv4", {}),
        ("tiny-qwen2", "quarot-w4a4kv4", HALF_UP),
        ("tiny-qwen2", "sdllm-binary-w4a4kv4", CLIPPED),
        ("tiny-gqa-12", "sdllm-w4a4kv4", {}),
        ("tiny-gqa-12", "quarot-w4a4kv4", CLIPPED),
        ("tiny-qwen2", "sdllm-hg-w4a4kv4", {"steps": 13, **HALF_UP, **CLIPPED}),
        ("tiny-gqa-12", "sdllm-hg-w4a4kv4", {"steps": 11, "rotation": Rotation.QUAROT}),
        ("tiny-llama3", "sdllm-hg-w4a4kv4", {"rotation": Rotation.NONE}),
        ("short-window", "sdllm-w4a4kv4-hw", {"encoding": Encoding.BINARY}),
    ],
)
def test_variants(
    compiled: Callable[..., Path], shape: str, profile: str, changes: dict[str, Any]
) -> None:
    assert_same_trace(compiled(shape, profile, **changes), TOKENS)


@pytest.mark.parametrize("profile", ["sdllm-w4a4kv4", "quarot-w4a4kv4", "rtn-w4a4kv4"])
def test_a_window_shorter_than_the_text(compiled: Callable[..., Path], profile: str) -> None:
    assert_same_trace(compiled("short-window", profile), [*TOKENS, 9, 9], first=4)


@pytest.mark.parametrize("mode", ["shift", "gate"])
@pytest.mark.parametrize("ties", Ties)
def test_membrane_clipping(
    compiled: Callable[..., Path], tmp_path: Path, mode: str, ties: Ties
) -> None:
    thresholds = {
        "layers.0.clip.qkv": 20_001,
        "layers.0.clip.o": -301,
        "layers.0.clip.gate_up": -(1 << 47),
        "layers.0.clip.down": 3,
        "layers.1.clip.qkv": (1 << 47) - 1,
        "layers.1.clip.gate_up": 0,
    }
    source = compiled("tiny-llama", "sdllm-w4a4kv4", ties=ties)
    change = Change(clip_mode=mode, thresholds=thresholds)
    assert_same_trace(rewrite(source, tmp_path / "clipped", change), TOKENS)


def louder(name: str, x: int) -> int:
    match name.split(".")[-2:]:
        case ["q" | "k" | "up", "channel_exponents"]:
            return x + 24
        case ["o" | "gate" | "down", "channel_exponents"] | ["head", "exponents"]:
            return x + 30
        case _:
            return x


def silent(name: str, x: int) -> int:
    return 0 if name == "embedding.mantissas" or name.endswith(".bias") else x


@pytest.mark.parametrize("profile", ["sdllm-w4a4kv4", "sdllm-hg-w4a4kv4"])
def test_saturation_everywhere(compiled: Callable[..., Path], tmp_path: Path, profile: str) -> None:
    source = compiled("tiny-llama", profile)
    folder = rewrite(source, tmp_path / "loud", Change(element=louder))
    records = assert_same_trace(folder, TOKENS)
    saturated = {r.op for r in records if r.fields.get("saturations") and saturations(r)}
    assert {"q", "attention", "up", "down", "mlp_residual", "head"} <= saturated


def saturations(record: Record) -> int:
    return record.fields["saturations"].flat[0]


@pytest.mark.parametrize("profile", ["sdllm-binary-w4a4kv4", "sdllm-hg-w4a4kv4"])
def test_silence(compiled: Callable[..., Path], tmp_path: Path, profile: str) -> None:
    source = compiled("tiny-llama", profile)
    change = Change(element=silent, constants={"norm_epsilon": 0})
    records = assert_same_trace(rewrite(source, tmp_path / "silent", change), TOKENS[:2])
    assert all(not any(r.fields["logits"].flat) for r in records if r.op == "head")


def test_a_changed_weight_is_refused(compiled: Callable[..., Path], tmp_path: Path) -> None:
    source = compiled("tiny-llama", "sdllm-w4a4kv4")

    def other(name: str, x: int) -> int:
        return 0 if name == "layers.1.k.weights" else x

    with pytest.raises(Refusal, match=r"layers\.1\.k"):
        read_model(rewrite(source, tmp_path / "changed", Change(element=other)))


def test_a_token_outside_the_vocabulary_is_refused(compiled: Callable[..., Path]) -> None:
    decoder = Decoder(read_model(compiled("tiny-llama", "sdllm-w4a4kv4")))
    with pytest.raises(Refusal, match="token 288"):
        decoder.step(288)


@pytest.mark.parametrize("ties", ["half-even", "half-up"])
@pytest.mark.parametrize("ratio", [(1, 1), (9, 10), (1, 3)])
@pytest.mark.parametrize("bits", [2, 3, 4])
def test_thresholds_are_the_rounded_quotient(ties: Any, ratio: tuple[int, int], bits: int) -> None:
    neuron = Neuron(bits=bits, symmetric=True, ratio=ratio, ties=ties)
    q, (numerator, denominator) = 2 ** (bits - 1) - 1, ratio
    for amax in range(1, 41):
        row = list(range(-amax, amax + 1))
        quotients = [round_div(q * denominator * v, numerator * amax, ties) for v in row]
        expected = [min(max(x, -q - 1), q) for x in quotients]
        assert symmetric_counts(row, neuron) == (amax, expected)


@pytest.mark.parametrize(
    ("width", "digest"),
    [
        (12, "db7478025ce74776a8a2669368885b71737288dabf1e23985366a367b4f78ab9"),
        (28, "3ec6c53133760a03e1b5a4e9c15c83dd33a4a51d0bc97bffc2618262d0b06676"),
        (40, "64b7ff1603aae0dcd905f023d60db81be5a1725385dafa044c90a49d1e00e00b"),
        (52, "f50db5d0f93762d36bf0327006bb3512c21dad67afe84c53c33e5c9649f27ca3"),
        (156, "99a1b852ce559ffd6291cfc39889b4963b068b27116191ce7fc24efcacc538fd"),
        (344, "8cffe838f57c7e71ccf689c3c2b4fe76d5b32d2e264a725e90e934ae4d156682"),
    ],
)
def test_matrices_from_the_text(width: int, digest: str) -> None:
    rows = b"".join(bytes(x & 255 for x in row) for row in matrix(width))
    assert sha256(rows).hexdigest() == digest


def test_the_pinned_demo_trace_follows_from_the_text(tmp_path: Path) -> None:
    """The golden digest of the shipped model's demo, derived a second time."""
    golden = json.loads((Path(__file__).parent / "golden" / "demo.json").read_text("utf-8"))
    with as_file(shipped_model()) as source, Checkpoint.open(source) as checkpoint:
        compile_checkpoint(checkpoint, tmp_path / "model", PROFILES[DEFAULT_PROFILE])
    model = read_model(tmp_path / "model")
    assert model.digest == golden["model_digest"]
    prompt = encode_text(tmp_path / "model", PROMPT)
    decoder = Decoder(model)
    records: list[Record] = []
    tokens: list[int] = list(prompt)
    for position in range(len(prompt) + NEW_TOKENS - 1):
        records += decoder.step(tokens[position])
        if position + 1 == len(tokens):
            logits = records[-1].fields["logits"].flat
            tokens.append(logits.index(max(logits)))
    assert trace_digest(model.digest, tokens[:-1], records) == golden["trace_digest"]

"""Chapter 6: read a compiled model, refusing one that its own clauses do not describe."""

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .arithmetic import Ties
from .encoding import ClipMode, Neuron

CODES = {"I8": "b", "I16": "h", "U16": "H", "I32": "i", "I64": "q"}
OPERATORS = ("q", "k", "v", "o", "gate", "up", "down")
GROUPS = ("qkv", "o", "gate_up", "down")


class FolderError(Exception):
    """A model folder that MODEL-7 refuses."""


def require(condition: bool, message: str) -> None:
    """Refuse the folder unless the condition holds (MODEL-7)."""
    if not condition:
        raise FolderError(message)


def canonical_json(value: Any) -> bytes:
    """The canonical JSON of a value without floats (MODEL-5)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor's type, shape, elements in row-major order and the digest of its bytes."""

    dtype: str
    shape: tuple[int, ...]
    flat: tuple[int, ...]
    sha256: str

    def rows(self) -> list[tuple[int, ...]]:
        """The rows of a matrix."""
        width = self.shape[1]
        return [self.flat[i * width : (i + 1) * width] for i in range(self.shape[0])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The latitude that a model fixes (CONV-7)."""

    rotation: str
    ties: Ties
    weight_bits: int
    activation: Neuron
    cache: Neuron


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A compiled model: its shape, constants, profile, tensors and digest."""

    shape: Mapping[str, Any]
    constants: Mapping[str, int]
    profile: Profile
    clip_mode: ClipMode | None
    tied_head: bool
    digest: str
    tensors: Mapping[str, Tensor]


def read_safetensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    """The tensors of one safetensors file."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = data[start + begin : start + end]
        code = CODES[entry["dtype"]]
        flat = struct.unpack(f"<{len(raw) // struct.calcsize('<' + code)}{code}", raw)
        digest = hashlib.sha256(raw).hexdigest()
        yield name, Tensor(entry["dtype"], tuple(entry["shape"]), flat, digest)


def operator_widths(shape: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Input and output width of each linear operator."""
    hidden, inner = shape["hidden"], shape["intermediate"]
    queries, keys = (shape[k] * shape["head_dim"] for k in ("heads", "kv_heads"))
    return {
        "q": (hidden, queries),
        "k": (hidden, keys),
        "v": (hidden, keys),
        "o": (queries, hidden),
        "gate": (hidden, inner),
        "up": (hidden, inner),
        "down": (inner, hidden),
    }


def expected_tensors(config: Mapping[str, Any]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Name to type and shape of the tensors that a model must have (MODEL-2)."""
    shape = config["shape"]
    vocab, hidden = shape["vocab"], shape["hidden"]
    tables = (shape["positions"], shape["head_dim"] // 2)
    norms = config["profile"]["rotation"] != "quarot"
    wanted: dict[str, tuple[str, tuple[int, ...]]] = {
        "rope.cos": ("I16", tables),
        "rope.sin": ("I16", tables),
        "tables.exp2": ("I64", (7,)),
    }
    for rows in ("embedding",) if config["tied_head"] else ("embedding", "head"):
        wanted[f"{rows}.mantissas"] = ("I16", (vocab, hidden))
        wanted[f"{rows}.exponents"] = ("I16", (vocab,))
    prefixes = ["final_norm"] if norms else []
    for i in range(shape["layers"]):
        prefixes += [f"layers.{i}.attention_norm", f"layers.{i}.mlp_norm"] if norms else []
        for name, (inputs, outputs) in operator_widths(shape).items():
            place = f"layers.{i}.{name}"
            wanted[f"{place}.weights"] = ("I8", (inputs, outputs))
            wanted[f"{place}.channel_mantissas"] = ("U16", (outputs,))
            wanted[f"{place}.channel_exponents"] = ("I16", (outputs,))
            wanted[f"{place}.zero_weights"] = ("I32", (inputs,))
            wanted[f"{place}.accumulator_bound"] = ("I64", (1,))
            if config["profile"]["encoding"] == "binary":
                wanted[f"{place}.weight_sums"] = ("I32", (outputs,))
            if f"{place}.bias" in config["tensors"]:
                wanted[f"{place}.bias"] = ("I64", (outputs,))
        clips = (f"layers.{i}.clip.{group}" for group in GROUPS)
        wanted |= {clip: ("I64", (1,)) for clip in clips if clip in config["tensors"]}
    for prefix in prefixes:
        wanted[f"{prefix}.gamma"] = ("I16", (hidden,))
        wanted[f"{prefix}.gamma_exponent"] = ("I16", (1,))
    return wanted


def check_operator(model: Model, place: str) -> None:
    """Prove what the folder states about one operator (ADD-3, MODEL-3, COMP-12)."""
    rows = model.tensors[f"{place}.weights"].rows()
    limit = (1 << (model.profile.weight_bits - 1)) - 1
    require(all(abs(w) <= limit for row in rows for w in row), f"{place}: weight out of range")
    zeros = tuple(row.count(0) for row in rows)
    require(zeros == model.tensors[f"{place}.zero_weights"].flat, f"{place}: zero_weights")
    loads = [sum(map(abs, column)) for column in zip(*rows, strict=True)]
    bound = model.profile.activation.largest_count * max(loads)
    require(bound <= 1 << 30, f"{place}: no head-room")
    require((bound,) == model.tensors[f"{place}.accumulator_bound"].flat, f"{place}: bound")
    mantissas = model.tensors[f"{place}.channel_mantissas"].flat
    require(min(mantissas) >= 1 << 15, f"{place}: channel mantissa out of range")
    if f"{place}.weight_sums" in model.tensors:
        sums = tuple(map(sum, zip(*rows, strict=True)))
        require(sums == model.tensors[f"{place}.weight_sums"].flat, f"{place}: weight_sums")
    if f"{place}.bias" in model.tensors:
        biases = model.tensors[f"{place}.bias"].flat
        require(all(-(1 << 39) <= b < 1 << 39 for b in biases), f"{place}: bias out of range")


def read_profile(members: Mapping[str, Any]) -> Profile:
    """The profile of config.json (MODEL-4)."""
    numerator, denominator = map(int, members["clip_ratio"].split("/"))
    require(1 <= numerator <= denominator <= 1024, "clip ratio out of range")

    def neuron(bits: int, symmetric: bool) -> Neuron:
        ratio = (numerator, denominator)
        return Neuron(bits=bits, symmetric=symmetric, ratio=ratio, ties=members["ties"])

    return Profile(
        rotation=members["rotation"],
        ties=members["ties"],
        weight_bits=members["weight_bits"],
        activation=neuron(members["act_bits"], members["encoding"] == "ternary"),
        cache=neuron(members["kv_bits"], True),
    )


def read_model(folder: Path) -> Model:
    """Read and check a model folder (MODEL-1 to MODEL-7)."""
    config = json.loads((folder / "config.json").read_bytes())
    digest = config.pop("model_digest")
    require(hashlib.sha256(canonical_json(config)).hexdigest() == digest, "model digest differs")
    index = json.loads((folder / "model.safetensors.index.json").read_bytes())["weight_map"]
    shards = config["shape"]["layers"] + 1
    tensors: dict[str, Tensor] = {}
    for number in range(1, shards + 1):
        shard = f"model-{number:05}-of-{shards:05}.safetensors"
        for name, tensor in read_safetensors(folder / shard):
            require(index.get(name) == shard, f"{name}: not where the index says")
            stem = name.split(".")
            home = int(stem[1]) + 2 if stem[0] == "layers" else 1
            require(home == number, f"{name}: in the wrong shard")
            tensors[name] = tensor
    stated = {
        name: (entry["dtype"], tuple(entry["shape"]), entry["sha256"])
        for name, entry in config["tensors"].items()
    }
    found = {name: (t.dtype, t.shape, t.sha256) for name, t in tensors.items()}
    require(found == stated, "tensors differ from those that config.json states")
    typed = {name: (t.dtype, t.shape) for name, t in tensors.items()}
    require(typed == expected_tensors(config), "tensors differ from those of MODEL-2")
    model = Model(
        shape=config["shape"],
        constants=config["constants"],
        profile=read_profile(config["profile"]),
        clip_mode=config["clip_mode"],
        tied_head=config["tied_head"],
        digest=digest,
        tensors=tensors,
    )
    for layer in range(shards - 1):
        for name in OPERATORS:
            check_operator(model, f"layers.{layer}.{name}")
    return model

"""Chapter 6: read a compiled model's folder, refusing one that its own clauses do not describe."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .canonical import canonical_json
from .model import Model, build_model
from .model_checks import require
from .parameters import Parameters
from .tensor import CODES, Tensor, TensorType, from_bytes

TYPES: dict[str, TensorType] = {kind.upper(): kind for kind in CODES}
"""Types as safetensors spells them."""


def read_safetensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    """The tensors of one safetensors file (MODEL-2)."""
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = data[start + begin : start + end]
        yield name, from_bytes(TYPES[entry["dtype"]], tuple(entry["shape"]), raw)


def read_shards(folder: Path, layers: int) -> dict[str, Tensor]:
    """All tensors, each in the shard of its layer and where the index says (MODEL-1)."""
    index = json.loads((folder / "model.safetensors.index.json").read_bytes())["weight_map"]
    shards = layers + 1
    tensors: dict[str, Tensor] = {}
    for number in range(1, shards + 1):
        shard = f"model-{number:05}-of-{shards:05}.safetensors"
        for name, tensor in read_safetensors(folder / shard):
            require(index.get(name) == shard, f"{name}: not where the index says")
            stem = name.split(".")
            home = int(stem[1]) + 2 if stem[0] == "layers" else 1
            require(home == number, f"{name}: in the wrong shard")
            tensors[name] = tensor
    return tensors


def entry_of(tensor: Tensor) -> dict[str, Any]:
    """What config.json states about a tensor (MODEL-4)."""
    digest = hashlib.sha256(tensor.to_bytes()).hexdigest()
    return {"dtype": tensor.type.upper(), "shape": list(tensor.shape), "sha256": digest}


def parameters_of(config: Mapping[str, Any], digest: str) -> Parameters:
    """The model parameters of CONF-9 from the members of config.json (MODEL-4)."""
    shape, profile = dict(config["shape"]), dict(config["profile"])
    windows = shape.pop("sliding_windows")
    numerator, denominator = profile.pop("clip_ratio").split("/")
    return Parameters(
        {
            **shape,
            **profile,
            **config["constants"],
            "sliding_windows": ",".join(str(window or 0) for window in windows),
            "ratio_n": numerator,
            "ratio_d": denominator,
            "clip_mode": config["clip_mode"] or "none",
            "tied_head": int(config["tied_head"]),
            "eos_token_ids": ",".join(map(str, config["eos_token_ids"])),
            "model_digest": digest,
        }
    )


def read_checked(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor], str]:
    """Config without its digest, tensors and digest, all as stated (MODEL-1, MODEL-5, MODEL-7)."""
    config: dict[str, Any] = json.loads((folder / "config.json").read_bytes())
    digest = config.pop("model_digest")
    require(hashlib.sha256(canonical_json(config)).hexdigest() == digest, "model digest differs")
    tensors = read_shards(folder, config["shape"]["layers"])
    found = {name: entry_of(tensor) for name, tensor in tensors.items()}
    require(found == config["tensors"], "tensors differ from those that config.json states")
    return config, tensors, digest


def read_model(folder: Path) -> Model:
    """Read and check a model folder (MODEL-1 to MODEL-7)."""
    config, tensors, digest = read_checked(folder)
    return build_model(parameters_of(config, digest), tensors)

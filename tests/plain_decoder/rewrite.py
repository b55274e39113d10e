"""Write a changed copy of a model folder (chapter 6), for models that no checkpoint gives."""

import hashlib
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from spikeref.device.canonical import canonical_json
from spikeref.device.model_folder import read_safetensors
from spikeref.device.tensor import CODES, Tensor

Map: TypeAlias = Callable[[str, int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What differs in the copy: members of config.json, elements of tensors, thresholds.

    constants, shape, structure: replaced members of these members of config.json. element: from a
    tensor's name and an element to the element of the copy. thresholds: ENC-8 thresholds by
    tensor name. tensors: tensors by name in place of those of shard 1, None where there is none.
    """

    clip_mode: str | None = None
    constants: Mapping[str, int] = field(default_factory=dict)
    shape: Mapping[str, Any] = field(default_factory=dict)
    structure: Mapping[str, Any] = field(default_factory=dict)
    element: Map | None = None
    thresholds: Mapping[str, int] = field(default_factory=dict)
    tensors: Mapping[str, Tensor | None] = field(default_factory=dict)


def write_safetensors(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Any]]:
    """Write one shard; return what config.json states of its tensors."""
    header: dict[str, Any] = {}
    stated: dict[str, dict[str, Any]] = {}
    payload = b""
    for name, t in sorted(tensors.items(), key=lambda item: (-width(item[1]), item[0])):
        raw = struct.pack(f"<{len(t.flat)}{CODES[t.type]}", *t.flat)
        offsets = [len(payload), len(payload) + len(raw)]
        header[name] = {"dtype": t.type.upper(), "shape": list(t.shape), "data_offsets": offsets}
        digest = hashlib.sha256(raw).hexdigest()
        stated[name] = {"dtype": t.type.upper(), "shape": list(t.shape), "sha256": digest}
        payload += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + payload)
    return stated


def width(tensor: Tensor) -> int:
    """Bytes of one element; wide elements come first so that all are aligned."""
    return struct.calcsize("<" + CODES[tensor.type])


def mapped(name: str, tensor: Tensor, element: Map) -> Tensor:
    """The tensor with every element changed; thresholds of HG neurons stay."""
    if name.startswith("tables.") and name.endswith(".thresholds"):
        return tensor
    return Tensor(tensor.type, tensor.shape, tuple(element(name, x) for x in tensor.flat))


def rewrite(source: Path, target: Path, change: Change) -> Path:
    """Copy the model folder `source` to the new folder `target` with the changes."""
    target.mkdir()
    config = json.loads((source / "config.json").read_bytes())
    del config["model_digest"]
    if "clip_mode" in config:
        config["clip_mode"] = change.clip_mode
    config["constants"] |= change.constants
    config["shape"] |= change.shape
    if "structure" in config:
        config["structure"] |= change.structure
    config["tensors"] = {}
    weights: dict[str, str] = {}
    size = 0
    for shard in sorted(source.glob("*.safetensors")):
        tensors = dict(read_safetensors(shard))
        if change.element is not None:
            tensors = {name: mapped(name, t, change.element) for name, t in tensors.items()}
        layer = f"layers.{int(shard.name.split('-')[1]) - 2}."
        for name, threshold in change.thresholds.items():
            if name.startswith(layer):
                tensors[name] = Tensor("i64", (1,), (threshold,))
        if shard.name.startswith("model-00001-"):
            changed = {**tensors, **change.tensors}
            tensors = {name: t for name, t in changed.items() if t is not None}
        config["tensors"] |= write_safetensors(target / shard.name, tensors)
        weights |= dict.fromkeys(tensors, shard.name)
        size += sum(width(t) * len(t.flat) for t in tensors.values())
    index = {"metadata": {"total_size": size}, "weight_map": weights}
    (target / "model.safetensors.index.json").write_text(json.dumps(index))
    config["model_digest"] = hashlib.sha256(canonical_json(config)).hexdigest()
    (target / "config.json").write_bytes(canonical_json(config))
    for tokenizer in source.glob("tokenizer.json"):
        (target / tokenizer.name).write_bytes(tokenizer.read_bytes())
    return target

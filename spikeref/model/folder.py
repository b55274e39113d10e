"""Reads a compiled model's folder and refuses a damaged or foreign one (MODEL-7)."""

from pathlib import Path
from typing import Any, assert_never

from spikeref.errors import ModelError, UsageError
from spikeref.model.any_model import AnyConfig, AnyModel
from spikeref.model.assembly import assemble_model, expected_forms
from spikeref.model.config import ModelConfig, config_from_json
from spikeref.model.las_assembly import assemble_las_model
from spikeref.model.las_config import LasConfig, las_config_from_json
from spikeref.model.las_tensors import las_forms
from spikeref.model.layers import IntegerModel
from spikeref.model.tensor_form import TensorForm
from spikeref.model.writer import CONFIG_NAME, TOKENIZER_NAME, members_of
from spikeref.storage.canonical import canonical_json, parse_json, sha256_hex, tensor_digest
from spikeref.storage.sharded import TensorFolder


def load_decoder(folder: str | Path) -> IntegerModel:
    """Return the compiled SDLLM model in `folder`, as load_model; ModelError for one of LAS."""
    model = load_model(folder)
    if not isinstance(model, IntegerModel):
        raise ModelError(f"{folder}: a LAS model; this takes models of the SDLLM profiles")
    return model


def load_model(folder: str | Path) -> AnyModel:
    """Return the compiled model in `folder`, its tensors mapped read-only.

    Every digest, type, shape and range is checked. ModelError: the folder is missing, incomplete,
    damaged or foreign; the one line names the file or tensor.
    """
    folder = Path(folder)
    members = _read_config(folder)
    config = _config_of(members, str(folder / CONFIG_NAME))
    stated = members.pop("model_digest", None)
    try:
        digest = sha256_hex(canonical_json(members))
    except UsageError as fault:
        raise ModelError(f"{folder / CONFIG_NAME}: {fault}; compile again") from fault
    if stated != digest:
        raise ModelError(f"{folder / CONFIG_NAME}: model_digest does not match; compile again")
    records = members.get("tensors", {})
    if members != members_of(config) | {"tensors": records}:
        raise ModelError(f"{folder / CONFIG_NAME}: its members are not those of MODEL-4 or LMOD-2")
    _check_tokenizer(folder, config)
    tensors = TensorFolder.open(folder, ModelError)
    names = frozenset(tensors.entries)
    match config:
        case ModelConfig():
            _check_forms(expected_forms(config, names, str(folder)), records, tensors, folder)
            _check_records(records, tensors)
            return assemble_model(config, digest, folder, names, tensors.array)
        case LasConfig():
            _check_forms(las_forms(config, names), records, tensors, folder)
            _check_records(records, tensors)
            return assemble_las_model(config, digest, folder, names, tensors.array)
        case _:
            assert_never(config)


def _config_of(members: dict[str, Any], where: str) -> AnyConfig:
    if members.get("system") == "las":
        return las_config_from_json(members, where)
    return config_from_json(members, where)


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG_NAME
    if not folder.is_dir():
        state = "is not a folder" if folder.exists() else "no such folder"
        raise ModelError(f"{folder}: {state}; a compiled model is a folder")
    try:
        text = path.read_bytes()
    except OSError as fault:
        raise ModelError(f"{path}: cannot be read ({fault.strerror})") from fault
    members = parse_json(text, str(path), ModelError)
    if not isinstance(members, dict) or not isinstance(members.get("tensors", {}), dict):
        raise ModelError(f"{path}: not a compiled spikeref model")
    return members


def _check_tokenizer(folder: Path, config: AnyConfig) -> None:
    path = folder / TOKENIZER_NAME
    found = sha256_hex(path.read_bytes()) if path.is_file() else None
    if found != config.tokenizer_digest:
        state = "missing" if found is None else "not the one that the model was compiled with"
        raise ModelError(f"{path}: {state}; compile again")


def _check_forms(
    expected: dict[str, TensorForm], stated: dict[str, Any], tensors: TensorFolder, folder: Path
) -> None:
    """Prove that names, types and shapes are those of MODEL-2, in config.json and in the shards."""
    names = frozenset(tensors.entries)
    for name in sorted(names | set(expected) | set(stated)):
        if name not in names or name not in stated:
            raise ModelError(f"{folder}: tensor {name!r} is missing; compile again")
        if name not in expected:
            raise ModelError(f"{folder}: tensor {name!r} has no place in this model")
        entry = tensors.entry(name)
        if not expected[name].admits(entry.dtype, entry.shape):
            raise ModelError(
                f"{tensors.file_of(name)}: tensor {name!r} is {entry.dtype} {list(entry.shape)},"
                f" {expected[name].dtype} {list(expected[name].shape)} is needed"
            )


def _check_records(stated: dict[str, Any], tensors: TensorFolder) -> None:
    """Prove that each tensor has the type, shape and SHA-256 that config.json states."""
    for name, entry in tensors.entries.items():
        form = {"dtype": entry.dtype, "shape": list(entry.shape)}
        if stated[name] != form | {"sha256": tensor_digest(tensors.array(name))}:
            raise ModelError(
                f"{tensors.file_of(name)}: tensor {name!r} is damaged or not the one that"
                " config.json states; compile again"
            )
        tensors.release_pages()

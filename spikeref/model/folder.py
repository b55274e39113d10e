"""Reads a compiled model's folder and refuses a damaged or foreign one (MODEL-7)."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from spikeref.errors import ModelError
from spikeref.model.config import ModelConfig, config_from_json, config_to_json
from spikeref.model.groups import OPERATORS
from spikeref.model.layers import DecoderLayer, DyadicRows, Gamma, IntegerModel, Synapses, Tables
from spikeref.model.tensors import (
    TensorForm,
    biased_operators,
    clipped_groups,
    layer_forms,
    outer_forms,
)
from spikeref.model.validation import (
    check_mantissas,
    check_synapses,
    check_tables,
    check_thresholds,
)
from spikeref.model.writer import CONFIG_NAME, TOKENIZER_NAME
from spikeref.neurons.clipping import MembraneClip
from spikeref.neurons.counts import Encoding
from spikeref.storage.canonical import canonical_json, parse_json, sha256_hex, tensor_digest
from spikeref.storage.sharded import TensorFolder


def load_model(folder: str | Path) -> IntegerModel:
    """Return the compiled model in `folder`, its tensors mapped read-only.

    Every digest, type, shape and range is checked. ModelError: the folder is missing, incomplete,
    damaged or foreign; the one line names the file or tensor.
    """
    folder = Path(folder)
    members = _read_config(folder)
    config = config_from_json(members, str(folder / CONFIG_NAME))
    stated = members.pop("model_digest", None)
    digest = sha256_hex(canonical_json(members))
    if stated != digest:
        raise ModelError(f"{folder / CONFIG_NAME}: model_digest does not match; compile again")
    records = members.get("tensors", {})
    if members != config_to_json(config) | {"tensors": records}:
        raise ModelError(f"{folder / CONFIG_NAME}: its members are not those of MODEL-4")
    _check_tokenizer(folder, config)
    tensors = TensorFolder.open(folder, ModelError)
    _check_forms(config, records, tensors, folder)
    _check_records(records, tensors)
    source = _Source(tensors)
    embedding = source.rows("embedding")
    return IntegerModel(
        config=config,
        digest=digest,
        folder=folder,
        embedding=embedding,
        head=embedding if config.tied_head else source.rows("head"),
        final_gamma=source.gamma("final_norm"),
        tables=source.tables(),
        layers=tuple(_layer(source, config, i) for i in range(config.shape.layers)),
    )


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


def _check_tokenizer(folder: Path, config: ModelConfig) -> None:
    path = folder / TOKENIZER_NAME
    found = sha256_hex(path.read_bytes()) if path.is_file() else None
    if found != config.tokenizer_digest:
        state = "missing" if found is None else "not the one that the model was compiled with"
        raise ModelError(f"{path}: {state}; compile again")


def _check_forms(
    config: ModelConfig, stated: dict[str, Any], tensors: TensorFolder, folder: Path
) -> None:
    """Prove that names, types and shapes are those of MODEL-2, in config.json and in the shards."""
    names = frozenset(tensors.entries)
    expected = outer_forms(config)
    for i in range(config.shape.layers):
        biased, clipped = biased_operators(names, i), clipped_groups(names, i)
        expected |= layer_forms(config, i, biased, clipped)
    if any(".clip." in name for name in expected) != (config.clip_mode is not None):
        raise ModelError(f"{folder}: clip_mode and clip thresholds contradict each other")
    if config.clip_mode is not None and config.profile.encoding is not Encoding.TERNARY:
        raise ModelError(f"{folder}: clip thresholds need ternary counts (ENC-8)")
    for name in sorted(names | set(expected) | set(stated)):
        if name not in names or name not in stated:
            raise ModelError(f"{folder}: tensor {name!r} is missing; compile again")
        if name not in expected:
            raise ModelError(f"{folder}: tensor {name!r} has no place in this model")
        entry = tensors.entry(name)
        if TensorForm(entry.dtype, entry.shape) != expected[name]:
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


class _Source:
    """Tensors by name, gathered into the dataclasses of `model.layers`."""

    def __init__(self, tensors: TensorFolder) -> None:
        self._tensors = tensors
        self._names = frozenset(tensors.entries)

    def array(self, name: str) -> NDArray[Any]:
        return self._tensors.array(name)

    def optional(self, name: str) -> NDArray[Any] | None:
        return self.array(name) if name in self._names else None

    def scalar(self, name: str) -> int:
        return int(self.array(name)[0])

    def rows(self, prefix: str) -> DyadicRows:
        rows = DyadicRows(
            mantissas=self.array(f"{prefix}.mantissas"), exponents=self.array(f"{prefix}.exponents")
        )
        check_mantissas(prefix, rows.mantissas, rows.exponents)
        return rows

    def gamma(self, norm: str) -> Gamma | None:
        mantissas = self.optional(f"{norm}.gamma")
        if mantissas is None:
            return None
        exponent = self.array(f"{norm}.gamma_exponent")
        check_mantissas(norm, mantissas, exponent)
        return Gamma(mantissas=mantissas, exponent=int(exponent[0]))

    def tables(self) -> Tables:
        tables = Tables(
            exp2=tuple(int(c) for c in self.array("tables.exp2")),
            cos=self.array("rope.cos"),
            sin=self.array("rope.sin"),
        )
        check_tables(tables)
        return tables

    def synapses(self, prefix: str) -> Synapses:
        return Synapses(
            weights=self.array(f"{prefix}.weights"),
            channel_mantissas=self.array(f"{prefix}.channel_mantissas"),
            channel_exponents=self.array(f"{prefix}.channel_exponents"),
            bias=self.optional(f"{prefix}.bias"),
            weight_sums=self.optional(f"{prefix}.weight_sums"),
            zero_weights=self.array(f"{prefix}.zero_weights"),
            accumulator_bound=self.scalar(f"{prefix}.accumulator_bound"),
        )

    def clips(self, index: int, config: ModelConfig) -> dict[Any, MembraneClip]:
        if config.clip_mode is None:
            return {}
        thresholds = {
            group: self.scalar(f"layers.{index}.clip.{group}")
            for group in sorted(clipped_groups(self._names, index))
        }
        check_thresholds(f"layers.{index}.clip", thresholds.values())
        return {
            group: MembraneClip(threshold=threshold, mode=config.clip_mode)
            for group, threshold in thresholds.items()
        }


def _layer(source: _Source, config: ModelConfig, index: int) -> DecoderLayer:
    prefix = f"layers.{index}"
    synapses = {op: source.synapses(f"{prefix}.{op}") for op in OPERATORS}
    for operator, found in synapses.items():
        check_synapses(f"{prefix}.{operator}", found, config.profile)
    return DecoderLayer(
        attention_gamma=source.gamma(f"{prefix}.attention_norm"),
        q=synapses["q"],
        k=synapses["k"],
        v=synapses["v"],
        o=synapses["o"],
        mlp_gamma=source.gamma(f"{prefix}.mlp_norm"),
        gate=synapses["gate"],
        up=synapses["up"],
        down=synapses["down"],
        clips=source.clips(index, config),
        sliding_window=config.shape.sliding_windows[index],
    )

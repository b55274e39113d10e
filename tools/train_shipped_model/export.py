"""Writes the trained model in the Hugging Face layout, and the token sequences beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import nn


@dataclass(frozen=True)
class Bundle:
    """What is written; the sequences are lists of token ids, each independent of the others.

    ``configs``: JSON files that describe the model, by name. ``heldout_labels``: the class of each
    held-out sequence, where the model is a classifier.
    """

    model: nn.Module
    configs: dict[str, dict[str, object]]
    tokenizer: Tokenizer
    heldout: list[list[int]]
    calibration: list[list[int]]
    card: str
    heldout_labels: list[int] | None = None


def round_to_bf16(model: nn.Module) -> None:
    """Round every weight in place to the nearest bfloat16, keeping float32 storage."""
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(weight.bfloat16().float())


def write_bundle(out: Path, bundle: Bundle) -> None:
    """Write every file of the model into the directory ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    weights = {name: weight.bfloat16() for name, weight in bundle.model.state_dict().items()}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    # save_file gives the file to its owner alone, which an installed package must not.
    (out / "model.safetensors").chmod(0o644)
    bundle.tokenizer.save(str(out / "tokenizer.json"))
    for name, content in bundle.configs.items():
        _write_json(out / name, content)
    _write_sequences(out / "heldout.json", bundle.heldout)
    _write_sequences(out / "calibration.json", bundle.calibration)
    if bundle.heldout_labels is not None:
        labels = json.dumps(bundle.heldout_labels, separators=(",", ":"))
        (out / "heldout_labels.json").write_text(f"{labels}\n", encoding="utf-8")
    (out / "README.md").write_text(bundle.card, encoding="utf-8")


def _write_json(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _write_sequences(path: Path, sequences: list[list[int]]) -> None:
    lines = ",\n".join(json.dumps(sequence, separators=(",", ":")) for sequence in sequences)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")

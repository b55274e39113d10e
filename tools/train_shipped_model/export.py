"""Writes the trained model in the Hugging Face layout, and the token sequences beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from tools.train_shipped_model.network import CausalLM, Shape
from tools.train_shipped_model.tokenizer import BOS, BOS_ID, EOS, EOS_ID


@dataclass(frozen=True)
class Bundle:
    """What is shipped; the sequences are lists of token ids, each independent of the others."""

    model: CausalLM
    shape: Shape
    tokenizer: Tokenizer
    heldout: list[list[int]]
    calibration: list[list[int]]
    card: str


def round_to_bf16(model: CausalLM) -> None:
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
    _write_json(out / "config.json", _config(bundle.shape))
    _write_json(out / "generation_config.json", _generation_config())
    _write_json(out / "tokenizer_config.json", _tokenizer_config(bundle.shape))
    _write_sequences(out / "heldout.json", bundle.heldout)
    _write_sequences(out / "calibration.json", bundle.calibration)
    (out / "README.md").write_text(bundle.card, encoding="utf-8")


def _config(shape: Shape) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "bos_token_id": BOS_ID,
        "eos_token_id": EOS_ID,
        "head_dim": shape.head_dim,
        "hidden_act": "silu",
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "max_position_embeddings": shape.positions,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": shape.heads,
        "num_hidden_layers": shape.layers,
        "num_key_value_heads": shape.kv_heads,
        "rms_norm_eps": shape.rms_norm_eps,
        "rope_theta": shape.rope_theta,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "vocab_size": shape.vocab_size,
    }


def _generation_config() -> dict[str, object]:
    return {"bos_token_id": BOS_ID, "eos_token_id": EOS_ID, "do_sample": False}


def _tokenizer_config(shape: Shape) -> dict[str, object]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": EOS,
        "model_max_length": shape.positions,
        "clean_up_tokenization_spaces": False,
    }


def _write_json(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _write_sequences(path: Path, sequences: list[list[int]]) -> None:
    lines = ",\n".join(json.dumps(sequence, separators=(",", ":")) for sequence in sequences)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")

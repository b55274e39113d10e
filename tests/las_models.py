"""Tiny LAS models of every family, compiled from checkpoints with random weights."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.las_compile import compile_las
from spikeref.model.folder import load_model
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import LAS_PROFILES, LasProfile
from spikeref.neurons.multi_threshold import Rule
from spikeref.neurons.outlier_aware import TrainForm
from tools.synthetic_checkpoint import PRESETS, write_checkpoint

LAS = LAS_PROFILES["las"]
CHECKPOINTS: Mapping[str, Mapping[str, Any]] = {
    "bert": {
        "model_type": "bert", "architectures": ["BertForSequenceClassification"],
        "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2,
        "num_attention_heads": 3, "vocab_size": 288, "max_position_embeddings": 32,
        "type_vocab_size": 2, "hidden_act": "gelu",
        "id2label": {"0": "a", "1": "b", "2": "c"},
    },
    "gpt2": {
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 24, "n_layer": 2,
        "n_head": 2, "vocab_size": 288, "n_positions": 32,
    },
    "opt": {
        "model_type": "opt", "architectures": ["OPTForCausalLM"], "hidden_size": 24, "ffn_dim": 40,
        "num_hidden_layers": 2, "num_attention_heads": 3, "vocab_size": 288,
        "max_position_embeddings": 32, "word_embed_proj_dim": 24, "do_layer_norm_before": True,
        "activation_function": "relu",
    },
    "llama": {
        **PRESETS["tiny-llama"], "hidden_size": 32, "intermediate_size": 40,
        "num_attention_heads": 4, "num_key_value_heads": 2,
    },
    "mistral": {**PRESETS["tiny-mistral"], "sliding_window": 3},
    "qwen2": PRESETS["tiny-qwen2"],
}  # fmt: skip
"""config.json by name: grouped heads in llama, sliding windows in mistral, biases in qwen2."""

FAMILIES = ("bert", "gpt2", "opt", "llama")
LEVELS = replace(
    LAS,
    name="las+custom",
    weight_bits=9,
    form=TrainForm(steps=11, levels=3, rule=Rule.AT_MOST, gate=Rule.AT_MOST),
)
"""Few steps, several levels and the other rules."""


def compiled_las(
    folder: Path, name: str, profile: LasProfile = LAS, *, scale: float = 0.2
) -> LasModel:
    """Write the checkpoint of that name, compile it and load the model."""
    source = write_checkpoint(CHECKPOINTS[name], folder / "checkpoint", seed=5, scale=scale)
    with Checkpoint.open(source) as checkpoint:
        digest = compile_las(checkpoint, folder / "model", profile)
    model = load_model(folder / "model")
    assert isinstance(model, LasModel)
    assert model.digest == digest
    return model

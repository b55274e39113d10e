"""Configurations of small models that LAS alone takes: BERT, GPT-2, OPT and a Qwen2-VL tower."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tools.synthetic_checkpoint.presets import PRESETS, TINY_VOCAB

CLASSIC_PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "tiny-bert": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": 64,
            "intermediate_size": 172,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "vocab_size": TINY_VOCAB,
            "max_position_embeddings": 256,
            "type_vocab_size": 2,
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-12,
        },
        "tiny-gpt2": {
            "architectures": ["GPT2LMHeadModel"],
            "model_type": "gpt2",
            "n_embd": 64,
            "n_layer": 2,
            "n_head": 4,
            "n_positions": 256,
            "vocab_size": TINY_VOCAB,
            "activation_function": "gelu_new",
            "layer_norm_epsilon": 1e-5,
            "bos_token_id": 256,
            "eos_token_id": 257,
        },
        "tiny-opt": {
            "architectures": ["OPTForCausalLM"],
            "model_type": "opt",
            "hidden_size": 64,
            "ffn_dim": 172,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": 256,
            "word_embed_proj_dim": 64,
            "do_layer_norm_before": True,
            "vocab_size": TINY_VOCAB,
            "activation_function": "relu",
            "bos_token_id": 256,
            "eos_token_id": 257,
        },
        "tiny-qwen2-vl": {
            **PRESETS["tiny-qwen2"],
            "architectures": ["Qwen2VLForConditionalGeneration"],
            "model_type": "qwen2_vl",
            "rope_scaling": {"type": "mrope", "mrope_section": [2, 1, 1]},
        },
    }
)
"""Name -> config.json."""

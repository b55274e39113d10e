"""The config.json of each preset, as data."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

TINY_VOCAB = 288
"""258 entries of the byte tokenizer, and padding rows as published models have them."""

_LLAMA3_SCALING = {
    "rope_type": "llama3",
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}


def _config(architecture: str, model_type: str, **keys: Any) -> Mapping[str, Any]:
    return MappingProxyType(
        {
            "architectures": [architecture],
            "model_type": model_type,
            "hidden_act": "silu",
            "tie_word_embeddings": False,
            "rms_norm_eps": 1e-05,
            **keys,
        }
    )


def _llama(**keys: Any) -> Mapping[str, Any]:
    return _config("LlamaForCausalLM", "llama", **keys)


def _mistral(**keys: Any) -> Mapping[str, Any]:
    return _config("MistralForCausalLM", "mistral", **keys)


def _qwen2(**keys: Any) -> Mapping[str, Any]:
    return _config(
        "Qwen2ForCausalLM",
        "qwen2",
        **{"tie_word_embeddings": True, "rms_norm_eps": 1e-06, "use_sliding_window": False, **keys},
    )


def _widths(
    hidden: int, intermediate: int, layers: int, heads: int, kv_heads: int
) -> dict[str, int]:
    return {
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
    }


def _rest(vocab: int, positions: int, theta: float, bos: int, eos: int) -> dict[str, Any]:
    return {
        "vocab_size": vocab,
        "max_position_embeddings": positions,
        "rope_theta": theta,
        "bos_token_id": bos,
        "eos_token_id": eos,
    }


def _tiny(positions: int = 256) -> dict[str, Any]:
    return _rest(TINY_VOCAB, positions, 10000.0, 256, 257)


PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "llama-2-7b": _llama(**_widths(4096, 11008, 32, 32, 32), **_rest(32000, 4096, 1e4, 1, 2)),
        "llama-3.2-1b": _llama(
            **_widths(2048, 8192, 16, 32, 8),
            **_rest(128256, 131072, 5e5, 128000, 128001),
            head_dim=64,
            tie_word_embeddings=True,
            rope_scaling=_LLAMA3_SCALING,
        ),
        "llama-3-8b": _llama(
            **_widths(4096, 14336, 32, 32, 8), **_rest(128256, 8192, 5e5, 128000, 128001)
        ),
        "mistral-7b": _mistral(
            **_widths(4096, 14336, 32, 32, 8),
            **_rest(32000, 32768, 1e4, 1, 2),
            sliding_window=4096,
        ),
        "qwen2.5-0.5b": _qwen2(
            **_widths(896, 4864, 24, 14, 2),
            **_rest(151936, 32768, 1e6, 151643, 151643),
            sliding_window=32768,
            max_window_layers=24,
        ),
        "qwen2.5-1.5b": _qwen2(
            **_widths(1536, 8960, 28, 12, 2),
            **_rest(151936, 131072, 1e6, 151643, 151643),
            sliding_window=131072,
            max_window_layers=28,
        ),
        "tiny-llama": _llama(**_widths(64, 172, 2, 8, 8), **_tiny()),
        "tiny-llama3": _llama(
            **_widths(64, 160, 2, 4, 2),
            **_tiny(1024),
            rope_scaling={**_LLAMA3_SCALING, "factor": 8.0, "original_max_position_embeddings": 64},
        ),
        "tiny-mistral": _mistral(
            **_widths(48, 112, 2, 4, 2), **_tiny(), head_dim=16, sliding_window=8
        ),
        "tiny-qwen2": _qwen2(**_widths(56, 144, 2, 7, 1), **_tiny()),
        "tiny-gqa-12": _llama(**_widths(96, 172, 2, 6, 2), **_tiny()),
    }
)
"""Name -> config.json. The tiny ones come with a tokenizer and differ where families differ:
widths with Hadamard factors 12, 20, 28, 36 and 172, grouped heads, a stretched rotary embedding,
a head width of its own with a sliding window, biases with tied embeddings."""

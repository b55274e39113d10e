"""A configuration as canonical JSON can hold it."""

from dataclasses import asdict
from fractions import Fraction
from typing import assert_never

from spikeref.checkpoint.classic_config import ClassicConfig
from spikeref.checkpoint.config import DecoderConfig, SourceConfig
from spikeref.checkpoint.rope import DefaultRope, Llama3Rope, Rope


def config_record(config: SourceConfig) -> dict[str, object]:
    """The configuration as canonical JSON can hold it; fractions as "numerator/denominator"."""
    match config:
        case DecoderConfig():
            return _decoder_record(config)
        case ClassicConfig():
            return {
                name: str(value) if isinstance(value, Fraction) else _listed(value)
                for name, value in asdict(config).items()
            }
        case _:
            assert_never(config)


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _decoder_record(config: DecoderConfig) -> dict[str, object]:
    record: dict[str, object] = {
        "family": config.family,
        "hidden": config.hidden,
        "intermediate": config.intermediate,
        "layers": config.layers,
        "heads": config.heads,
        "kv_heads": config.kv_heads,
        "head_dim": config.head_dim,
        "vocab": config.vocab,
        "max_positions": config.max_positions,
        "rms_norm_eps": str(config.rms_norm_eps),
        "rope": _rope_record(config.rope),
        "sliding_windows": list(config.sliding_windows),
        "tie_embeddings": config.tie_embeddings,
        "qkv_bias": config.qkv_bias,
        "o_bias": config.o_bias,
        "mlp_bias": config.mlp_bias,
        "bos_token_ids": list(config.bos_token_ids),
        "eos_token_ids": list(config.eos_token_ids),
    }
    if config.tower is None:
        return record
    sections = list(config.tower.multi_rotary)
    return record | {"tower": config.tower.family, "multi_rotary": sections}


def _rope_record(rope: Rope) -> dict[str, object]:
    match rope:
        case DefaultRope():
            return {"type": "default", "theta": str(rope.theta)}
        case Llama3Rope():
            return {
                "type": "llama3",
                "theta": str(rope.theta),
                "factor": str(rope.factor),
                "low_freq_factor": str(rope.low_freq_factor),
                "high_freq_factor": str(rope.high_freq_factor),
                "original_max_positions": rope.original_max_positions,
            }
        case _:
            assert_never(rope)

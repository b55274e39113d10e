"""The language towers of vision-language models: where config.json and tensors hold them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from spikeref.checkpoint.fields import Fields

TowerFamily: TypeAlias = Literal["llava", "qwen2-vl"]

TOWER_MODEL_TYPES: dict[str, TowerFamily] = {
    "llava": "llava",
    "llava_next": "llava",
    "qwen2_vl": "qwen2-vl",
}
TOWER_ARCHITECTURES: dict[str, TowerFamily] = {
    "LlavaForConditionalGeneration": "llava",
    "LlavaNextForConditionalGeneration": "llava",
    "Qwen2VLForConditionalGeneration": "qwen2-vl",
}
LLAMA_DEFAULTS: dict[str, Any] = {
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "max_position_embeddings": 2048,
    "rms_norm_eps": Decimal("1e-6"),
    "vocab_size": 32000,
}
"""What the text_config of a LLaVA leaves out, as transformers' LlamaConfig has it."""

PREFIXES = ("model.language_model.", "language_model.model.", "model.")
HEADS = ("language_model.lm_head.weight", "lm_head.weight")
OTHER_TOWERS = (
    "visual.", "vision_tower.", "multi_modal_projector.", "model.visual.", "model.vision_tower.",
    "model.multi_modal_projector.", "image_newline", "model.image_newline",
)  # fmt: skip
"""Beginnings of the names of what stays analog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tower:
    """Which model a decoder is the language tower of."""

    family: TowerFamily
    multi_rotary: tuple[int, ...]
    """Dimension pairs that turn by each of three position numbers (LMOD-9); empty without."""


def tower_family(config: Fields) -> TowerFamily | None:
    """Return the vision-language family that a config.json names; None for other models."""
    architectures = config.values.get("architectures") or [None]
    named = None
    if isinstance(architectures, list) and isinstance(architectures[0], str):
        named = TOWER_ARCHITECTURES.get(architectures[0])
    return named or TOWER_MODEL_TYPES.get(str(config.values.get("model_type")))


def text_fields(config: Fields, family: TowerFamily) -> Fields:
    """Return the configuration of the language tower, as one of its own family states it.

    CheckpointError: no text_config where there must be one.
    """
    text = config.object("text_config")
    if text is None and family == "llava":
        config.refuse("text_config is missing; it describes the language tower")
    values: dict[str, Any] = dict(config.values if text is None else text.values)
    if "tie_word_embeddings" not in values and config.has("tie_word_embeddings"):
        values["tie_word_embeddings"] = config.values["tie_word_embeddings"]
    values.pop("architectures", None)
    match family:
        case "llava":
            if values.get("model_type", "llama") == "llama":
                values = LLAMA_DEFAULTS | values
                values["model_type"] = "llama"
        case "qwen2-vl":
            values["model_type"] = "qwen2"
            for key in ("rope_scaling", "rope_parameters"):
                values[key] = _without_sections(values.get(key))
    where = config.where if text is None else text.where
    return Fields(values=values, where=where)


def multi_rotary(config: Fields, family: TowerFamily, head_dim: int) -> tuple[int, ...]:
    """Return the sections of a multi-axis rotary embedding, which sum to d/2; empty without.

    CheckpointError: sections that are missing or do not.
    """
    if family == "llava":
        return ()
    text = config.object("text_config") or config
    places = [text.object(key) for key in ("rope_scaling", "rope_parameters")]
    stated = [p for p in places if p is not None and "mrope_section" in p.values]
    if not stated:
        text.refuse("no mrope_section in rope_scaling; Qwen2-VL turns by three position numbers")
    sections = stated[0].values["mrope_section"]
    whole = isinstance(sections, list) and len(sections) == 3
    if not whole or not all(type(s) is int and s > 0 for s in sections):
        stated[0].refuse("mrope_section must be a list of three positive integers")
    if 2 * sum(sections) != head_dim:
        stated[0].refuse(f"mrope_section sums to {sum(sections)}, not to {head_dim} / 2")
    return tuple(sections)


def find_prefix(names: Collection[str]) -> str:
    """Return the prefix of the tower's tensors; the last if none fits."""
    held = frozenset(names)
    return next((p for p in PREFIXES if f"{p}embed_tokens.weight" in held), PREFIXES[-1])


def find_head(names: Collection[str]) -> str:
    """Return the name of the tower's head; the last if none fits."""
    held = frozenset(names)
    return next((name for name in HEADS if name in held), HEADS[-1])


def _without_sections(rope: Any) -> Any:
    """Return a rope object without what only the multi-axis embedding has: the rest is default."""
    if not isinstance(rope, Mapping) or "mrope_section" not in rope:
        return rope
    left = {key: value for key, value in rope.items() if key != "mrope_section"}
    for key in ("type", "rope_type"):
        if left.get(key) == "mrope":
            left[key] = "default"
    return left

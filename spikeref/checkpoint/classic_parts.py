"""The tensors of BERT, GPT-2 and OPT by what they are for."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import assert_never

from spikeref.checkpoint.classic_config import ClassicConfig
from spikeref.checkpoint.parts import (
    LayerParts,
    MatrixPart,
    NormParts,
    OperatorParts,
    OuterParts,
    RowsPart,
    VectorPart,
    whole_matrix,
    whole_vector,
)
from spikeref.model.groups import Operator

_PREFIXES = {
    "bert": ("bert.", ""),
    "gpt2": ("transformer.", ""),
    "opt": ("model.decoder.", "decoder.", ""),
}
_EMBEDDINGS = {
    "bert": "embeddings.word_embeddings.weight",
    "gpt2": "wte.weight",
    "opt": "embed_tokens.weight",
}
_LAYERS = {"bert": "encoder.layer.", "gpt2": "h.", "opt": "layers."}
_NORM_NAMES = ("weight", "bias")
_OLD_NORM_NAMES = ("gamma", "beta")
_GPT2_BUFFERS = ("attn.bias", "attn.masked_bias")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicTensors:
    """How one checkpoint names its tensors, which the names it holds decide."""

    config: ClassicConfig
    prefix: str
    has_pooler: bool
    has_classifier: bool
    norm_names: tuple[str, str]
    """What γ and β of a norm are called; the first BERT checkpoints say so."""

    @classmethod
    def found(cls, config: ClassicConfig, names: Collection[str]) -> "ClassicTensors":
        """Return what the names of a checkpoint's tensors say; the last prefix if none fits."""
        held = frozenset(names)
        prefixes = _PREFIXES[config.family]
        embedding = _EMBEDDINGS[config.family]
        stems = (embedding, _LAYERS[config.family])
        prefix = next(
            (p for p in prefixes if any(name.startswith(p + s) for name in held for s in stems)),
            prefixes[-1],
        )
        old = f"{prefix}embeddings.LayerNorm.gamma"
        return cls(
            config=config,
            prefix=prefix,
            has_pooler=f"{prefix}pooler.dense.weight" in held,
            has_classifier="classifier.weight" in held,
            norm_names=_OLD_NORM_NAMES if old in held else _NORM_NAMES,
        )

    def passed_over(self, name: str) -> bool:
        """Whether a tensor is one that such checkpoints carry and no inference here reads."""
        if name == "lm_head.weight":
            return True
        match self.config.family:
            case "bert":
                return name.startswith("cls.") or name.endswith("embeddings.position_ids")
            case "gpt2":
                return name.endswith(_GPT2_BUFFERS)
            case "opt":
                return False
            case _:
                assert_never(self.config.family)

    def layer(self, index: int) -> LayerParts:
        """Return the tensors of one layer."""
        match self.config.family:
            case "bert":
                return self._bert_layer(f"{self.prefix}encoder.layer.{index}.")
            case "gpt2":
                return self._gpt2_layer(f"{self.prefix}h.{index}.")
            case "opt":
                return self._opt_layer(f"{self.prefix}layers.{index}.")
            case _:
                assert_never(self.config.family)

    def outer(self) -> OuterParts:
        """Return the tensors that belong to no layer."""
        config = self.config
        width = config.hidden
        embedding = RowsPart(
            name=self.prefix + _EMBEDDINGS[config.family], rows=config.vocab, width=width
        )
        positions = RowsPart(
            name=self.prefix + self._position_name(),
            rows=config.max_positions + config.position_offset,
            width=width,
        )
        if config.family == "bert":
            return self._bert_outer(embedding, positions)
        final = {"gpt2": "ln_f", "opt": "final_layer_norm"}[config.family]
        separate = None
        if not config.tie_embeddings:
            separate = RowsPart(name="lm_head.weight", rows=config.vocab, width=width)
        return OuterParts(
            embedding=embedding,
            positions=positions,
            types=None,
            embedding_norm=None,
            final_norm=self._norm(self.prefix + final) if config.final_norm else None,
            head=separate,
            pooler=None,
            classifier=None,
        )

    def _position_name(self) -> str:
        match self.config.family:
            case "bert":
                return "embeddings.position_embeddings.weight"
            case "gpt2":
                return "wpe.weight"
            case "opt":
                return "embed_positions.weight"
            case _:
                assert_never(self.config.family)

    def _bert_outer(self, embedding: RowsPart, positions: RowsPart) -> OuterParts:
        config, prefix, width = self.config, self.prefix, self.config.hidden
        types = RowsPart(
            name=f"{prefix}embeddings.token_type_embeddings.weight",
            rows=config.token_types,
            width=width,
        )
        pooler = _operator(f"{prefix}pooler.dense", width, width) if self.has_pooler else None
        classifier = None
        if self.has_classifier and self.has_pooler:
            classifier = _operator("classifier", config.labels, width)
        return OuterParts(
            embedding=embedding,
            positions=positions,
            types=types,
            embedding_norm=self._norm(f"{prefix}embeddings.LayerNorm"),
            final_norm=None,
            head=None,
            pooler=pooler,
            classifier=classifier,
        )

    def _norm(self, name: str) -> NormParts:
        gamma, beta = self.norm_names
        return NormParts(
            gamma=whole_vector(f"{name}.{gamma}", self.config.hidden),
            beta=whole_vector(f"{name}.{beta}", self.config.hidden),
        )

    def _bert_layer(self, prefix: str) -> LayerParts:
        width, inner = self.config.hidden, self.config.intermediate
        names: dict[Operator, tuple[str, int, int]] = {
            "q": ("attention.self.query", width, width),
            "k": ("attention.self.key", width, width),
            "v": ("attention.self.value", width, width),
            "o": ("attention.output.dense", width, width),
            "up": ("intermediate.dense", inner, width),
            "down": ("output.dense", width, inner),
        }
        return LayerParts(
            attention_norm=self._norm(f"{prefix}attention.output.LayerNorm"),
            mlp_norm=self._norm(f"{prefix}output.LayerNorm"),
            operators=_operators(prefix, names, _operator),
        )

    def _opt_layer(self, prefix: str) -> LayerParts:
        width, inner = self.config.hidden, self.config.intermediate
        names: dict[Operator, tuple[str, int, int]] = {
            "q": ("self_attn.q_proj", width, width),
            "k": ("self_attn.k_proj", width, width),
            "v": ("self_attn.v_proj", width, width),
            "o": ("self_attn.out_proj", width, width),
            "up": ("fc1", inner, width),
            "down": ("fc2", width, inner),
        }
        return LayerParts(
            attention_norm=self._norm(f"{prefix}self_attn_layer_norm"),
            mlp_norm=self._norm(f"{prefix}final_layer_norm"),
            operators=_operators(prefix, names, _operator),
        )

    def _gpt2_layer(self, prefix: str) -> LayerParts:
        width, inner = self.config.hidden, self.config.intermediate
        names: dict[Operator, tuple[str, int, int]] = {
            "o": ("attn.c_proj", width, width),
            "up": ("mlp.c_fc", inner, width),
            "down": ("mlp.c_proj", width, inner),
        }
        joint = f"{prefix}attn.c_attn"
        parts: tuple[Operator, ...] = ("q", "k", "v")
        cut = {op: _third(joint, width, place) for place, op in enumerate(parts)}
        return LayerParts(
            attention_norm=self._norm(f"{prefix}ln_1"),
            mlp_norm=self._norm(f"{prefix}ln_2"),
            operators=cut | _operators(prefix, names, _conv1d),
        )


def _operators(
    prefix: str,
    names: dict[Operator, tuple[str, int, int]],
    make: Callable[[str, int, int], OperatorParts],
) -> dict[Operator, OperatorParts]:
    return {
        operator: make(prefix + name, outputs, inputs)
        for operator, (name, outputs, inputs) in names.items()
    }


def _operator(name: str, outputs: int, inputs: int) -> OperatorParts:
    return OperatorParts(
        weight=whole_matrix(f"{name}.weight", outputs, inputs),
        bias=whole_vector(f"{name}.bias", outputs),
    )


def _conv1d(name: str, outputs: int, inputs: int) -> OperatorParts:
    return OperatorParts(
        weight=MatrixPart(
            name=f"{name}.weight",
            stored_outputs=outputs,
            inputs=inputs,
            first=0,
            outputs=outputs,
            by_columns=True,
        ),
        bias=whole_vector(f"{name}.bias", outputs),
    )


def _third(name: str, width: int, place: int) -> OperatorParts:
    """Return q, k or v of GPT-2's joint Conv1D: place 0, 1 or 2 of its outputs."""
    return OperatorParts(
        weight=MatrixPart(
            name=f"{name}.weight",
            stored_outputs=3 * width,
            inputs=width,
            first=place * width,
            outputs=width,
            by_columns=True,
        ),
        bias=VectorPart(name=f"{name}.bias", stored=3 * width, first=place * width, size=width),
    )

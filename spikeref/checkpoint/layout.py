"""The layout of a checkpoint: its tensors by what they are for, whatever the family."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from spikeref.checkpoint.classic_config import ClassicConfig
from spikeref.checkpoint.classic_parts import ClassicTensors
from spikeref.checkpoint.config import DecoderConfig, SourceConfig
from spikeref.checkpoint.families import (
    EMBEDDING,
    FINAL_NORM,
    LM_HEAD,
    PREFIX,
    LayerRole,
    TensorSpec,
    is_passed_over,
    layer_tensors,
)
from spikeref.checkpoint.parts import (
    LayerParts,
    NormParts,
    OperatorParts,
    OuterParts,
    RowsPart,
    VectorPart,
    layer_shapes,
    outer_shapes,
    whole_matrix,
    whole_vector,
)
from spikeref.checkpoint.towers import OTHER_TOWERS, find_head, find_prefix
from spikeref.model.groups import OPERATORS, Operator

BIAS_OF: dict[Operator, LayerRole] = {
    "q": "q_bias", "k": "k_bias", "v": "v_bias", "o": "o_bias",
    "gate": "gate_bias", "up": "up_bias", "down": "down_bias",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderTensors:
    """The tensors of LLaMA, Mistral and Qwen, which are named alike, towers behind a prefix."""

    config: DecoderConfig
    prefix: str
    head: str

    @classmethod
    def found(cls, config: DecoderConfig, names: Collection[str]) -> "DecoderTensors":
        """Return what the names of a checkpoint's tensors say."""
        if config.tower is None:
            return cls(config=config, prefix=PREFIX, head=LM_HEAD)
        return cls(config=config, prefix=find_prefix(names), head=find_head(names))

    def passed_over(self, name: str) -> bool:
        """Whether a tensor is one that no inference of the language tower reads."""
        if self.config.tower is not None and name.startswith(OTHER_TOWERS):
            return True
        inside = name.startswith(self.prefix)
        usual = PREFIX + name.removeprefix(self.prefix) if inside else name
        return name == self.head or is_passed_over(usual)

    def layer(self, index: int) -> LayerParts:
        """Return the tensors of one layer."""
        found = {
            role: TensorSpec(name=self._named(spec.name), shape=spec.shape)
            for role, spec in layer_tensors(self.config, index).items()
        }
        return LayerParts(
            attention_norm=_norm(found["attention_norm"]),
            mlp_norm=_norm(found["mlp_norm"]),
            operators={
                operator: OperatorParts(
                    weight=whole_matrix(found[operator].name, *found[operator].shape),
                    bias=_bias(found.get(BIAS_OF[operator])),
                )
                for operator in OPERATORS
            },
        )

    def outer(self) -> OuterParts:
        """Return the tensors that belong to no layer."""
        config = self.config
        head = None
        if not config.tie_embeddings:
            head = RowsPart(name=self.head, rows=config.vocab, width=config.hidden)
        final = TensorSpec(name=self._named(FINAL_NORM), shape=(config.hidden,))
        return OuterParts(
            embedding=RowsPart(name=self._named(EMBEDDING), rows=config.vocab, width=config.hidden),
            positions=None,
            types=None,
            embedding_norm=None,
            final_norm=_norm(final),
            head=head,
            pooler=None,
            classifier=None,
        )

    def _named(self, usual: str) -> str:
        """Return the name, in this checkpoint, of a tensor that a decoder by itself calls so."""
        return self.prefix + usual.removeprefix(PREFIX)


Layout: TypeAlias = DecoderTensors | ClassicTensors


def layout_of(config: SourceConfig, names: Collection[str]) -> Layout:
    """Return the layout of a checkpoint that holds tensors of these names."""
    match config:
        case DecoderConfig():
            return DecoderTensors.found(config, names)
        case ClassicConfig():
            return ClassicTensors.found(config, names)
        case _:
            assert_never(config)


def all_shapes(layout: Layout) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and shape of every tensor that the model uses, each at least once."""
    yield from outer_shapes(layout.outer())
    for layer in range(layout.config.layers):
        yield from layer_shapes(layout.layer(layer))


def _norm(spec: TensorSpec) -> NormParts:
    return NormParts(gamma=whole_vector(spec.name, spec.shape[0]), beta=None)


def _bias(spec: TensorSpec | None) -> VectorPart | None:
    return None if spec is None else whole_vector(spec.name, spec.shape[0])

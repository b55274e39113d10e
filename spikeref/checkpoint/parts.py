"""Where a model's operators, norms and rows are in the tensors of a checkpoint."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from spikeref.model.groups import Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixPart:
    """Some outputs of a stored matrix.

    Stored are [outputs, inputs], or [inputs, outputs] where `by_columns` (a Conv1D).
    """

    name: str
    stored_outputs: int
    inputs: int
    first: int
    outputs: int
    by_columns: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Of the stored tensor."""
        stored = self.stored_outputs, self.inputs
        return (stored[1], stored[0]) if self.by_columns else stored


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorPart:
    """Some entries of a stored vector."""

    name: str
    stored: int
    first: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorParts:
    """A linear operator."""

    weight: MatrixPart
    bias: VectorPart | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NormParts:
    """γ, and β where there is one."""

    gamma: VectorPart
    beta: VectorPart | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsPart:
    """A table of rows, [rows, width]."""

    name: str
    rows: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerParts:
    """One layer."""

    attention_norm: NormParts
    mlp_norm: NormParts
    operators: Mapping[Operator, OperatorParts]


@dataclass(frozen=True, slots=True, kw_only=True)
class OuterParts:
    """What belongs to no layer."""

    embedding: RowsPart
    positions: RowsPart | None
    types: RowsPart | None
    embedding_norm: NormParts | None
    final_norm: NormParts | None
    head: RowsPart | None
    """None where the embedding serves, and in an encoder."""
    pooler: OperatorParts | None
    classifier: OperatorParts | None


def whole_matrix(name: str, outputs: int, inputs: int) -> MatrixPart:
    """Return all outputs of a matrix [outputs, inputs]."""
    return MatrixPart(
        name=name,
        stored_outputs=outputs,
        inputs=inputs,
        first=0,
        outputs=outputs,
        by_columns=False,
    )


def whole_vector(name: str, size: int) -> VectorPart:
    """Return all entries of a vector."""
    return VectorPart(name=name, stored=size, first=0, size=size)


def layer_shapes(layer: LayerParts) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and shape of every tensor of a layer; one that serves twice comes twice."""
    for norm in (layer.attention_norm, layer.mlp_norm):
        yield from _norm_shapes(norm)
    for operator in layer.operators.values():
        yield from _operator_shapes(operator)


def outer_shapes(outer: OuterParts) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and shape of every tensor that belongs to no layer."""
    for rows in (outer.embedding, outer.positions, outer.types, outer.head):
        if rows is not None:
            yield rows.name, (rows.rows, rows.width)
    for norm in (outer.embedding_norm, outer.final_norm):
        if norm is not None:
            yield from _norm_shapes(norm)
    for operator in (outer.pooler, outer.classifier):
        if operator is not None:
            yield from _operator_shapes(operator)


def _norm_shapes(norm: NormParts) -> Iterator[tuple[str, tuple[int, ...]]]:
    for part in (norm.gamma, norm.beta):
        if part is not None:
            yield part.name, (part.stored,)


def _operator_shapes(operator: OperatorParts) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield operator.weight.name, operator.weight.shape
    if operator.bias is not None:
        yield operator.bias.name, (operator.bias.stored,)

"""Chapter 20's walk of a sequence through a LAS model, with the records of LAS-18."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from . import las_operators as rule
from .las_attention import encode
from .las_functions import activate
from .las_heads import HeadSpikes, attend_token, spike_heads
from .las_model import LasLayer, LasModel, Synapses
from .las_neurons import Code
from .las_norm import Functions, Norm, normalised, published
from .las_operators import Spikes, Table
from .las_records import (
    attention_fields,
    gated_fields,
    head_spikes_fields,
    input_fields,
    linear_fields,
    norm_fields,
    output_fields,
)
from .operators import add_residual
from .record_fields import residual_fields
from .tensor import Refusal, Tensor
from .trace import Record

Emit: TypeAlias = Callable[[str, Mapping[str, Tensor]], None]
Row: TypeAlias = list[int]

WIDE = ("o", "down")
"""Operators whose output joins the residual stream (LAS-6)."""
ACTIVATION_FRACTION = 20
"""Fraction bits behind an activation (HG-1)."""


@dataclass(frozen=True, slots=True)
class Walk:
    """One token at one place of the model: its operators, each of which leaves a record."""

    model: LasModel
    emit: Emit

    def normalise(self, op: str, x: Sequence[int], norm: Norm) -> Row:
        """A norm (LAS-4, LAS-16)."""
        config, tables = self.model.config, self.model.tables
        functions = Functions(
            square=tables.square,
            inverse_root=tables.inverse_root,
            root=tables.root,
            reciprocal=tables.reciprocal,
        )
        if config.published_norm:
            normed = published(x, norm, functions, config.form)
        else:
            normed = normalised(x, norm, functions, config.form.steps)
        self.emit(op, norm_fields(normed))
        return normed.output

    def enter(self, op: str, x: Sequence[int], code: Code, fraction: int = 16) -> Spikes:
        """The spikes of a role (LAS-5)."""
        spikes, saturations = encode(x, fraction, code)
        self.emit(op, input_fields(spikes, saturations))
        return spikes

    def project(self, op: str, given: Spikes, synapses: Synapses, code: Code) -> Row:
        """A linear operator (LAS-6)."""
        ties = self.model.config.ties
        y = rule.saw(given, synapses.rows, len(synapses.channels), code)
        scales = [rule.combine(code.unit, channel, ties) for channel in synapses.channels]
        bound, bits = synapses.weight_bound * code.largest_value, 40 if op in WIDE else 32
        result = rule.rescale(y, bound, scales, synapses.bias, bits, ties)
        self.emit(op, linear_fields(result))
        return result.output

    def add(self, op: str, residual: Sequence[int], out: Sequence[int]) -> Row:
        """A residual addition (OP-10)."""
        total, saturations = add_residual(residual, out)
        self.emit(op, residual_fields(total, saturations))
        return total


@dataclass(frozen=True, slots=True)
class LayerWalk(Walk):
    """One token in one layer (LAS-14)."""

    layer: LasLayer

    def linear(self, op: str, given: Spikes, role: str) -> Row:
        """A linear operator of the layer, on spikes of the role."""
        return self.project(op, given, self.layer.operators[op], self.layer.codes[role])

    def heads(self, residual: Sequence[int], numbers: Sequence[int]) -> HeadSpikes:
        """The token's queries, keys and values as spikes (LAS-5 to LAS-7)."""
        layer, x = self.layer, residual
        if self.model.config.structure.placement == "pre":
            x = self.normalise("attention_norm", residual, layer.attention_norm)
        given = self.enter("qkv_input", x, layer.codes["attention_input"])
        q, k, v = (self.linear(op, given, "attention_input") for op in ("q", "k", "v"))
        spikes, saturations = spike_heads(q, k, v, numbers, self.model, layer)
        populations = (spikes.query, spikes.key, spikes.value)
        ops = ("query_spikes", "key_spikes", "value_spikes")
        for op, population, cut in zip(ops, populations, saturations, strict=True):
            self.emit(op, head_spikes_fields(population, cut))
        return spikes

    def residual_after(
        self, residual: Sequence[int], position: int, sequence: Sequence[HeadSpikes]
    ) -> Row:
        """The residual stream after the layer, from the spikes of all positions' heads."""
        layer, codes = self.layer, self.layer.codes
        attended = attend_token(position, sequence, self.model, layer)
        self.emit("attention", attention_fields(attended))
        mixed = [x for head in attended for x in head.attended.mixed]
        out = self.linear("o", self.enter("o_input", mixed, codes["o_input"]), "o_input")
        x = self.add("attention_residual", residual, out)
        post = self.model.config.structure.placement == "post"
        if post:
            x = self.normalise("post_attention_norm", x, layer.attention_norm)
        entry = x if post else self.normalise("mlp_norm", x, layer.mlp_norm)
        given = self.enter("mlp_input", entry, codes["mlp_input"])
        feed = self.gated(given) if self.model.config.structure.gated else self.plain(given)
        x = self.add("mlp_residual", x, self.linear("down", feed, "activation"))
        return self.normalise("post_mlp_norm", x, layer.mlp_norm) if post else x

    def activation(self, h: Sequence[int]) -> Row:
        """The activation function, with 20 fraction bits (HG-1)."""
        tables = self.model.tables
        a = [activate(x, tables.activation, tables.steps) for x in h]
        self.emit("activation", output_fields(a))
        return a

    def plain(self, given: Spikes) -> Spikes:
        """A plain feed-forward up to the input of down (LAS-13)."""
        a = self.activation(self.linear("up", given, "mlp_input"))
        return self.enter("down_input", a, self.layer.codes["activation"], ACTIVATION_FRACTION)

    def gated(self, given: Spikes) -> Spikes:
        """A gated feed-forward up to the input of down (LAS-13)."""
        codes, tables, ties = self.layer.codes, self.model.tables, self.model.config.ties
        gates = self.linear("gate", given, "mlp_input")
        ups = self.linear("up", given, "mlp_input")
        self.activation(gates)
        u = self.enter("up_spikes", ups, codes["up"])
        m, cut = rule.gated(gates, u, tables.activation, tables.steps, codes["up"], ties)
        self.emit("gated", gated_fields(m, cut))
        return self.enter("down_input", m, codes["activation"])


@dataclass(frozen=True, slots=True)
class OutputWalk(Walk):
    """One token behind the layers (LAS-15)."""

    def finish(self, residual: Sequence[int], position: int) -> None:
        """The final norm, a decoder's logits, what an encoder makes of its first position."""
        model, code = self.model, self.model.codes["head_input"]
        x = residual
        if model.final_norm is not None:
            x = self.normalise("final_norm", residual, model.final_norm)
        if model.head is not None:
            self.project("head", self.enter("head_input", x, code), model.head, code)
        elif model.pooler is not None and position == 0:
            self.pool(x, model.pooler)

    def pool(self, x: Sequence[int], pooler: Synapses) -> None:
        """An encoder's pooled first position, and its scores."""
        model, tables = self.model, self.model.tables
        code, last = model.codes["head_input"], model.codes["classifier_input"]
        hidden = self.project("pooler", self.enter("head_input", x, code), pooler, code)
        pooled = [activate(h, tables.tanh, tables.steps) for h in hidden]
        self.emit("pooled", output_fields(pooled))
        if model.classifier is not None:
            given = self.enter("classifier_input", pooled, last, ACTIVATION_FRACTION)
            self.project("classifier", given, model.classifier, last)


def las_decode(
    model: LasModel,
    tokens: Sequence[int],
    *,
    types: Sequence[int] | None = None,
    embeddings: Sequence[Sequence[int]] | None = None,
    numbers: Sequence[Sequence[int]] | None = None,
) -> list[Record]:
    """The records of a sequence in order of token, layer and op; refuses by OP-1.

    types: the token type of each token, all 0 unless given. embeddings: a row of 16 fraction bits
    for each position in place of the token table's; every token is then −1 (TRACE-5). numbers:
    three position numbers of each token where they are not its place (LMOD-9).
    """
    check_tokens(model, tokens, given=embeddings is not None)
    check_types(model, types, len(tokens))
    records: list[Record] = []

    def emitter(token: int, layer: int) -> Emit:
        return lambda op, fields: records.append(Record(token, layer, f"las_{op}", fields))

    stream = []
    for position, token in enumerate(tokens):
        row = (model.embedding, token)
        if embeddings is not None:
            row = (Table([embeddings[position]], [-16]), 0)
        kind = 0 if types is None else types[position]
        stream.append(embed_token(Walk(model, emitter(position, -1)), row, position, kind))
    turns = [(i, i, i) for i in range(len(tokens))] if numbers is None else numbers
    for number, layer in enumerate(model.layers):
        walks = [LayerWalk(model, emitter(i, number), layer) for i in range(len(tokens))]
        sequence = [walk.heads(stream[i], turns[i]) for i, walk in enumerate(walks)]
        stream = [walk.residual_after(stream[i], i, sequence) for i, walk in enumerate(walks)]
    for position, residual in enumerate(stream):
        OutputWalk(model, emitter(position, len(model.layers))).finish(residual, position)
    return sorted(records, key=lambda record: (record.token, record.layer, record.code))


def check_tokens(model: LasModel, tokens: Sequence[int], *, given: bool) -> None:
    """Refuse no token, more than there are positions, and ids outside the vocabulary (OP-1)."""
    shape = model.config.shape
    if not 0 < len(tokens) <= shape.positions:
        raise Refusal("token", f"{len(tokens)} tokens of at most {shape.positions}")
    for token in tokens:
        if token != -1 if given else not 0 <= token < shape.vocab:
            raise Refusal("token", f"token {token} outside the vocabulary")


def check_types(model: LasModel, types: Sequence[int] | None, tokens: int) -> None:
    """Refuse token types that the model has no rows for, or that are not one a token (LAS-3)."""
    if types is None:
        return
    count = 0 if model.types is None else len(model.types.exponents)
    if len(types) != tokens or not all(0 <= kind < count for kind in types):
        raise Refusal("token", f"types {list(types)}")


def embed_token(walk: Walk, row: tuple[Table, int], position: int, kind: int) -> Row:
    """The sum of a token's rows, and the embedding norm where there is one (LAS-3)."""
    model = walk.model
    places = [row]
    if model.positions is not None:
        places.append((model.positions, position + model.config.structure.position_offset))
    if model.types is not None:
        places.append((model.types, kind))
    residual, saturations = rule.embed(places, model.config.ties)
    walk.emit("embedding", residual_fields(residual, saturations))
    if model.embedding_norm is None:
        return residual
    return walk.normalise("embedding_norm", residual, model.embedding_norm)

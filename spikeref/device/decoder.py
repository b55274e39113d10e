"""Chapter 8's walk of one token through the layers, with the records of chapter 12."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .attention import (
    KEY_FRACTION,
    VALUE_FRACTION,
    Position,
    attend,
    cache_head,
    query_head,
    rope,
)
from .model import Layer, Model
from .operators import (
    Gamma,
    Input,
    Scaled,
    add_residual,
    embed,
    greedy,
    linear,
    logits,
    rms_norm,
    silu_gate,
    spiking_input,
)
from .record_fields import (
    attention_fields,
    cached_fields,
    head_fields,
    input_fields,
    output_fields,
    query_fields,
    residual_fields,
)
from .tensor import Refusal, Tensor
from .trace import Record

Emit: TypeAlias = Callable[[str, Mapping[str, Tensor]], None]

WIDE = ("o", "down")
"""Operators whose output joins the residual stream (OP-8)."""


@dataclass(slots=True)
class Decoder:
    """A model with a cache (ATT-12); `step` decodes one token after those before it."""

    model: Model
    cache: list[list[Position]] = field(default_factory=list)
    position: int = 0

    def step(self, token: int) -> list[Record]:
        """Decode one token: OP-1, OP-11 for each layer, OP-12; return its records."""
        model, records = self.model, []
        if not 0 <= token < model.shape.vocab or self.position >= model.shape.positions:
            raise Refusal("token", f"token {token} or position {self.position} out of range")

        def emitter(layer: int) -> Emit:
            return lambda op, fields: records.append(Record(self.position, layer, op, fields))

        row, exponent = model.embedding[token], model.embedding_exponents[token]
        residual, saturations = embed(row, exponent, model.ties)
        emitter(-1)("embedding", residual_fields(residual, saturations))
        for number, layer in enumerate(model.layers):
            if self.position == 0:
                self.cache.append([])
            walk = Walk(model, layer, self.cache[number], self.position, emitter(number))
            residual = walk.residual_after(residual)
        u = rms_norm(residual, model.norm, model.final_norm, model.ties, model.hg)
        entry, scores, saturations = logits(u, model.head, model.head_exponents, model.ties)
        emitter(model.shape.layers)("head", head_fields(entry, scores, saturations))
        self.position += 1
        return records


@dataclass(frozen=True, slots=True)
class Walk:
    """One token in one layer; `cache` holds the positions before it."""

    model: Model
    layer: Layer
    cache: list[Position]
    position: int
    emit: Emit

    def residual_after(self, residual: list[int]) -> list[int]:
        """The residual stream after the layer, in the order of OP-11."""
        model, layer = self.model, self.layer
        given = self.enter("qkv", self.normalise(residual, layer.attention_norm))
        q, k, v = (self.project(op, given) for op in ("q", "k", "v"))
        given = self.enter("o", self.attention(q, k, v))
        residual, saturations = add_residual(residual, self.project("o", given))
        self.emit("attention_residual", residual_fields(residual, saturations))
        given = self.enter("gate_up", self.normalise(residual, layer.mlp_norm))
        gates, ups = self.project("gate", given), self.project("up", given)
        u = silu_gate(gates, ups, model.log2e, model.table, model.ties, model.hg)
        given = self.enter("down", u)
        residual, saturations = add_residual(residual, self.project("down", given))
        self.emit("mlp_residual", residual_fields(residual, saturations))
        return residual

    def normalise(self, residual: Sequence[int], gamma: Gamma | None) -> Scaled:
        """OP-2 and OP-3."""
        model = self.model
        return rms_norm(residual, model.norm, gamma, model.ties, model.hg)

    def enter(self, group: str, u: Scaled) -> Input:
        """The encoded input of a group (OP-4 to OP-7)."""
        model, clip = self.model, self.layer.clips.get(group)
        given = spiking_input(u, model.activation, clip, rotate=model.rotates(group))
        self.emit(f"{group}_input", input_fields(given))
        return given

    def project(self, op: str, given: Input) -> list[int]:
        """One linear operator (OP-8)."""
        bits = 40 if op in WIDE else 32
        result = linear(given, self.layer.operators[op], self.model.activation, bits)
        self.emit(op, output_fields(result))
        return result.output

    def attention(self, q: Sequence[int], k: Sequence[int], v: Sequence[int]) -> Scaled:
        """Chapter 9: cache the token's keys and values, and attend; the input of o."""
        model, heads, neuron = self.model, self.layer.heads, self.model.cache
        size = model.shape.head_dim
        cos, sin = model.cos[self.position], model.sin[self.position]
        turned = [rope(x, cos, sin) for x in heads_of(q, size)]
        queries = [query_head(r, model.score, model.ties, rotate=heads.rotate) for r in turned]
        turned = [rope(x, cos, sin) for x in heads_of(k, size)]
        keys = [cache_head(r, neuron, KEY_FRACTION, rotate=heads.rotate) for r in turned]
        values = [
            cache_head(x, neuron, VALUE_FRACTION, rotate=heads.rotate) for x in heads_of(v, size)
        ]
        self.emit("query", query_fields(queries))
        self.emit("key_spikes", cached_fields(keys))
        self.emit("value_spikes", cached_fields(values))
        position = Position(keys=[key for _, key in keys], values=[value for _, value in values])
        self.cache.append(position)
        mixed, output = attend(queries, self.cache, self.position, heads)
        self.emit("attention", attention_fields(mixed, output))
        return output


def heads_of(values: Sequence[int], size: int) -> list[list[int]]:
    """The values by head."""
    return [list(values[i : i + size]) for i in range(0, len(values), size)]


def decode(model: Model, tokens: Sequence[int]) -> list[Record]:
    """The records of a token list from an empty cache; refuses an empty one (OP-1)."""
    if not tokens:
        raise Refusal("token", "no token")
    decoder = Decoder(model)
    return [record for token in tokens for record in decoder.step(token)]


def logits_of(records: Sequence[Record]) -> list[tuple[int, ...]]:
    """The logits of every token."""
    return [record.fields["logits"].flat for record in records if record.op == "head"]


def generate(
    model: Model, prompt: Sequence[int], limit: int
) -> tuple[list[int], list[tuple[int, ...]]]:
    """At most `limit` new tokens, and the logits of all tokens but the last (OP-13)."""
    if not prompt:
        raise Refusal("token", "an empty prompt")
    decoder, seen, new = Decoder(model), [], list[int]()
    for token in prompt:
        seen += logits_of(decoder.step(token))
    while len(new) < limit:
        new.append(greedy(seen[-1]))
        last = len(new) == limit or new[-1] in model.end_tokens
        if last or decoder.position == model.shape.positions:
            break
        seen += logits_of(decoder.step(new[-1]))
    return new, seen

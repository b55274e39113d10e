"""Chapter 8's walk of one token through the layers, with the records of chapter 12."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .attention import Cached, Position, attend, cache_head, heads_of, query_head, rope
from .model_folder import Model
from .operators import Scaled, add_residual, embed, enter, head, linear, normalised, silu_gate
from .trace import Field, Record, matrix, scalar, vector


@dataclass(slots=True)
class Decoder:
    """A model with a cache (ATT-12); `step` decodes one token after those before it."""

    model: Model
    cache: list[list[Position]] = field(default_factory=list)
    position: int = 0

    def step(self, token: int) -> list[Record]:
        """Decode one token: OP-1, OP-11 for each layer, OP-12; return its records."""
        model = self.model
        shape = model.shape
        if not 0 <= token < shape["vocab"] or self.position >= shape["positions"]:
            raise ValueError("token or position out of range")
        records: list[Record] = []
        if not self.cache:
            self.cache = [[] for _ in range(shape["layers"])]

        def emit(layer: int, op: str, fields: dict[str, Field]) -> None:
            records.append(Record(self.position, layer, op, fields))

        residual, saturations = embed(model, token)
        emit(-1, "embedding", residual_fields(residual, saturations))
        for layer in range(shape["layers"]):
            residual = self._layer(layer, residual, emit)
        mantissas, logits, saturations = head(model, residual)
        emit(
            shape["layers"],
            "head",
            {
                "mantissa": vector("i16", mantissas.values),
                "exponent": scalar("i32", mantissas.exponent),
                "logits": vector("i32", logits),
                "saturations": scalar("i64", saturations),
            },
        )
        self.position += 1
        return records

    def _layer(
        self, layer: int, residual: list[int], emit: Callable[[int, str, dict[str, Field]], None]
    ) -> list[int]:
        """One layer in the order of OP-11; return the residual stream after it."""
        model = self.model
        norms = (f"layers.{layer}.attention_norm", f"layers.{layer}.mlp_norm")

        def project(op: str) -> list[int]:
            result = linear(model, layer, op, given)
            emit(layer, op, result.fields())
            return result.output

        given = enter(model, layer, "qkv", normalised(model, residual, norms[0]))
        emit(layer, "qkv_input", given.fields())
        q, k, v = project("q"), project("k"), project("v")
        mixed = self._attention(layer, q, k, v, emit)
        given = enter(model, layer, "o", mixed)
        emit(layer, "o_input", given.fields())
        residual, saturations = add_residual(residual, project("o"))
        emit(layer, "attention_residual", residual_fields(residual, saturations))
        given = enter(model, layer, "gate_up", normalised(model, residual, norms[1]))
        emit(layer, "gate_up_input", given.fields())
        gates, ups = project("gate"), project("up")
        given = enter(model, layer, "down", silu_gate(model, gates, ups))
        emit(layer, "down_input", given.fields())
        residual, saturations = add_residual(residual, project("down"))
        emit(layer, "mlp_residual", residual_fields(residual, saturations))
        return residual

    def _attention(
        self,
        layer: int,
        q: Sequence[int],
        k: Sequence[int],
        v: Sequence[int],
        emit: Callable[[int, str, dict[str, Field]], None],
    ) -> Scaled:
        """Chapter 9 for one layer: cache the token's keys and values and attend."""
        model, size = self.model, self.model.shape["head_dim"]
        at = self.position
        queries = [query_head(model, rope(model, x, at)) for x in heads_of(q, size)]
        keys = [cache_head(model, rope(model, x, at), 30) for x in heads_of(k, size)]
        values = [cache_head(model, x, 16) for x in heads_of(v, size)]
        emit(
            layer,
            "query",
            {
                "mantissa": matrix("i32", [query.values for query in queries]),
                "exponent": vector("i32", [query.exponent for query in queries]),
            },
        )
        emit(layer, "key_spikes", cached_fields(keys))
        emit(layer, "value_spikes", cached_fields(values))
        self.cache[layer].append(Position(keys=keys, values=values))
        mixed, output = attend(model, queries, self.cache[layer], layer)
        emit(
            layer,
            "attention",
            {
                "top_score": vector("i64", [head.top for head in mixed]),
                "weight_sum": vector("i64", [head.weight_sum for head in mixed]),
                "accumulator": matrix("i64", [head.accumulator for head in mixed]),
                "mixed": vector("i64", output.values),
                "exponent": scalar("i32", output.exponent),
                "key_spikes": vector("i64", [head.key_spikes for head in mixed]),
                "value_spikes": vector("i64", [head.value_spikes for head in mixed]),
                "saturations": scalar("i64", sum(head.saturations for head in mixed)),
            },
        )
        return output


def residual_fields(residual: Sequence[int], saturations: int) -> dict[str, Field]:
    """The fields of codes 0, 11 and 17."""
    return {"residual": vector("i64", residual), "saturations": scalar("i64", saturations)}


def cached_fields(heads: Sequence[Cached]) -> dict[str, Field]:
    """The fields of codes 6 and 7."""
    return {
        "potential": matrix("i32", [x.potentials for x in heads]),
        "mantissa": vector("i32", [x.mantissa for x in heads]),
        "exponent": vector("i32", [x.exponent for x in heads]),
        "counts": matrix("i16", [x.spikes.counts for x in heads]),
    }


def decode(model: Model, tokens: Sequence[int]) -> list[Record]:
    """The records of a token list from an empty cache."""
    decoder = Decoder(model)
    return [record for token in tokens for record in decoder.step(token)]

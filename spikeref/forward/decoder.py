"""One pass of T tokens through the decoder, in the order of OP-11, recording every operator."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import add_saturating
from spikeref.engine.products import Engine
from spikeref.forward.cache import Cache, SpikeCache
from spikeref.forward.tokens import check_tokens
from spikeref.model.groups import OUTPUT_BITS, Group, Operator
from spikeref.model.layers import DecoderLayer, IntegerModel
from spikeref.model.rotation import group_width, head_rotation, input_rotation
from spikeref.ops.attention import AttentionOutput, attend
from spikeref.ops.attention_steps import AttentionRules
from spikeref.ops.embedding import RESIDUAL_BITS, embed
from spikeref.ops.head import logits_of
from spikeref.ops.heads import HeadSpikes, query_mantissas_of_rows, spiking_heads_of_rows
from spikeref.ops.linear import linear
from spikeref.ops.non_linear import (
    NonLinearFunctions,
    gate,
    non_linear_functions,
    norm,
    softmax,
)
from spikeref.ops.norm import Scaled
from spikeref.ops.rope import Turns
from spikeref.ops.spiking_input import SpikingInput, spiking_input_of_rows
from spikeref.ops.visibility import visible_spikes
from spikeref.trace.records import (
    EMBEDDING_LAYER,
    INPUT_OPS,
    AttentionRecord,
    CacheOp,
    CacheRecord,
    HeadRecord,
    InputRecord,
    LinearRecord,
    QueryRecord,
    ResidualOp,
    ResidualRecord,
)
from spikeref.trace.sinks import Sink


def forward(
    model: IntegerModel, tokens: NDArray[np.int64], cache: Cache, engine: Engine, sink: Sink
) -> NDArray[np.int32]:
    """Return the logits of tokens [T] that follow what `cache` holds: int32 [T, V].

    Logits have 16 fraction bits. The cache grows by T positions. TokenError for ids or positions
    out of range.
    """
    check_tokens(model.config.shape, tokens, cache.length)
    walk = _Pass.after(cache, model, len(tokens), engine, sink)
    embedded = embed(tokens, model.embedding, model.config.profile.ties)
    walk.record_residual("embedding", EMBEDDING_LAYER, embedded.values, embedded.count)
    return walk.head(decoder_layers(model, embedded.values, cache, engine, sink))


def decoder_layers(
    model: IntegerModel, x: NDArray[np.int64], cache: Cache, engine: Engine, sink: Sink
) -> NDArray[np.int64]:
    """Return the residual stream after all layers, int64 [T, N], of the embedded tokens x [T, N].

    The T tokens follow what `cache` holds and fit the model's positions; the cache grows by them.
    """
    walk = _Pass.after(cache, model, len(x), engine, sink)
    for index, layer in enumerate(model.layers):
        x = walk.layer(index, layer, x)
    cache.length += len(x)
    return x


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pass:
    """What every operator of one pass shares."""

    model: IntegerModel
    first_token: int
    tokens: int
    cache: Cache
    engine: Engine
    functions: NonLinearFunctions
    sink: Sink

    @classmethod
    def after(
        cls, cache: Cache, model: IntegerModel, tokens: int, engine: Engine, sink: Sink
    ) -> "_Pass":
        """Return a pass of T = tokens tokens that follow what `cache` holds."""
        return cls(
            model=model,
            first_token=cache.length,
            tokens=tokens,
            cache=cache,
            engine=engine,
            functions=non_linear_functions(model, engine.hadamard),
            sink=sink,
        )

    def layer(self, index: int, layer: DecoderLayer, x: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the residual stream after one layer, int64 [T, N] (OP-11)."""
        config = self.model.config
        ties = config.profile.ties
        functions = self.functions
        given = self.spikes(
            index,
            layer,
            "qkv",
            lambda rows: norm(x[rows], layer.attention_gamma, functions, ties),
        )
        q, k, v = (self.linear(index, layer, op, given) for op in ("q", "k", "v"))
        mixed = self.attention(index, layer, q, k, v).mixed
        given = self.spikes(index, layer, "o", mixed.rows)
        y = self.add(index, "attention_residual", x, self.linear(index, layer, "o", given))
        given = self.spikes(
            index,
            layer,
            "gate_up",
            lambda rows: norm(y[rows], layer.mlp_gamma, functions, ties),
        )
        gates, ups = (self.linear(index, layer, op, given) for op in ("gate", "up"))
        given = self.spikes(
            index,
            layer,
            "down",
            lambda rows: gate(gates[rows], ups[rows], functions, ties),
        )
        return self.add(index, "mlp_residual", y, self.linear(index, layer, "down", given))

    def spikes(
        self, index: int, layer: DecoderLayer, group: Group, u: Callable[[slice], Scaled]
    ) -> SpikingInput:
        """Encode the input of a group of linear operators, u(rows) for rows of tokens (OP-4)."""
        config = self.model.config
        given = spiking_input_of_rows(
            self.tokens,
            group_width(config.shape, group),
            u,
            input_rotation(config.profile.rotation, config.shape, group),
            layer.clips.get(group),
            config.profile.encoder(),
        )
        self.sink(
            InputRecord(
                op=INPUT_OPS[group],
                layer=index,
                first_token=self.first_token,
                potential=given.potential,
                exponent=given.exponent,
                amax=given.spikes.amax,
                zero_point=given.spikes.zero_point,
                counts=given.spikes.counts,
            )
        )
        return given

    def linear(
        self, index: int, layer: DecoderLayer, operator: Operator, given: SpikingInput
    ) -> NDArray[Any]:
        """Return a linear operator's output, integers [T, M] (OP-8)."""
        done = linear(
            given,
            layer.synapses(operator),
            self.engine,
            self.model.config.profile,
            OUTPUT_BITS[operator],
        )
        self.sink(
            LinearRecord(
                op=operator,
                layer=index,
                first_token=self.first_token,
                accumulator=done.accumulator,
                output=done.output.values,
                saturations=done.output.count,
            )
        )
        return done.output.values

    def attention(
        self,
        index: int,
        layer: DecoderLayer,
        q: NDArray[Any],
        k: NDArray[Any],
        v: NDArray[Any],
    ) -> AttentionOutput:
        """Return attention over the cache, after adding this pass's keys and values to it."""
        model, shape = self.model, self.model.config.shape
        profile = model.config.profile
        plan = head_rotation(profile.rotation, shape)
        rows = slice(self.first_token, self.first_token + len(q))
        turns = Turns(cos=model.tables.cos[rows], sin=model.tables.sin[rows])
        q = q.reshape(len(q), shape.heads, shape.head_dim)
        k = k.reshape(len(k), shape.kv_heads, shape.head_dim)
        v = v.reshape(len(v), shape.kv_heads, shape.head_dim)
        queries = query_mantissas_of_rows(q, turns, plan, model.config.constants, profile.ties)
        self.sink(
            QueryRecord(
                layer=index,
                first_token=self.first_token,
                mantissa=queries.mantissa,
                exponent=queries.exponent,
            )
        )
        encoder = profile.cache_encoder()
        keys, values = self.cache.keys[index], self.cache.values[index]
        self.store(index, "key_spikes", keys, spiking_heads_of_rows(k, turns, plan, encoder))
        self.store(index, "value_spikes", values, spiking_heads_of_rows(v, None, plan, encoder))
        rules = AttentionRules(
            window=layer.sliding_window,
            encoder=encoder,
            softmax=softmax(self.functions),
            head_plan=plan,
        )
        done = attend(queries, keys.view(), values.view(), self.first_token, rules, self.engine)
        self.sink(
            AttentionRecord(
                layer=index,
                first_token=self.first_token,
                top_score=done.top_score,
                weight_sum=done.weight_sum,
                accumulator=done.accumulator,
                mixed=done.mixed.values,
                exponent=done.mixed.exponent,
                key_spikes=visible_spikes(keys.spikes, len(q), shape.heads, rules.sight),
                value_spikes=visible_spikes(values.spikes, len(q), shape.heads, rules.sight),
                saturations=done.score_saturations,
            )
        )
        return done

    def store(self, index: int, op: CacheOp, cache: SpikeCache, heads: HeadSpikes) -> None:
        """Add keys or values to the cache."""
        cache.write(heads, self.first_token)
        self.sink(
            CacheRecord(
                op=op,
                layer=index,
                first_token=self.first_token,
                potential=heads.potential,
                mantissa=heads.mantissa,
                exponent=heads.exponent,
                counts=heads.counts,
            )
        )

    def add(
        self, index: int, op: ResidualOp, x: NDArray[np.int64], out: NDArray[Any]
    ) -> NDArray[np.int64]:
        """Return the residual stream after a saturating addition (OP-10)."""
        summed = add_saturating(x, out, RESIDUAL_BITS)
        self.record_residual(op, index, summed.values, summed.count)
        return summed.values

    def record_residual(
        self, op: ResidualOp, layer: int, x: NDArray[np.int64], saturations: NDArray[np.int64]
    ) -> None:
        """Pass the residual stream to the sink."""
        self.sink(
            ResidualRecord(
                op=op,
                layer=layer,
                first_token=self.first_token,
                residual=x,
                saturations=saturations,
            )
        )

    def head(self, x: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the logits, int32 [T, V] (OP-12)."""
        model = self.model
        ties = model.config.profile.ties
        normed = norm(x, model.final_gamma, self.functions, ties)
        done = logits_of(normed, model.head, ties)
        self.sink(
            HeadRecord(
                layer=model.config.shape.layers,
                first_token=self.first_token,
                mantissa=done.mantissas,
                exponent=done.exponent,
                logits=done.logits,
                saturations=done.saturations,
            )
        )
        return done.logits

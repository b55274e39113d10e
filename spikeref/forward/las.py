"""One pass of T tokens through a LAS model, in the order of LAS-14, recording every operator."""

from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.shifted_sums import ShiftedRows
from spikeref.engine.las_products import LasEngine
from spikeref.errors import TokenError
from spikeref.forward.embedded import Embedded, check_embedded
from spikeref.forward.las_cache import LasCache
from spikeref.forward.las_pass import LasPass
from spikeref.forward.tokens import check_tokens, check_types
from spikeref.functions.activation import activate, with_fraction_bits
from spikeref.model.las_config import FeedForward, Placement, Position
from spikeref.model.las_layers import LasLayer, LasModel
from spikeref.ops.las_embedding import given_rows, las_embed, table_rows
from spikeref.ops.las_feed_forward import (
    ACTIVATION_FRACTION_BITS,
    activation_code,
    activation_values,
    gated_product,
)
from spikeref.ops.las_linear import HEAD_BITS, spiking_logits
from spikeref.ops.rope import Turns
from spikeref.trace.las_records import LasActivationRecord, LasGatedRecord
from spikeref.trace.records import EMBEDDING_LAYER
from spikeref.trace.sinks import Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class LasOutput:
    """What a pass gives: integers with 16 fraction bits but where said otherwise."""

    states: NDArray[np.int64]
    """The residual stream after the last norm, int64 [T, N]."""
    logits: NDArray[np.int64] | None
    """Of a decoder, int64 [T, V] of 32 bits."""
    pooled: NDArray[np.int64] | None
    """Of an encoder with a pooler, int64 [N] with 20 fraction bits."""
    scores: NDArray[np.int64] | None
    """Of a classifier, int64 [classes]."""


def las_forward(
    model: LasModel,
    tokens: NDArray[np.int64],
    cache: LasCache,
    engine: LasEngine,
    sink: Sink,
    types: NDArray[np.int64] | None = None,
) -> LasOutput:
    """Return what tokens [T] give that follow what `cache` holds.

    The cache grows by T positions; an encoder sees the tokens of one pass, so its cache must be
    empty. types: token types int64 [T] of a model that has them, all 0 where None. TokenError for
    ids, types or positions out of range.
    """
    check_tokens(model.config.shape, tokens, cache.length)
    rows = table_rows(model.embedding, tokens)
    if types is not None:
        check_types(model.config.shape, types, len(tokens))
    positions = following_positions(cache, len(tokens), model.config.shape.positions)
    return _through_layers(model, rows, positions, types, cache, engine, sink)


def las_forward_embedded(
    model: LasModel, given: Embedded, cache: LasCache, engine: LasEngine, sink: Sink
) -> LasOutput:
    """Return what embeddings in place of rows of the token table give; TokenError if unfit."""
    check_embedded(model.config, given, cache.length)
    if given.positions is None:
        count = len(given.values)
        positions = following_positions(cache, count, model.config.shape.positions)
    else:
        positions = given.positions.astype(np.int64, copy=False)
    rows = given_rows(given.values.astype(np.int64, copy=False))
    return _through_layers(model, rows, positions, None, cache, engine, sink)


def _through_layers(
    model: LasModel,
    rows: ShiftedRows,
    positions: NDArray[np.int64],
    types: NDArray[np.int64] | None,
    cache: LasCache,
    engine: LasEngine,
    sink: Sink,
) -> LasOutput:
    """Return what T rows of the token table or in their place give.

    positions: their position numbers, int64 [3, T], alike but for multi-axis embeddings.
    """
    walk = LasPass(
        model=model,
        first_token=cache.length,
        turns=_turns(model, positions),
        cache=cache,
        engine=engine,
        sink=sink,
    )
    x = embedded(walk, rows, types)
    for index, layer in enumerate(model.layers):
        x = layer_output(walk, index, layer, x)
    cache.length += len(x)
    cache.next_position = max(cache.next_position, int(positions.max()) + 1)
    return output(walk, x)


def embedded(
    walk: LasPass, given: ShiftedRows, types: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """Return the residual stream, int64 [T, N], that T token rows begin (LAS-3)."""
    model, count = walk.model, len(given.values)
    rows = [given]
    if model.positions is not None:
        first = walk.first_token + model.config.structure.position_offset
        rows.append(table_rows(model.positions, np.arange(first, first + count, dtype=np.int64)))
    if model.types is not None:
        kinds = np.zeros(count, dtype=np.int64) if types is None else types
        rows.append(table_rows(model.types, kinds))
    summed = las_embed(rows, model.config.profile.ties)
    x = walk.saturated("las_embedding", EMBEDDING_LAYER, summed)
    if model.embedding_norm is not None:
        x = walk.norm("las_embedding_norm", EMBEDDING_LAYER, x, model.embedding_norm)
    return x


def layer_output(
    walk: LasPass, index: int, layer: LasLayer, x: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the residual stream after one layer, int64 [T, N] (LAS-14)."""
    match walk.model.config.structure.placement:
        case Placement.PRE:
            normed = walk.norm("las_attention_norm", index, x, layer.attention_norm)
            x = walk.add("las_attention_residual", index, x, attended(walk, index, layer, normed))
            normed = walk.norm("las_mlp_norm", index, x, layer.mlp_norm)
            return walk.add("las_mlp_residual", index, x, fed_forward(walk, index, layer, normed))
        case Placement.POST:
            x = walk.add("las_attention_residual", index, x, attended(walk, index, layer, x))
            x = walk.norm("las_post_attention_norm", index, x, layer.attention_norm)
            x = walk.add("las_mlp_residual", index, x, fed_forward(walk, index, layer, x))
            return walk.norm("las_post_mlp_norm", index, x, layer.mlp_norm)
        case placement:
            assert_never(placement)


def attended(walk: LasPass, index: int, layer: LasLayer, x: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the output of o, int64 [T, N], for the input x of attention."""
    given = walk.spikes("las_qkv_input", index, x, 16, layer.codes["attention_input"])
    q, k, v = (walk.linear(index, layer, op, given) for op in ("q", "k", "v"))
    mixed = walk.attention(index, layer, q, k, v)
    given = walk.spikes("las_o_input", index, mixed, 16, layer.codes["o_input"])
    return walk.linear(index, layer, "o", given)


def fed_forward(
    walk: LasPass, index: int, layer: LasLayer, x: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the output of down, int64 [T, N], for the input x of the feed-forward (LAS-13)."""
    given = walk.spikes("las_mlp_input", index, x, 16, layer.codes["mlp_input"])
    match walk.model.config.structure.mlp:
        case FeedForward.PLAIN:
            product = activated(walk, index, walk.linear(index, layer, "up", given))
            fraction_bits = ACTIVATION_FRACTION_BITS
        case FeedForward.GATED:
            gate = walk.linear(index, layer, "gate", given)
            product = gated(walk, index, layer, gate, walk.linear(index, layer, "up", given))
            fraction_bits = 16
        case kind:
            assert_never(kind)
    given = walk.spikes("las_down_input", index, product, fraction_bits, layer.codes["activation"])
    return walk.linear(index, layer, "down", given)


def activated(walk: LasPass, index: int, h: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the activation of h, int64 [T, M] with 20 fraction bits."""
    steps = walk.model.config.profile.form.steps
    values = activation_values(activation_code(h, walk.model.tables.activation, steps))
    walk.sink(
        LasActivationRecord(
            op="las_activation", layer=index, first_token=walk.first_token, output=values
        )
    )
    return values


def gated(
    walk: LasPass, index: int, layer: LasLayer, gate: NDArray[np.int64], up: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the gated product, int64 [T, M] with 16 fraction bits."""
    profile = walk.model.config.profile
    code = activation_code(gate, walk.model.tables.activation, profile.form.steps)
    walk.sink(
        LasActivationRecord(
            op="las_activation",
            layer=index,
            first_token=walk.first_token,
            output=activation_values(code),
        )
    )
    spikes = walk.spikes("las_up_spikes", index, up, 16, layer.codes["up"])
    product = gated_product(code, spikes, profile.form.steps, walk.engine, profile.ties)
    walk.sink(
        LasGatedRecord(
            layer=index,
            first_token=walk.first_token,
            output=product.values,
            saturations=product.count,
        )
    )
    return product.values


def output(walk: LasPass, x: NDArray[np.int64]) -> LasOutput:
    """Return what the residual stream after all layers gives (LAS-15)."""
    model = walk.model
    last = len(model.layers)
    if model.final_norm is not None:
        x = walk.norm("las_final_norm", last, x, model.final_norm)
    logits = pooled = scores = None
    if model.head is not None:
        given = walk.spikes("las_head_input", last, x, 16, model.head_code)
        ties = model.config.profile.ties
        done = spiking_logits(given, model.head, model.head_weight_bound, walk.engine, ties)
        logits = walk.output("las_head", last, done)
    if model.pooler is not None and model.tables.tanh is not None:
        given = walk.spikes("las_head_input", last, x[:1], 16, model.head_code)
        dense = walk.driven("las_pooler", last, model.pooler, given, HEAD_BITS)
        steps = model.config.profile.form.steps
        pooled = with_fraction_bits(
            activate(dense, model.tables.tanh, steps), ACTIVATION_FRACTION_BITS
        )
        walk.sink(
            LasActivationRecord(
                op="las_pooled", layer=last, first_token=walk.first_token, output=pooled
            )
        )
    if model.classifier is not None and pooled is not None:
        given = walk.spikes(
            "las_classifier_input", last, pooled, ACTIVATION_FRACTION_BITS, model.classifier_code
        )
        scores = walk.driven("las_classifier", last, model.classifier, given, HEAD_BITS)[0]
    return LasOutput(
        states=x, logits=logits, pooled=None if pooled is None else pooled[0], scores=scores
    )


def following_positions(cache: LasCache, count: int, limit: int) -> NDArray[np.int64]:
    """Return the numbers of text tokens that follow what is cached: int64 [3, T], alike.

    TokenError where one would reach `limit`, the model's positions: given numbers may run ahead of
    the place in the sequence (LMOD-9).
    """
    first = cache.next_position
    if first + count > limit:
        raise TokenError(
            f"position numbers to {first + count - 1} are needed; the model has 0 to {limit - 1}:"
            " give smaller numbers or fewer tokens"
        )
    return np.broadcast_to(np.arange(first, first + count, dtype=np.int64), (3, count))


def _turns(model: LasModel, positions: NDArray[np.int64]) -> Turns | None:
    """Return table rows by position numbers int64 [3, T]; None where positions do not rotate."""
    tables, structure = model.rotary, model.config.structure
    if tables is None:
        return None
    match structure.position:
        case Position.ROTARY | Position.LEARNED:
            return Turns(cos=tables.cos[positions[0]], sin=tables.sin[positions[0]])
        case Position.MULTI_ROTARY:
            pairs = np.arange(tables.cos.shape[1], dtype=np.int64)
            axes = np.repeat(np.arange(3, dtype=np.int64), structure.multi_rotary)
            rows = positions[axes].T
            return Turns(cos=tables.cos[rows, pairs], sin=tables.sin[rows, pairs])
        case _:
            assert_never(structure.position)

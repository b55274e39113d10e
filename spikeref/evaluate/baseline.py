"""The float64 forward pass of a checkpoint: what the integer models are measured against.

Weights stream: each is read once for all sequences, a block of rows at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spikeref.checkpoint.config import DecoderConfig
from spikeref.checkpoint.parts import LayerParts, RowsPart
from spikeref.checkpoint.reader import Checkpoint
from spikeref.checkpoint.rope_frequencies import inverse_frequencies
from spikeref.compiler.las_plan import las_shape, las_structure, norm_epsilon_of
from spikeref.errors import TokenError, UsageError
from spikeref.evaluate.baseline_operators import (
    Array,
    activation,
    attention,
    everything,
    rotate,
    visible,
)
from spikeref.evaluate.baseline_products import ExactProducts, Products
from spikeref.evaluate.baseline_weights import linear, normed, table_products, table_rows
from spikeref.model.groups import Operator
from spikeref.model.las_config import LasShape, Placement, Structure


def baseline_logits(checkpoint: Checkpoint, tokens: Sequence[int]) -> Array:
    """Logits of one sequence, float64 [T, vocab]; see baseline_logits_many."""
    return baseline_logits_many(checkpoint, [tokens])[0]


def baseline_logits_many(checkpoint: Checkpoint, sequences: Sequence[Sequence[int]]) -> list[Array]:
    """Logits of independent sequences, each float64 [T, vocab].

    Raises TokenError for an empty sequence, one longer than the model's positions, or an id out of
    range; UsageError for an encoder.
    """
    head = _head(checkpoint)
    hidden = baseline_hidden_many(checkpoint, sequences)
    if not hidden:
        return []
    logits = np.empty((sum(map(len, hidden)), head.rows), dtype=np.float64)
    for start, block in table_products(checkpoint, head, np.concatenate(hidden)):
        logits[:, start : start + block.shape[1]] = block
    return _split(logits, [len(h) for h in hidden])


def baseline_nll_many(
    checkpoint: Checkpoint, sequences: Sequence[Sequence[int]], products: Products | None = None
) -> list[Array]:
    """-ln p(token t+1 | tokens 0 .. t) of each sequence, float64 [T - 1], in nats.

    products: what computes the linear operators, exactly by default.

    Logits are never held together: their maximum and the sum of their exponentials run along the
    blocks of the vocabulary. Raises as baseline_logits_many does.
    """
    head = _head(checkpoint)
    hidden = baseline_hidden_many(checkpoint, sequences, products)
    if not hidden:
        return []
    states = np.concatenate([h[:-1] for h in hidden])
    targets = np.concatenate([np.asarray(tokens[1:], dtype=np.int64) for tokens in sequences])
    highest = np.full(len(states), -np.inf)
    total = np.zeros(len(states))
    chosen = np.zeros(len(states))
    for start, logits in table_products(checkpoint, head, states):
        raised = np.maximum(highest, np.max(logits, axis=1, initial=-np.inf))
        powers = np.exp(logits - raised[:, None])
        total = total * np.exp(highest - raised) + np.sum(powers, axis=1, dtype=np.float64)
        highest = raised
        inside = np.flatnonzero((targets >= start) & (targets < start + logits.shape[1]))
        chosen[inside] = logits[inside, targets[inside] - start]
    nll = highest + np.log(total) - chosen
    return _split(nll, [len(h) - 1 for h in hidden])


def baseline_hidden_many(
    checkpoint: Checkpoint, sequences: Sequence[Sequence[int]], products: Products | None = None
) -> list[Array]:
    """The last hidden states of independent sequences, each float64 [T, hidden].

    Of a decoder behind its final norm. products: what computes the linear operators, exactly by
    default. Raises TokenError as baseline_logits_many does.
    """
    baseline = _Baseline.of(checkpoint, ExactProducts(checkpoint) if products is None else products)
    for number, tokens in enumerate(sequences):
        _check_tokens(tokens, number, baseline.shape)
    if len(sequences) == 0:
        return []
    return baseline.hidden([np.asarray(tokens, dtype=np.int64) for tokens in sequences])


def baseline_scores_many(checkpoint: Checkpoint, sequences: Sequence[Sequence[int]]) -> Array:
    """The classifier's scores of independent sequences, float64 [sequences, classes].

    Raises TokenError as baseline_logits_many does; UsageError for a checkpoint without classifier.
    """
    outer = checkpoint.layout.outer()
    if outer.pooler is None or outer.classifier is None:
        raise UsageError("the checkpoint has no classifier with a pooler")
    hidden = baseline_hidden_many(checkpoint, sequences)
    if not hidden:
        return np.empty((0, outer.classifier.weight.outputs))
    first = np.stack([states[0] for states in hidden])
    pooled = np.tanh(linear(checkpoint, outer.pooler, first))
    return linear(checkpoint, outer.classifier, pooled)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Baseline:
    """What every layer of one pass shares."""

    checkpoint: Checkpoint
    products: Products
    shape: LasShape
    structure: Structure
    eps: float
    frequencies: Array | None
    """Of a rotary embedding, [d/2]."""

    @classmethod
    def of(cls, checkpoint: Checkpoint, products: Products) -> "_Baseline":
        layout, source = checkpoint.layout, checkpoint.source
        shape = las_shape(layout)
        frequencies = None
        if isinstance(source, DecoderConfig):
            exact = inverse_frequencies(source.rope, shape.head_dim)
            frequencies = np.array([float(f) for f in exact])
        return cls(
            checkpoint=checkpoint,
            products=products,
            shape=shape,
            structure=las_structure(layout),
            eps=float(norm_epsilon_of(layout)),
            frequencies=frequencies,
        )

    def hidden(self, sequences: list[NDArray[np.int64]]) -> list[Array]:
        """The last hidden states of every sequence."""
        lengths = [len(tokens) for tokens in sequences]
        outer = self.checkpoint.layout.outer()
        x = self._embedded(np.concatenate(sequences), lengths)
        for index in range(self.shape.layers):
            x = self._layer(index, x, lengths)
            self.checkpoint.release()
        if outer.final_norm is not None:
            x = normed(self.checkpoint, outer.final_norm, self.eps, x)
        return _split(x, lengths)

    def _embedded(self, tokens: NDArray[np.int64], lengths: Sequence[int]) -> Array:
        outer = self.checkpoint.layout.outer()
        x = table_rows(self.checkpoint, outer.embedding, tokens)
        if outer.positions is not None:
            places = np.concatenate([np.arange(length, dtype=np.int64) for length in lengths])
            offset = self.structure.position_offset
            x = x + table_rows(self.checkpoint, outer.positions, places + offset)
        if outer.types is not None:
            x = x + table_rows(self.checkpoint, outer.types, np.zeros_like(tokens))
        if outer.embedding_norm is not None:
            x = normed(self.checkpoint, outer.embedding_norm, self.eps, x)
        return x

    def _layer(self, index: int, x: Array, lengths: Sequence[int]) -> Array:
        parts = self.checkpoint.layout.layer(index)
        if self.structure.placement is Placement.PRE:
            given = normed(self.checkpoint, parts.attention_norm, self.eps, x)
            x = x + self._attended(index, parts, given, lengths)
            given = normed(self.checkpoint, parts.mlp_norm, self.eps, x)
            return x + self._fed(index, parts, given)
        x = x + self._attended(index, parts, x, lengths)
        x = normed(self.checkpoint, parts.attention_norm, self.eps, x)
        return normed(self.checkpoint, parts.mlp_norm, self.eps, x + self._fed(index, parts, x))

    def _attended(self, index: int, parts: LayerParts, x: Array, lengths: Sequence[int]) -> Array:
        heads = {}
        names: tuple[Operator, ...] = ("q", "k", "v")
        for operator in names:
            made = self.products.linear(index, operator, parts.operators[operator], x)
            heads[operator] = _split(made.reshape(len(x), -1, self.shape.head_dim), lengths)
        mixed = [
            self._mixed(index, self._turned(q), self._turned(k), v)
            for q, k, v in zip(heads["q"], heads["k"], heads["v"], strict=True)
        ]
        return self.products.linear(index, "o", parts.operators["o"], np.concatenate(mixed))

    def _mixed(self, index: int, q: Array, k: Array, v: Array) -> Array:
        """Attention of one sequence, of what the products make of its heads."""
        seen = self._seen(index, len(q))
        return attention(*self.products.heads(index, q, k, v, seen), seen)

    def _turned(self, x: Array) -> Array:
        return x if self.frequencies is None else rotate(x, self.frequencies)

    def _seen(self, index: int, length: int) -> NDArray[np.bool_]:
        if not self.structure.causal:
            return everything(length)
        return visible(length, self.shape.sliding_windows[index])

    def _fed(self, index: int, parts: LayerParts, x: Array) -> Array:
        def product(operator: Operator, given: Array) -> Array:
            return self.products.linear(index, operator, parts.operators[operator], given)

        name = self.structure.activation
        up = product("up", x)
        if "gate" in parts.operators:
            return product("down", activation(name, product("gate", x)) * up)
        return product("down", activation(name, up))


def _head(checkpoint: Checkpoint) -> RowsPart:
    if not las_structure(checkpoint.layout).causal:
        raise UsageError(
            f"{checkpoint.folder}: an encoder gives no logits; score its classifier with"
            " --labels-file"
        )
    outer = checkpoint.layout.outer()
    return outer.embedding if outer.head is None else outer.head


def _check_tokens(tokens: Sequence[int], number: int, shape: LasShape) -> None:
    if not 1 <= len(tokens) <= shape.positions:
        raise TokenError(f"sequence {number} has {len(tokens)} tokens; give 1 to {shape.positions}")
    for position, token in enumerate(tokens):
        if isinstance(token, bool) or not isinstance(token, int | np.integer):
            raise TokenError(f"sequence {number}, position {position}: {token!r} is no token id")
        if not 0 <= token < shape.vocab:
            raise TokenError(
                f"sequence {number}, position {position}: token id {token}"
                f" is outside 0 .. {shape.vocab - 1}"
            )


def _split(x: Array, lengths: Sequence[int]) -> list[Array]:
    ends = np.cumsum(lengths, dtype=np.int64)
    return [x[end - length : end] for end, length in zip(ends, lengths, strict=True)]

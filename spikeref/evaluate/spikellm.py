"""SpikeLLM in float64 with rounded operands: GIF neurons and the split by saliency.

A baseline, not an integer system. What its paper and published program leave open is stated in
docs/accuracy.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spikeref.checkpoint.parts import OperatorParts
from spikeref.checkpoint.reader import Checkpoint
from spikeref.evaluate.baseline import baseline_hidden_many
from spikeref.evaluate.baseline_operators import Array, softmax
from spikeref.evaluate.baseline_products import ExactProducts
from spikeref.evaluate.baseline_weights import entries, weight_blocks
from spikeref.evaluate.fake_quantised import rounded_weights
from spikeref.evaluate.scoring import token_batches
from spikeref.evaluate.stretches import Stretch
from spikeref.model.groups import Operator

SPIKELLM = "spikellm-w4a4kv4"

BITS = 4
"""Of weights, and of the levels of a step."""
EXTRA_BITS = 1
"""Salient channels take 2^1 steps of 4 bits: counts of 5 bits."""
LOW = Fraction(9, 10)
"""The part of the channels that is not salient."""
STEPS = LOW + (1 - LOW) * 2**EXTRA_BITS
"""Mean steps: 1.1."""

SMALLEST_SCALE = 1e-5
LARGEST_SCALE = 1e4

Place: TypeAlias = tuple[int, Operator | Literal["keys", "values"]]
"""Layer, and an operator's input or a part of the cache."""


def gif(x: Array, bits: int) -> Array:
    """Return what the counts of GIF neurons stand for, [..., N], dynamic along the last axis.

    s = (max − min)/(2^b − 1) in [1e-5, 1e4], z = round(−min/s) within ±1e4, the count
    clip(round(x/s) + z, 0, 2^b − 1).
    """
    low = np.min(x, axis=-1, keepdims=True)
    high = np.max(x, axis=-1, keepdims=True)
    top = (1 << bits) - 1
    scale = np.clip((high - low) / top, SMALLEST_SCALE, LARGEST_SCALE)
    zero = np.rint(np.clip(-low / scale, -LARGEST_SCALE, LARGEST_SCALE))
    counts: Array = scale * (np.clip(np.rint(x / scale) + zero, 0, top) - zero)
    return counts


def split(x: Array, salient: NDArray[np.bool_]) -> Array:
    """Return x [..., N] by GIF neurons, salient channels with EXTRA_BITS more.

    Both scales are taken over all channels.
    """
    return np.where(salient, gif(x, BITS + EXTRA_BITS), gif(x, BITS))


def salient_channels(cost: Array) -> NDArray[np.bool_]:
    """Return which channels cost more than the ⌊LOW·n⌋-th cheapest of all n, in cost's shape."""
    rank = LOW.numerator * cost.size // LOW.denominator
    if rank == 0:
        return np.ones(cost.shape, dtype=np.bool_)
    bound = float(np.partition(cost.reshape(-1), rank - 1)[rank - 1])
    return cost > bound


@dataclass(frozen=True, slots=True)
class SpikeLlm:
    """Products of a pass in float64."""

    checkpoint: Checkpoint
    salient: dict[Place, NDArray[np.bool_]]

    def linear(self, layer: int, operator: Operator, parts: OperatorParts, x: Array) -> Array:
        """Return Ŵ·x̂ + b."""
        given = split(x, self.salient[layer, operator])
        y = np.empty((len(x), parts.weight.outputs), dtype=np.float64)
        for block, weights in weight_blocks(self.checkpoint, parts.weight):
            y[:, block] = given @ rounded_weights(weights, BITS).T
        return y if parts.bias is None else y + entries(self.checkpoint, parts.bias)

    def heads(
        self, layer: int, q: Array, k: Array, v: Array, seen: NDArray[np.bool_]
    ) -> tuple[Array, Array, Array]:
        """Return 4-bit queries, and keys and values with salient channels."""
        keys, values = self.salient[layer, "keys"], self.salient[layer, "values"]
        return gif(q, BITS), split(k, keys), split(v, values)


def calibrated(checkpoint: Checkpoint, stretches: Sequence[Stretch]) -> SpikeLlm:
    """Return SpikeLLM with the salient channels that stretches of tokens show."""
    probe = _Saliency(ExactProducts(checkpoint))
    for batch in token_batches(range(len(stretches)), stretches):
        baseline_hidden_many(checkpoint, [stretches[number].tokens for number in batch], probe)
    return SpikeLlm(
        checkpoint, {place: salient_channels(cost) for place, cost in probe.costs.items()}
    )


@dataclass(slots=True)
class _Saliency:
    """Exact products that add up C over all tokens (Optimal Brain Spiking, first order).

    Of a linear operator's input C = (X Wᵀ W) ∘ X, [N]; of keys (K Qᵀ Q) ∘ K and of values
    (Pᵀ P V) ∘ V, [G, d], summed over the query heads that share them.
    """

    exact: ExactProducts
    costs: dict[Place, Array] = field(default_factory=dict)

    def linear(self, layer: int, operator: Operator, parts: OperatorParts, x: Array) -> Array:
        back = np.zeros_like(x)
        for _, weights in weight_blocks(self.exact.checkpoint, parts.weight):
            back += (x @ weights.T) @ weights
        self._add((layer, operator), np.sum(back * x, axis=0, dtype=np.float64))
        return self.exact.linear(layer, operator, parts, x)

    def heads(
        self, layer: int, q: Array, k: Array, v: Array, seen: NDArray[np.bool_]
    ) -> tuple[Array, Array, Array]:
        shared = q.shape[1] // k.shape[1]
        keys, values = np.zeros(k.shape[1:]), np.zeros(v.shape[1:])
        for head in range(q.shape[1]):
            own = head // shared
            query, key, value = q[:, head], k[:, own], v[:, own]
            scores = query @ key.T / np.sqrt(q.shape[2])
            weights = softmax(np.where(seen, scores, -np.inf))
            keys[own] += np.sum(key @ (query.T @ query) * key, axis=0, dtype=np.float64)
            values[own] += np.sum(weights.T @ (weights @ value) * value, axis=0, dtype=np.float64)
        self._add((layer, "keys"), keys)
        self._add((layer, "values"), values)
        return q, k, v

    def _add(self, place: Place, cost: Array) -> None:
        self.costs[place] = self.costs.get(place, np.zeros_like(cost)) + cost

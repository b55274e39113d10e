"""The float64 forward pass of a checkpoint: what the integer model is measured against.

Weights stream: each is read once for all sequences, a block of rows at a time.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from spikeref.checkpoint.config import DecoderConfig
from spikeref.checkpoint.families import (
    EMBEDDING,
    FINAL_NORM,
    LayerRole,
    TensorSpec,
    head_name,
    layer_tensors,
)
from spikeref.checkpoint.reader import Checkpoint
from spikeref.checkpoint.rope_frequencies import inverse_frequencies
from spikeref.errors import TokenError
from spikeref.evaluate.baseline_operators import Array, attention, rms_norm, rotate, silu

_BLOCK_ELEMENTS = 1 << 22
"""Elements of a weight block: 32 MiB as float64."""


def baseline_logits(checkpoint: Checkpoint, tokens: Sequence[int]) -> Array:
    """Logits of one sequence, float64 [T, vocab]; see baseline_logits_many."""
    return baseline_logits_many(checkpoint, [tokens])[0]


def baseline_logits_many(checkpoint: Checkpoint, sequences: Sequence[Sequence[int]]) -> list[Array]:
    """Logits of independent sequences, each float64 [T, vocab].

    RMSNorm, rotary embedding (halves turn together), grouped-query causal attention with sliding
    windows, SiLU-gated MLP, biases where the configuration has them, tied or separate head.
    Raises TokenError for an empty sequence, one longer than max_positions, or an id out of range.
    """
    hidden = baseline_hidden_many(checkpoint, sequences)
    if not hidden:
        return []
    name = head_name(checkpoint.config)
    logits = np.empty((sum(map(len, hidden)), checkpoint.config.vocab), dtype=np.float64)
    for start, block in _products(checkpoint, np.concatenate(hidden), name):
        logits[:, start : start + block.shape[1]] = block
    return _split(logits, [len(h) for h in hidden])


def baseline_nll_many(checkpoint: Checkpoint, sequences: Sequence[Sequence[int]]) -> list[Array]:
    """-ln p(token t+1 | tokens 0 .. t) of each sequence, float64 [T - 1], in nats.

    Logits are never held together: their maximum and the sum of their exponentials run along the
    blocks of the vocabulary. Raises TokenError as baseline_logits_many does.
    """
    hidden = baseline_hidden_many(checkpoint, sequences)
    if not hidden:
        return []
    states = np.concatenate([h[:-1] for h in hidden])
    targets = np.concatenate([np.asarray(tokens[1:], dtype=np.int64) for tokens in sequences])
    highest = np.full(len(states), -np.inf)
    total = np.zeros(len(states))
    chosen = np.zeros(len(states))
    for start, logits in _products(checkpoint, states, head_name(checkpoint.config)):
        raised = np.maximum(highest, np.max(logits, axis=1, initial=-np.inf))
        powers = np.exp(logits - raised[:, None])
        total = total * np.exp(highest - raised) + np.sum(powers, axis=1, dtype=np.float64)
        highest = raised
        inside = np.flatnonzero((targets >= start) & (targets < start + logits.shape[1]))
        chosen[inside] = logits[inside, targets[inside] - start]
    nll = highest + np.log(total) - chosen
    return _split(nll, [len(h) - 1 for h in hidden])


def baseline_hidden_many(checkpoint: Checkpoint, sequences: Sequence[Sequence[int]]) -> list[Array]:
    """The states after the final norm of independent sequences, each float64 [T, hidden].

    Raises TokenError as baseline_logits_many does.
    """
    config = checkpoint.config
    for number, tokens in enumerate(sequences):
        _check_tokens(tokens, number, config)
    if len(sequences) == 0:
        return []
    lengths = [len(tokens) for tokens in sequences]
    x = _embedded(checkpoint, np.concatenate([np.asarray(t, dtype=np.int64) for t in sequences]))
    for layer in range(config.layers):
        tensors = layer_tensors(config, layer)
        x = x + _attention_block(checkpoint, tensors, x, lengths, config.sliding_windows[layer])
        x = x + _mlp_block(checkpoint, tensors, x)
        checkpoint.release()
    gain = checkpoint.vector(FINAL_NORM).astype(np.float64)
    return _split(rms_norm(x, gain, float(config.rms_norm_eps)), lengths)


def _check_tokens(tokens: Sequence[int], number: int, config: DecoderConfig) -> None:
    if not 1 <= len(tokens) <= config.max_positions:
        raise TokenError(
            f"sequence {number} has {len(tokens)} tokens; give 1 to {config.max_positions}"
        )
    for position, token in enumerate(tokens):
        if isinstance(token, bool) or not isinstance(token, int | np.integer):
            raise TokenError(f"sequence {number}, position {position}: {token!r} is no token id")
        if not 0 <= token < config.vocab:
            raise TokenError(
                f"sequence {number}, position {position}: token id {token}"
                f" is outside 0 .. {config.vocab - 1}"
            )


def _embedded(checkpoint: Checkpoint, tokens: NDArray[np.int64]) -> Array:
    distinct, places = np.unique(tokens, return_inverse=True)
    rows = [checkpoint.rows(EMBEDDING, int(token), int(token) + 1) for token in distinct]
    return np.concatenate(rows).astype(np.float64)[places]


def _attention_block(
    checkpoint: Checkpoint,
    tensors: Mapping[LayerRole, TensorSpec],
    x: Array,
    lengths: Sequence[int],
    window: int | None,
) -> Array:
    config = checkpoint.config
    width = config.head_dim
    frequencies = np.array([float(f) for f in inverse_frequencies(config.rope, width)])
    normed = _normed(checkpoint, tensors["attention_norm"], x)
    q = _linear(checkpoint, tensors, "q", "q_bias", normed).reshape(-1, config.heads, width)
    k = _linear(checkpoint, tensors, "k", "k_bias", normed).reshape(-1, config.kv_heads, width)
    v = _linear(checkpoint, tensors, "v", "v_bias", normed).reshape(-1, config.kv_heads, width)
    mixed = [
        attention(rotate(qs, frequencies), rotate(ks, frequencies), vs, window)
        for qs, ks, vs in zip(
            _split(q, lengths), _split(k, lengths), _split(v, lengths), strict=True
        )
    ]
    return _linear(checkpoint, tensors, "o", "o_bias", np.concatenate(mixed))


def _mlp_block(checkpoint: Checkpoint, tensors: Mapping[LayerRole, TensorSpec], x: Array) -> Array:
    normed = _normed(checkpoint, tensors["mlp_norm"], x)
    gate = _linear(checkpoint, tensors, "gate", "gate_bias", normed)
    up = _linear(checkpoint, tensors, "up", "up_bias", normed)
    return _linear(checkpoint, tensors, "down", "down_bias", silu(gate) * up)


def _normed(checkpoint: Checkpoint, gain: TensorSpec, x: Array) -> Array:
    eps = float(checkpoint.config.rms_norm_eps)
    return rms_norm(x, checkpoint.vector(gain.name).astype(np.float64), eps)


def _linear(
    checkpoint: Checkpoint,
    tensors: Mapping[LayerRole, TensorSpec],
    weight: LayerRole,
    bias: LayerRole,
    x: Array,
) -> Array:
    spec = tensors[weight]
    y = np.empty((len(x), spec.shape[0]), dtype=np.float64)
    for start, block in _products(checkpoint, x, spec.name):
        y[:, start : start + block.shape[1]] = block
    if bias in tensors:
        y += checkpoint.vector(tensors[bias].name)
    return y


def _products(checkpoint: Checkpoint, x: Array, name: str) -> Iterator[tuple[int, Array]]:
    """x [M, N] times blocks of rows of matrix `name` [outputs, N]: (first output, [M, <= rows])."""
    rows = max(1, _BLOCK_ELEMENTS // x.shape[1])
    for start, block in checkpoint.iter_row_blocks(name, rows):
        yield start, x @ block.astype(np.float64).T


def _split(x: Array, lengths: Sequence[int]) -> list[Array]:
    ends = np.cumsum(lengths, dtype=np.int64)
    return [x[end - length : end] for end, length in zip(ends, lengths, strict=True)]

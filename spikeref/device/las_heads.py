"""Queries, keys and values of a token, and its attention over a sequence (LAS-7, LAS-10)."""

from collections.abc import Sequence
from dataclasses import dataclass

from .attention import key_head, rope, visible
from .las_attention import Codes, Softmax, attend, count_spikes, encode, turn
from .las_model import LasLayer, LasModel
from .las_model_shape import LasConfig
from .las_neurons import Code
from .las_operators import Spikes
from .las_records import Attention


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSpikes:
    """The spikes of one token, by head; the cache holds those of keys and values (LAS-7)."""

    query: list[Spikes]
    key: list[Spikes]
    value: list[Spikes]


def angles(numbers: Sequence[int], model: LasModel) -> tuple[list[int], list[int]]:
    """Cosines and sines of a token of three position numbers, by dimension pair (LMOD-9)."""
    structure, pairs = model.config.structure, model.config.shape.head_dim // 2
    a, b, _ = structure.sections or (pairs, 0, 0)
    rows = [numbers[(p >= a) + (p >= a + b)] for p in range(pairs)]
    cos = [model.cos[row][p] for p, row in enumerate(rows)]
    return cos, [model.sin[row][p] for p, row in enumerate(rows)]


def spike_heads(
    q: Sequence[int],
    k: Sequence[int],
    v: Sequence[int],
    numbers: Sequence[int],
    model: LasModel,
    layer: LasLayer,
) -> tuple[HeadSpikes, tuple[int, int, int]]:
    """The spikes of queries, keys and values, and the saturations of each (LAS-7).

    numbers: the three position numbers of the token (LMOD-9).
    """
    codes = layer.codes
    query, cut_query = _turned(q, numbers, model, codes["query"])
    key, cut_key = _turned(k, numbers, model, codes["key"])
    value, cut_value = _plain(v, model, codes["value"])
    return HeadSpikes(query=query, key=key, value=value), (cut_query, cut_key, cut_value)


def _turned(
    x: Sequence[int], numbers: Sequence[int], model: LasModel, code: Code
) -> tuple[list[Spikes], int]:
    if not model.config.structure.rotary:
        return _plain(x, model, code)
    cos, sin = angles(numbers, model)
    found = [turn(rope(head, cos, sin), code, model.config.ties) for head in _heads(x, model)]
    return [spikes for spikes, _ in found], sum(cut for _, cut in found)


def _plain(x: Sequence[int], model: LasModel, code: Code) -> tuple[list[Spikes], int]:
    found = [encode(head, 16, code) for head in _heads(x, model)]
    return [spikes for spikes, _ in found], sum(cut for _, cut in found)


def _heads(x: Sequence[int], model: LasModel) -> list[Sequence[int]]:
    size = model.config.shape.head_dim
    return [x[at : at + size] for at in range(0, len(x), size)]


def spread(config: LasConfig) -> int:
    """How many times what LAS-12 bounds a sum of probabilities may mix to (LAS-16)."""
    published = -(-config.shape.positions // 48) if config.published_softmax else 1
    return 2 * published if config.fitted else published


def attend_token(
    position: int, sequence: Sequence[HeadSpikes], model: LasModel, layer: LasLayer
) -> list[Attention]:
    """All query heads of a token over its visible positions (LAS-10 to LAS-12)."""
    config, codes = model.config, layer.codes
    seen = visible(position, layer.window) if config.structure.causal else range(len(sequence))
    populations = Codes(
        query=codes["query"],
        key=codes["key"],
        value=codes["value"],
        probabilities=codes["probabilities"],
    )
    softmax = Softmax(
        exp=model.tables.exp,
        reciprocal=model.tables.reciprocal,
        published=config.published_softmax,
        spread=spread(config),
        ties=config.ties,
    )
    done = []
    for head, query in enumerate(sequence[position].query):
        g = key_head(head, config.shape.heads, config.shape.kv_heads)
        keys = [sequence[j].key[g] for j in seen]
        values = [sequence[j].value[g] for j in seen]
        done.append(
            Attention(
                attended=attend(query, keys, values, populations, config.score, softmax),
                key_spikes=sum(count_spikes(key, populations.key) for key in keys),
                value_spikes=sum(count_spikes(value, populations.value) for value in values),
            )
        )
    return done

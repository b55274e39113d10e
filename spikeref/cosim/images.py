"""Memory images of a compiled model: what lies in which file, tensor by tensor."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.model.groups import OPERATORS, Operator
from spikeref.model.layers import Gamma, IntegerModel, Synapses
from spikeref.operations.packing import pack_weights
from spikeref.vectors.case import type_of, width_of
from spikeref.vectors.tensors import tensor_bytes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Image:
    """The content of one memory."""

    path: str
    """Below the exported folder, without suffix."""
    values: NDArray[Any]
    """Integers of any shape; the element type is that of the file."""
    line_elements: int = 1
    """Elements on a line of the .mem file, the first one in the lowest bits."""


def model_images(model: IntegerModel, layers: Iterable[int]) -> Iterator[Image]:
    """Yield the images of tables, norms and head, and of the operators of some layers."""
    tables = model.tables
    yield Image(path="tables/exp2", values=np.array(tables.exp2, dtype=np.int64))
    yield Image(path="tables/rope_cos", values=np.asarray(tables.cos, dtype=np.int16))
    yield Image(path="tables/rope_sin", values=np.asarray(tables.sin, dtype=np.int16))
    yield Image(path="embedding/mantissas", values=model.embedding.mantissas)
    yield Image(path="embedding/exponents", values=model.embedding.exponents)
    if not model.config.tied_head:
        yield Image(path="head/mantissas", values=model.head.mantissas)
        yield Image(path="head/exponents", values=model.head.exponents)
    yield from _gamma("final_norm", model.final_gamma)
    for number in layers:
        layer = model.layers[number]
        prefix = f"layers/{number}"
        yield from _gamma(f"{prefix}/attention_norm", layer.attention_gamma)
        yield from _gamma(f"{prefix}/mlp_norm", layer.mlp_gamma)
        for group, clip in layer.clips.items():
            threshold = np.array([clip.threshold], dtype=np.int64)
            yield Image(path=f"{prefix}/clip/{group}", values=threshold)
        for operator in OPERATORS:
            yield from synapse_images(model, number, operator)


def synapse_images(model: IntegerModel, layer: int, operator: Operator) -> Iterator[Image]:
    """Yield the images of one operator: weights three times, channel scales, bias, sums."""
    synapses = model.layers[layer].synapses(operator)
    prefix = f"layers/{layer}/{operator}"
    packed = pack_weights(synapses.weights, model.config.profile.weight_bits)
    yield Image(path=f"{prefix}/weights", values=np.asarray(synapses.weights, dtype=np.int8))
    yield Image(path=f"{prefix}/weights_packed", values=packed)
    # One row a line: the word that one spike of that source adds.
    yield Image(path=f"{prefix}/weight_rows", values=packed, line_elements=packed.shape[1])
    yield Image(path=f"{prefix}/channel_mantissas", values=synapses.channel_mantissas)
    yield Image(path=f"{prefix}/channel_exponents", values=synapses.channel_exponents)
    yield Image(path=f"{prefix}/bias", values=bias_or_zero(synapses))
    if synapses.weight_sums is not None:
        yield Image(path=f"{prefix}/weight_sums", values=synapses.weight_sums)


def bias_or_zero(synapses: Synapses) -> NDArray[np.int64]:
    """Return the bias, int64 [M]; zeros where the operator has none (OP-8)."""
    if synapses.bias is None:
        return np.zeros(synapses.weights.shape[1], dtype=np.int64)
    return synapses.bias


def mem_text(image: Image) -> bytes:
    """Return the .mem file of an image (PACK-6; where a line holds many elements, one word)."""
    kind = type_of(image.values)
    if image.line_elements == 1:
        return tensor_bytes(image.values, kind, "mem")
    words = image.values.reshape(-1, image.line_elements)[:, ::-1]
    digits = tensor_bytes(words, kind, "mem").replace(b"\n", b"")
    width = 2 * width_of(kind) * image.line_elements
    lines = [digits[start : start + width] for start in range(0, len(digits), width)]
    return b"".join(line + b"\n" for line in lines)


def _gamma(prefix: str, gamma: Gamma | None) -> Iterator[Image]:
    if gamma is not None:
        yield Image(path=f"{prefix}/gamma", values=gamma.mantissas)
        exponent = np.array([gamma.exponent], dtype=np.int16)
        yield Image(path=f"{prefix}/gamma_exponent", values=exponent)

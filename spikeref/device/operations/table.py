"""Every operation of CONF-9 by name."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from ..parameters import Parameters
from ..tensor import Refusal, Tensor
from . import (
    accumulator,
    arithmetic,
    attention,
    encoder,
    las_attention,
    las_functions,
    las_model,
    las_neurons,
    las_operators,
    linear,
    model,
)

Tensors: TypeAlias = Mapping[str, Tensor]
Operation: TypeAlias = Callable[[Parameters, Tensors], dict[str, Tensor]]
WholeModel: TypeAlias = Callable[[Parameters, Tensors, Path | None], dict[str, Tensor]]

OPERATIONS: Mapping[str, Operation] = {
    "round_shift": arithmetic.round_shift,
    "round_div": arithmetic.round_div,
    "saturate": arithmetic.saturate,
    "block_shift": arithmetic.block_shift,
    "normalise": arithmetic.normalise,
    "isqrt": arithmetic.isqrt,
    "exp2": arithmetic.exp2,
    "random_words": arithmetic.random_words,
    "hadamard": encoder.hadamard,
    "clip": encoder.clip,
    "encode": encoder.encode,
    "unfold": encoder.unfold,
    "lif": encoder.lif,
    "pack_ternary": encoder.pack_ternary,
    "unpack_ternary": encoder.unpack_ternary,
    "spiking_input": encoder.spiking_input,
    "pack_weights": accumulator.pack_weights,
    "headroom": accumulator.headroom,
    "sparse_add": accumulator.sparse_add,
    "tiled_add": accumulator.tiled_add,
    "zero_point": accumulator.zero_point,
    "pack_events": accumulator.pack_events,
    "arrival": accumulator.arrival,
    "integrate": accumulator.integrate,
    "counters": accumulator.counters,
    "rescale": linear.rescale,
    "linear": linear.linear,
    "embedding": linear.embedding,
    "rms_norm": linear.rms_norm,
    "silu_gate": linear.silu_gate,
    "residual_add": linear.residual_add,
    "rope": attention.rope,
    "cache_heads": attention.cache_heads,
    "queries": attention.queries,
    "scores": attention.scores,
    "softmax": attention.softmax,
    "mix": attention.mix,
    "attend": attention.attend,
    "cached_attention": attention.cached_attention,
    "pack_cache": attention.pack_cache,
    "logits": linear.logits,
    "greedy": linear.greedy,
    "fs_neuron": las_neurons.fs_neuron,
    "mt_neuron": las_neurons.mt_neuron,
    "oat_encode": las_neurons.oat_encode,
    "oat_train": las_neurons.oat_train,
    "las_events": las_neurons.las_events,
    "las_integrate": las_neurons.las_integrate,
    "hg_neuron": las_functions.hg_neuron,
    "hg_mantissa": las_functions.hg_mantissa,
    "hg_exp": las_functions.hg_exp,
    "hg_reciprocal": las_functions.hg_reciprocal,
    "hg_rsqrt": las_functions.hg_rsqrt,
    "hg_sqrt": las_functions.hg_sqrt,
    "hg_square": las_functions.hg_square,
    "las_combine": las_operators.las_combine,
    "las_rescale": las_operators.las_rescale,
    "las_embedding": las_operators.las_embedding,
    "las_norm": las_operators.las_norm,
    "las_saw": las_operators.las_saw,
    "las_heads": las_attention.las_heads,
    "las_saa": las_attention.las_saa,
    "las_hadamard": las_operators.las_hadamard,
    "las_softmax_offset": las_attention.las_softmax_offset,
    "las_softmax": las_attention.las_softmax,
    "las_published_softmax": las_attention.las_published_softmax,
    "las_mix": las_attention.las_mix,
    "las_attend": las_attention.las_attend,
    "las_activation": las_functions.las_activation,
    "las_gated": las_operators.las_gated,
    "las_logits": las_operators.las_logits,
}
"""All but those of whole models, which may lie in a folder."""

WHOLE_MODELS: Mapping[str, WholeModel] = {
    "decode": model.decode,
    "generate": model.generate,
    "las_decode": las_model.las_decode,
    "hg_decode": model.hg_decode,
}


def run(
    operation: str,
    parameters: Mapping[str, int | str],
    inputs: Tensors,
    model_folder: Path | None = None,
) -> dict[str, Tensor]:
    """Run one operation of CONF-9 and return its outputs in the order of the table.

    Integers among the parameters may be given as text. `model_folder` is where a suite keeps its
    model. Refusal: what CONF-10 refuses. KeyError: no such operation, or an input is missing.
    """
    given = Parameters(parameters)
    if operation in WHOLE_MODELS:
        return WHOLE_MODELS[operation](given, inputs, model_folder)
    return OPERATIONS[operation](given, inputs)


__all__ = ["OPERATIONS", "WHOLE_MODELS", "Refusal", "run"]

"""Memory images of a compiled LAS model, and of HG neurons in models of either system."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from spikeref.cosim.images import Image
from spikeref.functions.tables import FunctionName, FunctionTables
from spikeref.model.las_layers import LasModel, NormParameters, WideSynapses
from spikeref.model.las_tables import named_neurons, neuron_tensors
from spikeref.model.las_tensors import functions_of
from spikeref.model.layers import DyadicRows
from spikeref.neurons.outlier_aware import OatCode


def las_images(model: LasModel, layers: Iterable[int]) -> Iterator[Image]:
    """Yield the images of functions, rows, norms and heads, and of some layers."""
    yield from function_images(model.tables, functions_of(model.config))
    if model.rotary is not None:
        yield Image(path="tables/rope_cos", values=model.rotary.cos)
        yield Image(path="tables/rope_sin", values=model.rotary.sin)
    yield from _rows("embedding", model.embedding)
    yield from _rows("positions", model.positions)
    yield from _rows("types", model.types)
    yield from _rows("head", None if model.config.tied_head else model.head)
    yield from _norm("embedding_norm", model.embedding_norm)
    yield from _norm("final_norm", model.final_norm)
    yield from _synapses("pooler", model.pooler)
    yield from _synapses("classifier", model.classifier)
    yield from _codes("outer", (model.head_code, model.classifier_code))
    for number in layers:
        layer, prefix = model.layers[number], f"layers/{number}"
        yield from _norm(f"{prefix}/attention_norm", layer.attention_norm)
        yield from _norm(f"{prefix}/mlp_norm", layer.mlp_norm)
        yield from _codes(prefix, tuple(layer.codes[r] for r in model.config.structure.roles))
        for operator, synapses in layer.operators.items():
            yield from _synapses(f"{prefix}/{operator}", synapses)


def function_images(tables: FunctionTables, names: tuple[FunctionName, ...]) -> Iterator[Image]:
    """Yield the pieces of each function, and thresholds or constants of each piece (LMOD-4)."""
    for name, neuron in named_neurons(tables, names):
        for tensor, values in neuron_tensors(name, neuron).items():
            yield Image(path=tensor.replace(".", "/"), values=values)


def _rows(prefix: str, rows: DyadicRows | None) -> Iterator[Image]:
    if rows is not None:
        yield Image(path=f"{prefix}/mantissas", values=rows.mantissas)
        yield Image(path=f"{prefix}/exponents", values=rows.exponents)


def _norm(prefix: str, norm: NormParameters | None) -> Iterator[Image]:
    if norm is None:
        return
    exponent = np.array([norm.gamma.exponent], dtype=np.int16)
    yield Image(path=f"{prefix}/gamma", values=norm.gamma.mantissas)
    yield Image(path=f"{prefix}/gamma_exponent", values=exponent)
    if norm.beta is not None:
        yield Image(path=f"{prefix}/beta", values=norm.beta)


def _codes(prefix: str, codes: Sequence[OatCode]) -> Iterator[Image]:
    """Yield thresholds, ratios and units of codes, a row a role (NEUR-3, NEUR-4)."""
    thresholds = [(code.normal, code.outlier) for code in codes]
    ratios = [code.ratios for code in codes]
    units = [(int(code.unit.mantissa), int(code.unit.exponent)) for code in codes]
    yield Image(path=f"{prefix}/thresholds", values=np.array(thresholds, dtype=np.int64))
    yield Image(path=f"{prefix}/ratios", values=np.array(ratios, dtype=np.int32))
    yield Image(path=f"{prefix}/units", values=np.array(units, dtype=np.int32))


def _synapses(prefix: str, synapses: WideSynapses | None) -> Iterator[Image]:
    """Yield the images of one operator: weights twice, channel scales, bias."""
    if synapses is None:
        return
    targets = synapses.weights.shape[1]
    bias = synapses.bias
    yield Image(path=f"{prefix}/weights", values=synapses.weights)
    # One row a line: the word that one spike of that source adds, weighed by its step.
    yield Image(path=f"{prefix}/weight_rows", values=synapses.weights, line_elements=targets)
    yield Image(path=f"{prefix}/channel_mantissas", values=synapses.channel_mantissas)
    yield Image(path=f"{prefix}/channel_exponents", values=synapses.channel_exponents)
    yield Image(
        path=f"{prefix}/bias",
        values=np.zeros(targets, dtype=np.int64) if bias is None else bias,
    )

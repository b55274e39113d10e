"""What a trace of LAS says of each product, with the shapes of its model (LAS-19)."""

from collections.abc import Iterator

import numpy as np

from spikeref.account.las_counters import INPUT_OF_ROLE
from spikeref.energy.observed import Firing, Observed, field_sum, fired_at, missing_record
from spikeref.energy.setting import WHOLE_ADDITION
from spikeref.model.las_assembly import INPUT_ROLES
from spikeref.model.las_layers import LasModel
from spikeref.neurons.binary_train import BinaryTrain
from spikeref.neurons.outlier_aware import TrainForm
from spikeref.neurons.spike_numbers import spike_numbers
from spikeref.trace.canonical import Place
from spikeref.trace.reader import TraceFolder
from spikeref.trace.records import OP_CODES

HEAD_OPS = ("las_query_spikes", "las_key_spikes", "las_value_spikes")


def observe_las(
    trace: TraceFolder,
    model: LasModel,
    form: TrainForm,
    firing: dict[tuple[int, str], Firing],
) -> list[Observed]:
    """Return every product of a trace of LAS; TraceError where a record is missing."""
    products = list(_products(model))
    found: list[Observed] = []
    for layer in range(len(model.layers) + 1):
        found += [
            _linear(trace, firing, layer, op, given, targets)
            for where, op, given, targets in products
            if where == layer and ((layer, given) in firing or layer < len(model.layers))
        ]
        if layer < len(model.layers):
            found.append(_attention(trace, model, form, firing, layer))
    return found


def _products(model: LasModel) -> Iterator[tuple[int, str, str, int]]:
    """Yield layer, op, input and M of every linear operator."""
    last = len(model.layers)
    for index, layer in enumerate(model.layers):
        for operator, synapses in layer.operators.items():
            given: str = INPUT_OF_ROLE[INPUT_ROLES[operator]]
            yield index, f"las_{operator}", given, synapses.weights.shape[1]
    if model.pooler is not None:
        yield last, "las_pooler", "las_head_input", model.pooler.weights.shape[1]
    if model.classifier is not None:
        targets = model.classifier.weights.shape[1]
        yield last, "las_classifier", "las_classifier_input", targets
    if model.head is not None:
        yield last, "las_head", "las_head_input", len(model.head.mantissas)


def _linear(
    trace: TraceFolder,
    firing: dict[tuple[int, str], Firing],
    layer: int,
    op: str,
    given: str,
    targets: int,
) -> Observed:
    fired = fired_at(trace, firing, layer, given)
    return Observed(
        layer=layer,
        op=op,
        spikes=fired.spikes,
        slots=fired.slots,
        steps=fired.steps,
        macs=fired.neurons * targets,
        additions=fired.spikes * targets,
        factor=WHOLE_ADDITION,
    )


def _attention(
    trace: TraceFolder,
    model: LasModel,
    form: TrainForm,
    firing: dict[tuple[int, str], Firing],
    layer: int,
) -> Observed:
    """Two spike products: each spike adds what has arrived of the other operand."""
    fired = [fired_at(trace, firing, layer, op) for op in HEAD_OPS]
    shape, tokens = model.config.shape, len(trace.manifest.tokens)
    added = field_sum(trace, layer, "las_attention", ("key_spikes", "value_spikes"))
    weights = field_sum(trace, layer, "las_attention", ("probability_spikes",))
    queries = [_query_spikes(trace, form, layer, token) for token in range(tokens)]
    seen = _visible(model, layer, tokens)
    return Observed(
        layer=layer,
        op="las_attention",
        spikes=sum(one.spikes for one in fired),
        slots=sum(one.slots for one in fired),
        steps=fired[0].steps,
        macs=2 * tokens**2 * shape.query_width,
        additions=added
        + weights * shape.head_dim
        + sum(spikes * count for spikes, count in zip(queries, seen, strict=True)),
        factor=WHOLE_ADDITION,
    )


def _visible(model: LasModel, layer: int, tokens: int) -> list[int]:
    """Return how many positions each token sees, itself among them."""
    if not model.config.structure.causal:
        return [tokens] * tokens
    window = model.layers[layer].sliding_window
    return [min(t + 1, tokens if window is None else window) for t in range(tokens)]


def _query_spikes(trace: TraceFolder, form: TrainForm, layer: int, token: int) -> int:
    number = trace.find(Place(token, layer, OP_CODES["las_query_spikes"]))
    if number is None:
        raise missing_record(trace, layer, "las_query_spikes")
    counts = trace.fields(number)["counts"]
    train = BinaryTrain(counts=counts, steps=form.steps, levels=form.levels)
    return int(spike_numbers(train).sum(dtype=np.int64))

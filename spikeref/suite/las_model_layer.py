"""Teacher-forced cases of one LAS layer: each operator with golden inputs and its real weights."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.functions.tables import FunctionTables
from spikeref.model.groups import OUTPUT_BITS, Operator
from spikeref.model.las_config import FeedForward, Placement
from spikeref.model.las_layers import LasLayer, LasModel, NormParameters, WideSynapses
from spikeref.model.las_profile import Choice, LayerRole
from spikeref.neurons.hierarchical import HgNeuron
from spikeref.neurons.outlier_aware import OatCode
from spikeref.operations.operation import Parameters
from spikeref.suite.build import Tensors, accepted
from spikeref.suite.las_model_forms import (
    code_parameters,
    form_parameters,
    function_table,
    norm_inputs,
    piece_inputs,
    spike_inputs,
    synapse_inputs,
)
from spikeref.suite.model_layer import FORCED, Records
from spikeref.vectors.case import Case

LARGEST_ACTIVATION = 1 << 12
"""Membranes in one case of an activation."""

INPUTS: dict[Operator, tuple[str, LayerRole]] = {
    "q": ("qkv_input", "attention_input"),
    "k": ("qkv_input", "attention_input"),
    "v": ("qkv_input", "attention_input"),
    "o": ("o_input", "o_input"),
    "gate": ("mlp_input", "mlp_input"),
    "up": ("mlp_input", "mlp_input"),
    "down": ("down_input", "activation"),
}
"""The record of the spikes that drive an operator, and their role (LAS-14)."""

HEADS: tuple[tuple[str, LayerRole], ...] = (("q", "query"), ("k", "key"), ("v", "value"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LasPlace:
    """One layer of a model, or what lies around the layers, and the records of one pass."""

    model: LasModel
    records: Records
    index: int

    @property
    def form(self) -> dict[str, int | str]:
        """T, n, rule and gate as parameters."""
        return form_parameters(self.model.config.profile)

    @property
    def trains(self) -> dict[str, int | str]:
        """T and n as parameters."""
        return {name: self.form[name] for name in ("steps", "levels")}

    @property
    def functions(self) -> dict[str, int | str]:
        """T and the steps of the tables, which are T."""
        steps = self.model.config.profile.form.steps
        return {"steps": steps, "table_steps": steps}

    @property
    def ties(self) -> dict[str, int | str]:
        """The tie rule as a parameter."""
        return {"ties": self.model.config.profile.ties.value}

    def record(self, op: str) -> Any:
        """Return the record of an op, without its prefix."""
        return self.records[f"las_{op}", self.index]

    def case(self, name: str, operation: str, parameters: Parameters, inputs: Tensors) -> Case:
        """Return a case of this place."""
        layers = self.model.config.shape.layers
        stem = f"model-layer-{self.index}" if 0 <= self.index < layers else "model"
        identity = f"{stem}-{name.replace('_', '-')}"
        return accepted(identity, operation, FORCED, parameters, inputs, provenance="model")

    def tables(self, **neurons: HgNeuron) -> dict[str, NDArray[Any]] | None:
        """Return tables of one piece by name; None where one of them is an FS neuron."""
        steps = self.model.config.profile.form.steps
        found = {name: function_table(neuron, steps) for name, neuron in neurons.items()}
        whole = {name: table for name, table in found.items() if table is not None}
        return whole if len(whole) == len(found) else None

    def pieces(self, neuron: HgNeuron) -> dict[str, NDArray[Any]]:
        """Return a neuron of many pieces as inputs."""
        return piece_inputs(neuron, self.model.config.profile.form.steps)


def las_layer_cases(place: LasPlace) -> Iterator[Case]:
    """Yield the cases of a layer.

    Norms of the published program and attention with its softmax have no operation of their own,
    nor have functions of one piece that are fitted: the whole passes alone have them.
    """
    layer = place.model.layers[place.index]
    yield from _norms(place, layer)
    yield from _spikes(place, layer)
    for operator, synapses in layer.operators.items():
        op, role = INPUTS[operator]
        yield from saw_case(place, operator, synapses, op, layer.codes[role], OUTPUT_BITS[operator])
    yield from _heads(place, layer)
    yield from _attend(place, layer)
    yield from _feed_forward(place, layer)
    before = _residual_before(place)
    middle = _middle(place)
    for name, x, op in (("attention", before, "o"), ("mlp", middle, "down")):
        inputs = {"x": x, "out": place.record(op).output}
        yield place.case(f"{name}-residual", "residual_add", {}, inputs)


def _residual_before(place: LasPlace) -> NDArray[np.int64]:
    before = place.index - 1
    if before < 0:
        if place.model.embedding_norm is not None:
            return np.asarray(place.records["las_embedding_norm", before].output)
        return np.asarray(place.records["las_embedding", before].residual)
    if place.model.config.structure.placement is Placement.POST:
        return np.asarray(place.records["las_post_mlp_norm", before].output)
    return np.asarray(place.records["las_mlp_residual", before].residual)


def _middle(place: LasPlace) -> NDArray[np.int64]:
    """Return the residual stream that the feed-forward is added to."""
    if place.model.config.structure.placement is Placement.POST:
        return np.asarray(place.record("post_attention_norm").output)
    return np.asarray(place.record("attention_residual").residual)


def _norms(place: LasPlace, layer: LasLayer) -> Iterator[Case]:
    middle = place.record("attention_residual").residual
    if place.model.config.structure.placement is Placement.POST:
        second = place.record("mlp_residual").residual
        yield from norm_case(place, "post-attention-norm", middle, layer.attention_norm)
        yield from norm_case(place, "post-mlp-norm", second, layer.mlp_norm)
    else:
        yield from norm_case(place, "attention-norm", _residual_before(place), layer.attention_norm)
        yield from norm_case(place, "mlp-norm", middle, layer.mlp_norm)


def norm_case(
    place: LasPlace, name: str, x: NDArray[np.int64], given: NormParameters
) -> Iterator[Case]:
    """Yield the case of a norm of x, int64 [T, N], where an operation states it (LAS-4)."""
    config, functions = place.model.config, place.model.tables
    tables = place.tables(square=functions.square, rsqrt=functions.rsqrt)
    if config.profile.norm is not Choice.PAPER or tables is None:
        return
    constants = config.constants
    parameters = {
        "kind": config.structure.norm.value,
        "root_mantissa": constants.norm_root,
        "root_exponent": constants.norm_root_exponent,
        "epsilon_mantissa": constants.norm_epsilon,
        "epsilon_exponent": constants.norm_epsilon_exponent,
        "gamma_exponent": given.gamma.exponent,
        **place.functions,
        **place.ties,
    }
    yield place.case(name, "las_norm", parameters, {"x": x, **norm_inputs(given), **tables})


def _spikes(place: LasPlace, layer: LasLayer) -> Iterator[Case]:
    roles: dict[str, LayerRole] = dict(INPUTS.values())
    if place.model.config.structure.mlp is FeedForward.GATED:
        roles["up_spikes"] = "up"
    for op, role in roles.items():
        yield spikes_case(place, op, layer.codes[role])


def spikes_case(place: LasPlace, op: str, code: OatCode) -> Case:
    """Return the case of a population of OAT neurons (LAS-5)."""
    record = place.record(op)
    parameters = {**place.form, **code_parameters(code), "fraction_bits": record.fraction_bits}
    return place.case(op, "oat_encode", parameters, {"x": record.potential})


def saw_case(
    place: LasPlace, name: str, synapses: WideSynapses, op: str, code: OatCode, bits: int
) -> Iterator[Case]:
    """Yield the case of an operator that the spikes of `op` drive (LAS-6)."""
    parameters = {**place.trains, **code_parameters(code), "output_bits": bits, **place.ties}
    inputs = {**spike_inputs(place.record(op)), **synapse_inputs(synapses)}
    yield place.case(name, "las_saw", parameters, inputs)


def _heads(place: LasPlace, layer: LasLayer) -> Iterator[Case]:
    shape, rotary = place.model.config.shape, place.model.rotary
    for op, role in HEADS:
        output = place.record(op).output
        x = output.astype(np.int32).reshape(len(output), -1, shape.head_dim)
        inputs: dict[str, NDArray[Any]] = {"x": x}
        if rotary is not None and op != "v":
            # Tokens of text have three equal numbers, their places (LMOD-9).
            inputs |= {"cos": np.array(rotary.cos[: len(x)]), "sin": np.array(rotary.sin[: len(x)])}
        code = code_parameters(layer.codes[role])
        yield place.case(
            f"{role}-spikes", "las_heads", {**place.form, **code, **place.ties}, inputs
        )


def _attend(place: LasPlace, layer: LasLayer) -> Iterator[Case]:
    config, functions = place.model.config, place.model.tables
    tables = place.tables(exp=functions.exp, reciprocal=functions.reciprocal)
    if config.profile.softmax is not Choice.PAPER or tables is None:
        return
    parameters = dict(place.form)
    inputs: dict[str, NDArray[Any]] = {}
    for _, role in HEADS:
        parameters |= code_parameters(layer.codes[role], f"{role}_")
        inputs |= spike_inputs(place.record(f"{role}_spikes"), f"{role}_")
    parameters |= code_parameters(layer.codes["probabilities"], "probabilities_")
    parameters |= {
        "table_steps": config.profile.form.steps,
        "score_mantissa": config.constants.score_mantissa,
        "score_exponent": config.constants.score_exponent,
        "causal": int(config.structure.causal),
        "window": layer.sliding_window or 0,
    }
    yield place.case("attend", "las_attend", parameters | place.ties, inputs | tables)


def _feed_forward(place: LasPlace, layer: LasLayer) -> Iterator[Case]:
    functions: FunctionTables = place.model.tables
    pieces = place.pieces(functions.activation)
    gated = place.model.config.structure.mlp is FeedForward.GATED
    h = place.record("gate" if gated else "up").output.astype(np.int32)
    x = np.ascontiguousarray(h.ravel()[:LARGEST_ACTIVATION])
    yield place.case("activation", "las_activation", place.functions, {"x": x, **pieces})
    if gated:
        parameters = {
            **place.trains,
            **code_parameters(layer.codes["up"]),
            "table_steps": place.functions["table_steps"],
            **place.ties,
        }
        inputs = {"gate": h, **spike_inputs(place.record("up_spikes")), **pieces}
        yield place.case("gated", "las_gated", parameters, inputs)

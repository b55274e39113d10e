"""Teacher-forced cases of one layer: each operator with golden inputs and its real weights."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import normalise
from spikeref.engine.dense import DENSE
from spikeref.model.groups import GROUP_OF, GROUPS, OPERATORS, OUTPUT_BITS, Group, Operator
from spikeref.model.layers import Gamma, IntegerModel
from spikeref.model.rotation import head_rotation, input_rotation
from spikeref.neurons.counts import SCALE_BITS
from spikeref.operations.operation import Parameters
from spikeref.ops.heads import TURNED_FRACTION_BITS
from spikeref.ops.linear import FRACTION_BITS
from spikeref.ops.non_linear import gate, non_linear_functions, norm
from spikeref.ops.norm import Scaled
from spikeref.suite.build import Tensors, accepted
from spikeref.vectors.case import Case

Records: TypeAlias = dict[tuple[str, int], Any]
"""(op, layer) -> record of all tokens (TRACE-2)."""

LARGEST_WEIGHTS = 1 << 17
"""Bytes of weights in one case; a wider operator is cut to its first targets."""

FORCED = "The layer's own weights and golden inputs: an error before it does not hide one in it."


def records_of(records: list[Any]) -> Records:
    """Return the records of one pass by op and layer."""
    return {(record.op, record.layer): record for record in records}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of a model, and the records of one pass over the tokens."""

    model: IntegerModel
    records: Records
    index: int

    @property
    def ties(self) -> dict[str, int | str]:
        """The tie rule as a parameter."""
        return {"ties": self.model.config.profile.ties.value}

    @property
    def ratio(self) -> dict[str, int | str]:
        """The clip ratio as parameters."""
        ratio = self.model.config.profile.clip_ratio
        return {"ratio_n": ratio.numerator, "ratio_d": ratio.denominator}

    @property
    def stated(self) -> bool:
        """Whether operations of CONF-9 state its norm, gate and softmax: HG neurons have none."""
        return self.model.functions is None

    def normed(self, x: NDArray[np.int64], gamma: Gamma | None) -> Scaled:
        """Return the model's norm of x, int64 [T, N] (OP-2, OP-3, LAS-17)."""
        functions = non_linear_functions(self.model, DENSE.hadamard)
        return norm(x, gamma, functions, self.model.config.profile.ties)

    @property
    def gated(self) -> Scaled:
        """What enters down (OP-9, LAS-17)."""
        functions = non_linear_functions(self.model, DENSE.hadamard)
        g, a = self.record("gate").output, self.record("up").output
        return gate(g, a, functions, self.model.config.profile.ties)

    def record(self, op: str) -> Any:
        """Return the layer's record of an op."""
        return self.records[op, self.index]

    def case(self, name: str, operation: str, parameters: Parameters, inputs: Tensors) -> Case:
        """Return a case of the layer."""
        identity = f"model-layer-{self.index}-{name}"
        return accepted(identity, operation, FORCED, parameters, inputs, provenance="model")


def layer_cases(layer: Layer) -> Iterator[Case]:
    """Yield the cases of a layer."""
    entering: dict[Group, Scaled] = {}
    residual = _residual_before(layer)
    found = layer.model.layers[layer.index]
    middle = layer.record("attention_residual").residual
    for group, x, gamma in (
        ("qkv", residual, found.attention_gamma),
        ("gate_up", middle, found.mlp_gamma),
    ):
        yield from norm_cases(layer, f"{group.replace('_', '-')}-norm", x, gamma)
        entering["qkv" if group == "qkv" else "gate_up"] = layer.normed(x, gamma)
    attention = layer.record("attention")
    entering["o"] = Scaled(values=attention.mixed, exponent=attention.exponent)
    if layer.stated:
        yield _gate_case(layer)
    entering["down"] = layer.gated
    for group in GROUPS:
        yield _input_case(layer, group, entering[group])
    for operator in OPERATORS:
        yield _linear_case(layer, operator, entering[GROUP_OF[operator]])
    yield from _attention_cases(layer)
    for name, before, op in (("attention", residual, "o"), ("mlp", middle, "down")):
        inputs = {"x": before, "out": layer.record(op).output.astype(np.int64)}
        yield layer.case(f"{name}-residual", "residual_add", {}, inputs)


def norm_cases(
    layer: Layer, name: str, x: NDArray[np.int64], gamma: Gamma | None
) -> Iterator[Case]:
    """Yield the case of an RMSNorm of x, int64 [T, N], where an operation states it."""
    if not layer.stated:
        return
    constants = layer.model.config.constants
    parameters = {
        "norm_root": constants.norm_root,
        "norm_root_exponent": constants.norm_root_exponent,
        "norm_epsilon": constants.norm_epsilon,
        **({} if gamma is None else {"gamma_exponent": gamma.exponent}),
        **layer.ties,
    }
    inputs = {"x": x} | ({} if gamma is None else {"gamma": np.array(gamma.mantissas)})
    yield layer.case(name, "rms_norm", parameters, inputs)


def _output(case: Case, name: str) -> NDArray[Any]:
    assert case.outputs is not None
    return case.outputs[name]


def _residual_before(layer: Layer) -> NDArray[np.int64]:
    if layer.index == 0:
        return np.asarray(layer.records["embedding", -1].residual)
    return np.asarray(layer.records["mlp_residual", layer.index - 1].residual)


def _exponents(u: Scaled) -> NDArray[np.int32]:
    return u.exponent.astype(np.int32)


def _encoder(layer: Layer) -> dict[str, int | str]:
    profile = layer.model.config.profile
    return {
        "bits": profile.act_bits,
        "encoding": profile.encoding.value,
        **layer.ratio,
        **layer.ties,
    }


def _rotate(layer: Layer, group: Group) -> int:
    config = layer.model.config
    return int(input_rotation(config.profile.rotation, config.shape, group) is not None)


def _gate_case(layer: Layer) -> Case:
    model = layer.model
    return layer.case(
        "silu-gate",
        "silu_gate",
        {"log2e": model.config.constants.log2e, **layer.ties},
        {
            "gate": layer.record("gate").output.astype(np.int32),
            "up": layer.record("up").output.astype(np.int32),
            "table": _table(model),
        },
    )


def _table(model: IntegerModel) -> NDArray[np.int64]:
    return np.array(model.tables.exp2, dtype=np.int64)


def _input_case(layer: Layer, group: Group, u: Scaled) -> Case:
    clip = layer.model.layers[layer.index].clips.get(group)
    parameters = {**_encoder(layer), "rotate": _rotate(layer, group)}
    if clip is not None:
        parameters |= {"mode": clip.mode.value, "threshold": clip.threshold}
    inputs = {"u": u.values, "exponent": _exponents(u)}
    return layer.case(f"{group.replace('_', '-')}-input", "spiking_input", parameters, inputs)


def _linear_case(layer: Layer, operator: Operator, u: Scaled) -> Case:
    """Return the case of an operator; one whose input is clipped gets its scales alone.

    `linear` knows no threshold, so what follows one is checked from the accumulator on.
    """
    group, synapses = GROUP_OF[operator], layer.model.layers[layer.index].synapses(operator)
    targets = slice(0, max(1, LARGEST_WEIGHTS // len(synapses.weights)))
    bias = synapses.bias
    channels: dict[str, NDArray[Any]] = {
        "channel_mantissa": np.array(synapses.channel_mantissas[targets]),
        "channel_exponent": np.array(synapses.channel_exponents[targets]),
        "bias": np.zeros(len(synapses.channel_exponents), dtype=np.int64)[targets]
        if bias is None
        else np.array(bias[targets]),
    }
    if group in layer.model.layers[layer.index].clips:
        return _rescale_case(layer, operator, channels, targets)
    if synapses.weight_sums is not None:
        channels["weight_sums"] = np.array(synapses.weight_sums[targets])
    return layer.case(
        operator,
        "linear",
        {
            **_encoder(layer),
            "rotate": _rotate(layer, group),
            "output_bits": OUTPUT_BITS[operator],
        },
        {
            "u": u.values,
            "exponent": _exponents(u),
            "weights": np.ascontiguousarray(synapses.weights[:, targets]),
            **channels,
        },
    )


def _rescale_case(
    layer: Layer, operator: Operator, channels: dict[str, NDArray[Any]], targets: slice
) -> Case:
    group = GROUP_OF[operator]
    given = layer.record(f"{group}_input")
    scale = normalise(given.amax, SCALE_BITS, layer.model.config.profile.ties)
    return layer.case(
        operator,
        "rescale",
        {"bits": OUTPUT_BITS[operator], **layer.ties},
        {
            "accumulator": layer.record(operator).accumulator[:, targets].astype(np.int32),
            "token_mantissa": scale.mantissa.astype(np.int32),
            "token_exponent": (scale.exponent + given.exponent).astype(np.int32),
            **channels,
        },
    )


def _attention_cases(layer: Layer) -> Iterator[Case]:
    model, shape = layer.model, layer.model.config.shape
    profile, constants = model.config.profile, model.config.constants
    tokens = len(layer.record("q").output)
    rotate: dict[str, int | str] = {
        "rotate": int(head_rotation(profile.rotation, shape) is not None)
    }
    cache = {"bits": profile.kv_bits, **layer.ratio, **rotate, **layer.ties}
    rotated: dict[str, NDArray[np.int64]] = {}
    for op, heads in (("q", shape.heads), ("k", shape.kv_heads)):
        x = layer.record(op).output.astype(np.int32).reshape(tokens, heads, shape.head_dim)
        table = {"cos": model.tables.cos[:tokens], "sin": model.tables.sin[:tokens]}
        inputs = {"x": x, **{name: np.array(rows) for name, rows in table.items()}}
        case = layer.case(f"rope-{op}", "rope", {}, inputs)
        yield case
        rotated[op] = _output(case, "r")
    wide = layer.record("v").output.astype(np.int64)
    values = wide.reshape(tokens, shape.kv_heads, shape.head_dim)
    for name, r, fraction_bits in (
        ("keys", rotated["k"], TURNED_FRACTION_BITS),
        ("values", values, FRACTION_BITS),
    ):
        yield layer.case(name, "cache_heads", {**cache, "fraction_bits": fraction_bits}, {"r": r})
    score = {
        "score_mantissa": constants.score_mantissa,
        "score_exponent": constants.score_exponent,
    }
    queries = {**score, **rotate, **layer.ties}
    yield layer.case("queries", "queries", queries, {"r": rotated["q"]})
    if layer.stated:
        yield _attend_case(layer, {"bits": profile.kv_bits, **rotate, **layer.ties})


def _attend_case(layer: Layer, parameters: Parameters) -> Case:
    query, window = layer.record("query"), layer.model.config.shape.sliding_windows[layer.index]
    inputs = {
        "query": query.mantissa.astype(np.int32),
        "query_exponent": query.exponent.astype(np.int32),
    }
    for kind in ("key", "value"):
        held = layer.record(f"{kind}_spikes")
        inputs |= {
            f"{kind}_counts": held.counts.astype(np.int16),
            f"{kind}_mantissa": held.mantissa.astype(np.int32),
            f"{kind}_exponent": held.exponent.astype(np.int32),
        }
    inputs["table"] = _table(layer.model)
    return layer.case("attend", "attend", {**parameters, "window": window or 0}, inputs)

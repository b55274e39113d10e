"""What MODEL-3 and MODEL-7 refuse in the tensors and constants of a model."""

from collections.abc import Mapping, Sequence

from .encoding import Neuron
from .las_tables import SINGLE, expected_tables
from .model_shape import GROUPS, OPERATORS, Shape, expected_tensors
from .parameters import Parameters
from .tensor import Refusal, Tensor
from .trains import load_bound


def require(condition: bool, message: str) -> None:
    """Refuse the model unless the condition holds (MODEL-7)."""
    if not condition:
        raise Refusal("model", message)


def within(values: Sequence[int], lowest: int, highest: int) -> bool:
    """Whether all values lie in lowest … highest."""
    return lowest <= min(values) and max(values) <= highest


def hg_functions(parameters: Parameters) -> list[str]:
    """The functions whose tables the model holds beside its own (LAS-17); none without them."""
    if not parameters.has("non_linear"):
        return []
    steps = parameters.integer("steps")
    require(parameters.text("non_linear") == "hg", "unknown non-linearities")
    require(10 <= steps <= 16, f"{steps} steps outside 10 … 16")
    return [*SINGLE, "silu"]


def check_model(
    parameters: Parameters, shape: Shape, neuron: Neuron, tensors: Mapping[str, Tensor]
) -> None:
    """Refuse a model that contradicts MODEL-3 or MODEL-7."""
    typed = {name: (t.type, t.shape) for name, t in tensors.items()}
    require(
        typed
        == expected_tensors(parameters, shape, tensors)
        | expected_tables(hg_functions(parameters), tensors),
        "tensors differ from those of MODEL-2",
    )
    check_constants(parameters)
    check_tables(tensors)
    check_clipping(parameters, shape, tensors)
    weight_bits = parameters.count_bits("weight_bits")
    for i in range(shape.layers):
        for name in OPERATORS:
            check_operator(tensors, f"layers.{i}.{name}", weight_bits, neuron)


def check_constants(parameters: Parameters) -> None:
    """The ranges of the constants (MODEL-3)."""
    ranges = {
        "norm_root": (1 << 58, (1 << 59) - 1),
        "norm_root_exponent": (50, 58),
        "norm_epsilon": (0, (1 << 60) - 1),
        "log2e": (1 << 30, (1 << 31) - 1),
        "score_mantissa": (1 << 21, (1 << 22) - 1),
        "score_exponent": (-128, 128),
    }
    for name, (lowest, highest) in ranges.items():
        value = parameters.integer(name)
        require(lowest <= value <= highest, f"{name} {value} out of range")


def check_tables(tensors: Mapping[str, Tensor]) -> None:
    """The ranges of tables, rows and gains (MODEL-3)."""
    for name, tensor in tensors.items():
        if name in ("rope.cos", "rope.sin"):
            require(within(tensor.flat, -(1 << 14), 1 << 14), f"{name} out of range")
        if name.endswith((".mantissas", ".gamma")):
            require(min(tensor.flat) > -(1 << 15), f"{name} out of range")
        if name.endswith(("exponents", "exponent")):
            require(within(tensor.flat, -512, 512), f"{name} out of range")
    table = tensors["tables.exp2"].flat
    require(table[0] == 1 << 30, "tables.exp2 does not start at 1")
    require(min(table) >= 0 and sum(table) <= 1 << 31, "tables.exp2 out of range")


def check_clipping(parameters: Parameters, shape: Shape, tensors: Mapping[str, Tensor]) -> None:
    """Thresholds have 48 bits, a mode, and symmetric counts (ENC-8, MODEL-4)."""
    places = [f"layers.{i}.clip.{group}" for i in range(shape.layers) for group in GROUPS]
    limits = [tensors[place].scalar for place in places if place in tensors]
    require(bool(limits) == (parameters.text("clip_mode") != "none"), "clip_mode contradicts")
    require(parameters.symmetric or not limits, "clipping with asymmetric counts")
    require(
        all(-(1 << 47) <= limit < 1 << 47 for limit in limits), "a threshold of more than 48 bits"
    )


def check_operator(
    tensors: Mapping[str, Tensor], place: str, weight_bits: int, neuron: Neuron
) -> None:
    """Prove what a model states about one operator (ADD-3, MODEL-3, COMP-12)."""
    rows = tensors[f"{place}.weights"].rows()
    limit = (1 << (weight_bits - 1)) - 1
    require(all(within(row, -limit, limit) for row in rows), f"{place}: weight out of range")
    zeros = tuple(row.count(0) for row in rows)
    require(zeros == tensors[f"{place}.zero_weights"].flat, f"{place}: zero_weights")
    bound = load_bound(rows, neuron.largest_count)
    require(bound <= 1 << 30, f"{place}: no head-room")
    require(bound == tensors[f"{place}.accumulator_bound"].scalar, f"{place}: bound")
    mantissas = tensors[f"{place}.channel_mantissas"].flat
    require(min(mantissas) >= 1 << 15, f"{place}: channel mantissa out of range")
    if f"{place}.weight_sums" in tensors:
        sums = tuple(map(sum, zip(*rows, strict=True)))
        require(sums == tensors[f"{place}.weight_sums"].flat, f"{place}: weight_sums")
    if f"{place}.bias" in tensors:
        biases = tensors[f"{place}.bias"].flat
        require(within(biases, -(1 << 39), (1 << 39) - 1), f"{place}: bias out of range")

"""The shape of a model, and the tensors that it must have (MODEL-2, MODEL-4)."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .parameters import Parameters
from .tensor import Refusal, TensorType

OPERATORS = ("q", "k", "v", "o", "gate", "up", "down")
GROUPS = ("qkv", "o", "gate_up", "down")

Expected: TypeAlias = dict[str, tuple[TensorType, tuple[int, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The member `shape` of config.json; windows are 0 where there is none."""

    vocab: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    positions: int
    windows: Sequence[int]

    @property
    def operator_widths(self) -> dict[str, tuple[int, int]]:
        """Input and output width of each linear operator."""
        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        return {
            "q": (self.hidden, queries),
            "k": (self.hidden, keys),
            "v": (self.hidden, keys),
            "o": (queries, self.hidden),
            "gate": (self.hidden, self.intermediate),
            "up": (self.hidden, self.intermediate),
            "down": (self.intermediate, self.hidden),
        }


def model_shape(parameters: Parameters) -> Shape:
    """The shape that the model parameters state."""
    shape = Shape(
        vocab=parameters.integer("vocab"),
        hidden=parameters.integer("hidden"),
        intermediate=parameters.integer("intermediate"),
        layers=parameters.integer("layers"),
        heads=parameters.integer("heads"),
        kv_heads=parameters.integer("kv_heads"),
        head_dim=parameters.integer("head_dim"),
        positions=parameters.integer("positions"),
        windows=parameters.integers("sliding_windows"),
    )
    if len(shape.windows) != shape.layers:
        raise Refusal("model", "sliding_windows has not one entry a layer")
    return shape


def expected_tensors(parameters: Parameters, shape: Shape, given: Container[str]) -> Expected:
    """Name to type and shape of the tensors that a model must have (MODEL-2)."""
    vocab, hidden = shape.vocab, shape.hidden
    tables = (shape.positions, shape.head_dim // 2)
    wanted: Expected = {
        "rope.cos": ("i16", tables),
        "rope.sin": ("i16", tables),
        "tables.exp2": ("i64", (7,)),
    }
    for rows in ("embedding",) if parameters.flag("tied_head") else ("embedding", "head"):
        wanted[f"{rows}.mantissas"] = ("i16", (vocab, hidden))
        wanted[f"{rows}.exponents"] = ("i16", (vocab,))
    norms = ["final_norm"]
    for i in range(shape.layers):
        norms += [f"layers.{i}.attention_norm", f"layers.{i}.mlp_norm"]
        wanted |= _expected_in_layer(parameters, shape, f"layers.{i}", given)
    if parameters.text("rotation") != "quarot":
        for norm in norms:
            wanted[f"{norm}.gamma"] = ("i16", (hidden,))
            wanted[f"{norm}.gamma_exponent"] = ("i16", (1,))
    return wanted


def _expected_in_layer(
    parameters: Parameters, shape: Shape, layer: str, given: Container[str]
) -> Expected:
    wanted: Expected = {}
    for name, (inputs, outputs) in shape.operator_widths.items():
        place = f"{layer}.{name}"
        wanted[f"{place}.weights"] = ("i8", (inputs, outputs))
        wanted[f"{place}.channel_mantissas"] = ("u16", (outputs,))
        wanted[f"{place}.channel_exponents"] = ("i16", (outputs,))
        wanted[f"{place}.zero_weights"] = ("i32", (inputs,))
        wanted[f"{place}.accumulator_bound"] = ("i64", (1,))
        if not parameters.symmetric:
            wanted[f"{place}.weight_sums"] = ("i32", (outputs,))
        if f"{place}.bias" in given:
            wanted[f"{place}.bias"] = ("i64", (outputs,))
    clips = (f"{layer}.clip.{group}" for group in GROUPS)
    return wanted | {clip: ("i64", (1,)) for clip in clips if clip in given}

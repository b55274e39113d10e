"""What the config.json of a LAS model states (LMOD-2), and the tensors it must have (LMOD-3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .arithmetic import Ties
from .las_neurons import Form, check_form
from .las_norm import Kind
from .las_operators import Scale
from .las_tables import SINGLE, Tensors, expected_tables
from .model_shape import Expected, Shape
from .tensor import Refusal

Placement: TypeAlias = Literal["pre", "post"]

ROLES = (
    "attention_input",
    "query",
    "key",
    "value",
    "probabilities",
    "o_input",
    "mlp_input",
    "activation",
    "up",
)
"""Rows of the thresholds of a layer; the last only in a gated feed-forward (LMOD-3)."""
OUTPUT_ROLES = ("head_input", "classifier_input")


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """How a LAS model is built (LMOD-2); three sections where positions are multi-rotary."""

    norm: Kind
    placement: Placement
    gated: bool
    activation: str
    rotary: bool
    sections: Sequence[int]
    position_offset: int
    causal: bool
    pooler: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LasConfig:
    """The members of config.json that the forward pass needs; token_types 0 where none."""

    shape: Shape
    token_types: int
    classes: int
    structure: Structure
    form: Form
    published_norm: bool
    published_softmax: bool
    fitted: bool
    weight_bits: int
    ties: Ties
    norm_root: Scale
    norm_epsilon: Scale
    published_epsilon: Scale
    score: Scale
    tied_head: bool
    digest: str

    @property
    def functions(self) -> list[str]:
        """The functions whose tables the model holds (LMOD-4)."""
        structure = self.structure
        return [*SINGLE, structure.activation, *(["tanh"] if structure.pooler else [])]

    @property
    def roles(self) -> Sequence[str]:
        """The roles of a layer in order (LMOD-3)."""
        return ROLES if self.structure.gated else ROLES[:-1]

    @property
    def operator_widths(self) -> dict[str, tuple[int, int]]:
        """Input and output width of each linear operator of a layer."""
        widths = self.shape.operator_widths
        return {op: x for op, x in widths.items() if op != "gate" or self.structure.gated}

    @property
    def output_widths(self) -> dict[str, tuple[int, int]]:
        """Input and output width of the operators behind the layers (LAS-15)."""
        hidden = self.shape.hidden
        widths = {"pooler": (hidden, hidden)} if self.structure.pooler else {}
        return widths | ({"classifier": (hidden, self.classes)} if self.classes else {})


def _one_of(members: Mapping[str, Any], name: str, *known: str) -> Any:
    value = members[name]
    if value not in known:
        raise Refusal("model", f"unknown {name} {value!r}")
    return value


def config_of(config: Mapping[str, Any], digest: str) -> LasConfig:
    """The configuration of a LAS model (LMOD-2); refuses another system."""
    if config.get("system") != "las":
        raise Refusal("model", "not a model of LAS")
    profile, constants, shape = config["profile"], config["constants"], config["shape"]

    def scale(name: str, exponent: str) -> Scale:
        return constants[name], constants[exponent]

    form = Form(
        steps=profile["steps"],
        levels=profile["levels"],
        rule=_one_of(profile, "rule", "below", "at-most"),
        gate=_one_of(profile, "gate", "below", "at-most"),
    )
    check_form(form)
    sizes, structure = _shape(shape), _structure(config["structure"])
    _check_sections(config["structure"], sizes.head_dim)
    return LasConfig(
        shape=sizes,
        token_types=shape["token_types"],
        classes=shape["classes"],
        structure=structure,
        form=form,
        published_norm=_one_of(profile, "norm", "paper", "published") == "published",
        published_softmax=_one_of(profile, "softmax", "paper", "published") == "published",
        fitted=profile.get("functions") == "fitted",
        weight_bits=profile["weight_bits"],
        ties=_one_of(profile, "ties", "half-even", "half-up"),
        norm_root=scale("norm_root", "norm_root_exponent"),
        norm_epsilon=scale("norm_epsilon", "norm_epsilon_exponent"),
        published_epsilon=scale("published_epsilon", "published_epsilon_exponent"),
        score=scale("score_mantissa", "score_exponent"),
        tied_head=config["tied_head"],
        digest=digest,
    )


def _shape(members: Mapping[str, Any]) -> Shape:
    numbers = {k: members[k] for k in Shape.__slots__ if k != "windows"}
    windows = [window or 0 for window in members["sliding_windows"]]
    if len(windows) != numbers["layers"]:
        raise Refusal("model", "sliding_windows has not one entry a layer")
    return Shape(**numbers, windows=windows)


def _check_sections(members: Mapping[str, Any], head_dim: int) -> None:
    """Refuse sections that do not take each pair of a head once, or have no use (LMOD-9)."""
    sections = members["multi_rotary"]
    fit = len(sections) == 3 and min(sections) >= 0 and 2 * sum(sections) == head_dim
    if not (fit if members["position"] == "multi-rotary" else not sections):
        raise Refusal("model", f"sections {sections} of {head_dim // 2} pairs")


def _structure(members: Mapping[str, Any]) -> Structure:
    position = _one_of(members, "position", "rotary", "learned", "multi-rotary")
    activations = ("silu", "gelu", "gelu-tanh", "relu")
    return Structure(
        norm=_one_of(members, "norm", "layer", "rms"),
        placement=_one_of(members, "placement", "pre", "post"),
        gated=_one_of(members, "mlp", "plain", "gated") == "gated",
        activation=_one_of(members, "activation", *activations),
        rotary=position != "learned",
        sections=members["multi_rotary"] if position == "multi-rotary" else [],
        position_offset=members["position_offset"],
        causal=members["causal"],
        pooler=members["pooler"],
    )


def expected_tensors(config: LasConfig, tensors: Tensors) -> Expected:
    """Name to type and shape of the tensors that a model must have; some may be absent."""
    shape, structure = config.shape, config.structure
    wanted: Expected = {"thresholds": ("i64", (2, 2))}
    for name, count in _rows(config).items():
        wanted[f"{name}.mantissas"] = ("i16", (count, shape.hidden))
        wanted[f"{name}.exponents"] = ("i16", (count,))
    if structure.causal:
        wanted["head.weight_bound"] = ("i64", (1,))
    if structure.rotary:
        tables = (shape.positions, shape.head_dim // 2)
        wanted |= {"rope.cos": ("i16", tables), "rope.sin": ("i16", tables)}
    norms = [n for n in ("embedding_norm", "final_norm") if f"{n}.gamma" in tensors]
    operators = dict(config.output_widths)
    for i in range(shape.layers):
        norms += [f"layers.{i}.attention_norm", f"layers.{i}.mlp_norm"]
        operators |= {f"layers.{i}.{op}": x for op, x in config.operator_widths.items()}
        wanted[f"layers.{i}.thresholds"] = ("i64", (len(config.roles), 2))
    for name in norms:
        wanted[f"{name}.gamma"] = ("i16", (shape.hidden,))
        wanted[f"{name}.gamma_exponent"] = ("i16", (1,))
        if structure.norm == "layer":
            wanted[f"{name}.beta"] = ("i64", (shape.hidden,))
    for name, (inputs, outputs) in operators.items():
        wanted |= _operator(name, inputs, outputs, tensors)
    return wanted | expected_tables(config.functions, tensors)


def _rows(config: LasConfig) -> dict[str, int]:
    """The dyadic rows of a model: name to their number."""
    shape, structure = config.shape, config.structure
    rows = {"embedding": shape.vocab}
    if not structure.rotary:
        rows["positions"] = shape.positions + structure.position_offset
    if config.token_types:
        rows["types"] = config.token_types
    if structure.causal and not config.tied_head:
        rows["head"] = shape.vocab
    return rows


def _operator(name: str, inputs: int, outputs: int, tensors: Tensors) -> Expected:
    wanted: Expected = {
        f"{name}.weights": ("i16", (inputs, outputs)),
        f"{name}.channel_mantissas": ("u16", (outputs,)),
        f"{name}.channel_exponents": ("i16", (outputs,)),
        f"{name}.zero_weights": ("i32", (inputs,)),
        f"{name}.weight_bound": ("i64", (1,)),
    }
    if f"{name}.bias" in tensors:
        wanted[f"{name}.bias"] = ("i64", (outputs,))
    return wanted

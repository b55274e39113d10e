"""A compiled LAS model as its decoder uses it (chapter 21)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .las_model_checks import check_las_model
from .las_model_shape import OUTPUT_ROLES, LasConfig
from .las_neurons import Code, check_code
from .las_norm import Norm
from .las_operators import Scale, Table, head_channels
from .las_tables import Tables, Tensors, tables_of
from .tensor import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Synapses:
    """A linear operator: a row of weights for each source, channel scales, biases, weight bound."""

    rows: Sequence[Sequence[int]]
    channels: Sequence[Scale]
    bias: Sequence[int]
    weight_bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LasLayer:
    """One layer: norms, operators by name, codes by role, sliding window (0: none)."""

    attention_norm: Norm
    mlp_norm: Norm
    operators: Mapping[str, Synapses]
    codes: Mapping[str, Code]
    window: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LasModel:
    """A compiled model; `head` has the mantissas of its rows as weights (LAS-15)."""

    config: LasConfig
    embedding: Table
    positions: Table | None
    types: Table | None
    embedding_norm: Norm | None
    final_norm: Norm | None
    cos: Sequence[Sequence[int]]
    sin: Sequence[Sequence[int]]
    layers: Sequence[LasLayer]
    head: Synapses | None
    pooler: Synapses | None
    classifier: Synapses | None
    codes: Mapping[str, Code]
    tables: Tables

    @property
    def digest(self) -> str:
        """The model digest (MODEL-5)."""
        return self.config.digest


def build_las_model(config: LasConfig, tensors: Tensors) -> LasModel:
    """The model of a configuration and the tensors of LMOD-3; refuses by MODEL-7."""
    check_las_model(config, tensors)
    structure, rotary = config.structure, config.structure.rotary
    return LasModel(
        config=config,
        embedding=_table("embedding", tensors),
        positions=None if rotary else _table("positions", tensors),
        types=_table("types", tensors) if config.token_types else None,
        embedding_norm=_optional_norm("embedding_norm", config, tensors),
        final_norm=_optional_norm("final_norm", config, tensors),
        cos=tensors["rope.cos"].rows() if rotary else [],
        sin=tensors["rope.sin"].rows() if rotary else [],
        layers=[_layer(i, config, tensors) for i in range(config.shape.layers)],
        head=_head(config, tensors) if structure.causal else None,
        pooler=_synapses("pooler", tensors) if structure.pooler else None,
        classifier=_synapses("classifier", tensors) if config.classes else None,
        codes=_codes("thresholds", OUTPUT_ROLES, config, tensors),
        tables=tables_of(structure.activation, tensors, config.form.steps, tanh=structure.pooler),
    )


def _table(name: str, tensors: Tensors) -> Table:
    return Table(tensors[f"{name}.mantissas"].rows(), tensors[f"{name}.exponents"].flat)


def _layer(number: int, config: LasConfig, tensors: Tensors) -> LasLayer:
    place = f"layers.{number}"
    return LasLayer(
        attention_norm=_norm(f"{place}.attention_norm", config, tensors),
        mlp_norm=_norm(f"{place}.mlp_norm", config, tensors),
        operators={op: _synapses(f"{place}.{op}", tensors) for op in config.operator_widths},
        codes=_codes(f"{place}.thresholds", config.roles, config, tensors),
        window=config.shape.windows[number],
    )


def _optional_norm(name: str, config: LasConfig, tensors: Tensors) -> Norm | None:
    return _norm(name, config, tensors) if f"{name}.gamma" in tensors else None


def _norm(name: str, config: LasConfig, tensors: Tensors) -> Norm:
    gains, beta = tensors[f"{name}.gamma"].flat, tensors.get(f"{name}.beta")
    return Norm(
        kind=config.structure.norm,
        root=config.norm_root,
        epsilon=config.published_epsilon if config.published_norm else config.norm_epsilon,
        gamma=gains,
        gamma_exponent=tensors[f"{name}.gamma_exponent"].scalar,
        beta=beta.flat if beta else [0] * len(gains),
        ties=config.ties,
    )


def _codes(name: str, roles: Sequence[str], config: LasConfig, tensors: Tensors) -> dict[str, Code]:
    """The codes of the roles in the order of the rows (LMOD-3)."""
    codes = {}
    for role, (normal, outlier) in zip(roles, tensors[name].rows(), strict=True):
        codes[role] = Code(form=config.form, normal=normal, outlier=outlier)
        try:
            check_code(codes[role])
        except Refusal as refusal:
            raise Refusal("model", f"{name}: {role}: {refusal}") from refusal
    return codes


def _synapses(name: str, tensors: Tensors) -> Synapses:
    mantissas = tensors[f"{name}.channel_mantissas"].flat
    exponents = tensors[f"{name}.channel_exponents"].flat
    bias = tensors.get(f"{name}.bias")
    return Synapses(
        rows=tensors[f"{name}.weights"].rows(),
        channels=list(zip(mantissas, exponents, strict=True)),
        bias=bias.flat if bias else [0] * len(mantissas),
        weight_bound=tensors[f"{name}.weight_bound"].scalar,
    )


def _head(config: LasConfig, tensors: Tensors) -> Synapses:
    """The rows of the head, or of the tied embedding, as columns of weights (LAS-15)."""
    head = _table("embedding" if config.tied_head else "head", tensors)
    return Synapses(
        rows=list(zip(*head.mantissas, strict=True)),
        channels=head_channels(head.exponents, config.ties),
        bias=[0] * len(head.exponents),
        weight_bound=tensors["head.weight_bound"].scalar,
    )

"""Chapter 6: a compiled model as the decoder uses it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .arithmetic import Ties
from .attention import Heads, Score
from .encoding import Clip, ClipMode, Neuron
from .las_tables import Tables, check_gate, tables_of
from .model_checks import check_model, hg_functions
from .model_shape import OPERATORS, Shape, model_shape
from .operators import Channels, Gamma, Norm, Synapses
from .parameters import Parameters
from .tensor import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer: norms, linear operators by name, thresholds by group, attention."""

    attention_norm: Gamma | None
    mlp_norm: Gamma | None
    operators: Mapping[str, Synapses]
    clips: Mapping[str, Clip]
    heads: Heads


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A compiled model."""

    shape: Shape
    rotation: str
    ties: Ties
    activation: Neuron
    cache: Neuron
    norm: Norm
    score: Score
    log2e: int
    table: Sequence[int]
    hg: Tables | None
    cos: Sequence[Sequence[int]]
    sin: Sequence[Sequence[int]]
    embedding: Sequence[Sequence[int]]
    embedding_exponents: Sequence[int]
    head: Sequence[Sequence[int]]
    head_exponents: Sequence[int]
    final_norm: Gamma | None
    layers: Sequence[Layer]
    end_tokens: Sequence[int]
    digest: str

    def rotates(self, group: str) -> bool:
        """Whether the input of a group is rotated in the forward pass (OP-5)."""
        match self.rotation:
            case "gamma-sqp":
                return True
            case "quarot":
                return group in ("o", "down")
            case _:
                return False


def build_model(parameters: Parameters, tensors: Mapping[str, Tensor]) -> Model:
    """The model of CONF-9's model parameters and the tensors of MODEL-2; refuses by MODEL-3."""
    shape = model_shape(parameters)
    ratio, ties = parameters.ratio, parameters.ties
    activation = Neuron(
        bits=parameters.count_bits("act_bits"),
        symmetric=parameters.symmetric,
        ratio=ratio,
        ties=ties,
    )
    kv_bits = parameters.count_bits("kv_bits")
    check_model(parameters, shape, activation, tensors)
    hg = None
    if hg_functions(parameters):
        hg = tables_of("silu", tensors, parameters.integer("steps"), tanh=False)
        check_gate(hg.activation, hg.steps)
    stem = "embedding" if parameters.flag("tied_head") else "head"
    return Model(
        shape=shape,
        rotation=parameters.text("rotation"),
        ties=ties,
        activation=activation,
        cache=Neuron(bits=kv_bits, symmetric=True, ratio=ratio, ties=ties),
        norm=Norm(
            root=parameters.integer("norm_root"),
            root_exponent=parameters.integer("norm_root_exponent"),
            epsilon=parameters.integer("norm_epsilon"),
        ),
        score=Score(
            mantissa=parameters.integer("score_mantissa"),
            exponent=parameters.integer("score_exponent"),
        ),
        log2e=parameters.integer("log2e"),
        table=tensors["tables.exp2"].flat,
        hg=hg,
        cos=tensors["rope.cos"].rows(),
        sin=tensors["rope.sin"].rows(),
        embedding=tensors["embedding.mantissas"].rows(),
        embedding_exponents=tensors["embedding.exponents"].flat,
        head=tensors[f"{stem}.mantissas"].rows(),
        head_exponents=tensors[f"{stem}.exponents"].flat,
        final_norm=_gamma(tensors, "final_norm"),
        layers=[
            _layer(parameters, tensors, i, window, hg) for i, window in enumerate(shape.windows)
        ],
        end_tokens=parameters.integers("eos_token_ids"),
        digest=parameters.text("model_digest"),
    )


def _layer(
    parameters: Parameters,
    tensors: Mapping[str, Tensor],
    number: int,
    window: int,
    hg: Tables | None,
) -> Layer:
    place = f"layers.{number}"
    mode: ClipMode = "gate" if parameters.text("clip_mode") == "gate" else "shift"
    thresholds = {
        name.removeprefix(f"{place}.clip."): Clip(mode, tensor.scalar)
        for name, tensor in tensors.items()
        if name.startswith(f"{place}.clip.")
    }
    return Layer(
        attention_norm=_gamma(tensors, f"{place}.attention_norm"),
        mlp_norm=_gamma(tensors, f"{place}.mlp_norm"),
        operators={op: _synapses(tensors, f"{place}.{op}") for op in OPERATORS},
        clips=thresholds,
        heads=Heads(
            bits=parameters.integer("kv_bits"),
            rotate=parameters.text("rotation") != "none",
            window=window,
            table=tensors["tables.exp2"].flat,
            ties=parameters.ties,
            hg=hg,
        ),
    )


def _gamma(tensors: Mapping[str, Tensor], place: str) -> Gamma | None:
    gains = tensors.get(f"{place}.gamma")
    if gains is None:
        return None
    return Gamma(gains.flat, tensors[f"{place}.gamma_exponent"].scalar)


def _synapses(tensors: Mapping[str, Tensor], place: str) -> Synapses:
    mantissas = tensors[f"{place}.channel_mantissas"].flat
    sums, bias = tensors.get(f"{place}.weight_sums"), tensors.get(f"{place}.bias")
    return Synapses(
        rows=tensors[f"{place}.weights"].rows(),
        sums=sums.flat if sums else None,
        channels=Channels(
            mantissas=mantissas,
            exponents=tensors[f"{place}.channel_exponents"].flat,
            bias=bias.flat if bias else [0] * len(mantissas),
        ),
    )

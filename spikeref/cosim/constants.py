"""What a generated package states: specification, profile, widths and sizes, as data."""

from dataclasses import dataclass
from typing import TypeAlias

from spikeref.engine.events import EPOCH_BITS, SOURCE_BITS, STEP_BITS
from spikeref.model.config import SPEC_VERSION
from spikeref.model.groups import OPERATORS
from spikeref.model.las_tables import PieceKind
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import Profile
from spikeref.neurons.counts import Encoding
from spikeref.trace.records import OP_CODES, SDLLM_OPS

LARGEST_ACCUMULATOR = 1 << 30
"""Every spike-driven product is within it (OP-8)."""

Value: TypeAlias = int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """One named value of a package."""

    name: str
    """Upper case, words joined by underscores."""
    value: Value
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enumeration:
    """Names numbered by the specification, or by the order of the list."""

    name: str
    """Lower case; the SystemVerilog type is name_e."""
    comment: str
    values: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Everything that a package states."""

    digest: str
    """SHA-256 of the model, 64 hexadecimal digits; zeros where the package is of no model."""
    constants: tuple[Constant, ...]
    enumerations: tuple[Enumeration, ...]
    weighted_events: bool = False
    """Whether event packets are those of NEUR-9 in place of EVENT-1."""


NO_MODEL = "0" * 64
TABLE_STEPS = 16
"""Of the tables of HG neurons (NEUR-7)."""

TIES_CODES = {"half-even": 0, "half-up": 1}
ENCODING_CODES = {Encoding.TERNARY: 0, Encoding.BINARY: 1}

FAULTS = {"NONE": 0, "EPOCH": 1, "RANGE": 2, "DOUBLED": 3, "END": 4, "COUNT": 5}

ENUMERATIONS = (
    Enumeration(name="fault", comment="what a receiver of events detects (EVENT-6)", values=FAULTS),
    Enumeration(
        name="op",
        comment="records of a trace (TRACE-2)",
        values={name.upper(): code for name, code in OP_CODES.items() if name in SDLLM_OPS},
    ),
)


PIECES = Enumeration(
    name="piece",
    comment="kinds of a piece, column 4 of tables/FUNCTION/pieces (LMOD-4)",
    values={kind.name: kind.value for kind in PieceKind},
)


def profile_package(profile: Profile, accumulator_bound: int = LARGEST_ACCUMULATOR) -> Package:
    """Return the package of a profile alone: what test benches of an operator need."""
    return Package(
        digest=NO_MODEL,
        constants=(*specification_constants(profile.name), *_profile(profile, accumulator_bound)),
        enumerations=ENUMERATIONS,
    )


def model_package(model: IntegerModel) -> Package:
    """Return the package of a compiled model: its profile, proven widths, shape and tables."""
    profile = model.config.profile
    bound = max(
        layer.synapses(operator).accumulator_bound
        for layer in model.layers
        for operator in OPERATORS
    )
    return Package(
        digest=model.digest,
        constants=(
            *specification_constants(profile.name),
            *_profile(profile, bound),
            *_shape(model),
            *_tables(model),
            *_functions(model),
        ),
        enumerations=ENUMERATIONS if model.functions is None else (*ENUMERATIONS, PIECES),
    )


def specification_constants(profile: str) -> tuple[Constant, ...]:
    """Return what packages of either system begin with."""
    major, minor = SPEC_VERSION.split(".")
    return (
        Constant(name="SPEC_VERSION", value=SPEC_VERSION, comment="of the specification"),
        Constant(name="SPEC_MAJOR", value=int(major), comment="refuse another (CONF-11)"),
        Constant(name="SPEC_MINOR", value=int(minor), comment=""),
        Constant(name="PROFILE", value=profile, comment="its name; the values follow"),
    )


def _profile(profile: Profile, bound: int) -> tuple[Constant, ...]:
    encoder, cache = profile.encoder(), profile.cache_encoder()
    ratio = profile.clip_ratio
    named = {
        "TIES_HALF_EVEN": (0, "tie rules (ARITH-2)"),
        "TIES_HALF_UP": (1, ""),
        "TIES": (TIES_CODES[profile.ties.value], "tie rule of the profile (CONV-8)"),
        "ENCODING_TERNARY": (0, "encodings (ENC-2, ENC-3)"),
        "ENCODING_BINARY": (1, ""),
        "ENCODING": (ENCODING_CODES[profile.encoding], "at the inputs of linear operators"),
        "ACT_BITS": (encoder.bits, "bits of a count (ENC-1)"),
        "LEVELS": (encoder.levels, "q, or Q where counts are binary"),
        "TRAIN_LENGTH": (encoder.train_length, "virtual steps D (ENC-5)"),
        "KV_BITS": (cache.bits, "bits of a cached count"),
        "KV_TRAIN_LENGTH": (cache.train_length, ""),
        "CLIP_RATIO_N": (ratio.numerator, "clip ratio r (ENC-1)"),
        "CLIP_RATIO_D": (ratio.denominator, ""),
        "WEIGHT_BITS": (profile.weight_bits, "bits of a weight"),
        "WEIGHT_SLOT_BITS": (4 if profile.weight_bits <= 4 else 8, "place of a weight (PACK-3)"),
        "ACC_BITS": (1 + bound.bit_length(), "proven width of an accumulator (ADD-3)"),
        "POTENTIAL_BITS": (32, "membrane potentials (OP-6)"),
        "SCALE_BITS": (16, "mantissas of token and channel scales (ENC-7)"),
        "BIAS_BITS": (40, "16 fraction bits (MODEL-2)"),
        "OUTPUT_BITS": (32, "of q, k, v, gate and up (OP-8)"),
        "RESIDUAL_BITS": (40, "of o, down and the residual stream"),
        "FRACTION_BITS": (16, "of outputs"),
        "EVENT_SOURCE_BITS": (SOURCE_BITS, "fields of an event packet (EVENT-1)"),
        "EVENT_STEP_BITS": (STEP_BITS, ""),
        "EVENT_EPOCH_BITS": (EPOCH_BITS, ""),
    }
    return tuple(Constant(name=n, value=v, comment=c) for n, (v, c) in named.items())


def _shape(model: IntegerModel) -> tuple[Constant, ...]:
    shape = model.config.shape
    named = {
        "VOCAB": shape.vocab,
        "HIDDEN": shape.hidden,
        "INTERMEDIATE": shape.intermediate,
        "LAYERS": shape.layers,
        "HEADS": shape.heads,
        "KV_HEADS": shape.kv_heads,
        "HEAD_DIM": shape.head_dim,
        "POSITIONS": shape.positions,
        "QUERY_WIDTH": shape.query_width,
        "KEY_WIDTH": shape.key_width,
    }
    return tuple(Constant(name=n, value=v, comment="") for n, v in named.items())


def _tables(model: IntegerModel) -> tuple[Constant, ...]:
    constants = model.config.constants
    return (
        Constant(name="EXP2_TERMS", value=len(model.tables.exp2), comment="words of tables/exp2"),
        Constant(
            name="ROPE_PAIRS",
            value=model.tables.cos.shape[1],
            comment="columns of tables/rope_cos and rope_sin; a row a position",
        ),
        Constant(name="NORM_ROOT", value=constants.norm_root, comment="constants (MODEL-3)"),
        Constant(name="NORM_ROOT_EXPONENT", value=constants.norm_root_exponent, comment=""),
        Constant(name="NORM_EPSILON", value=constants.norm_epsilon, comment=""),
        Constant(name="SCORE_MANTISSA", value=constants.score_mantissa, comment=""),
        Constant(name="SCORE_EXPONENT", value=constants.score_exponent, comment=""),
        Constant(name="LOG2E", value=constants.log2e, comment=""),
    )


def _functions(model: IntegerModel) -> tuple[Constant, ...]:
    """Return what a model with the non-linearities of LAS states of them (LAS-17)."""
    if model.functions is None:
        return ()
    return (
        Constant(
            name="HG_STEPS", value=model.config.profile.steps, comment="of HG neurons (LAS-17)"
        ),
        Constant(
            name="TABLE_STEPS",
            value=TABLE_STEPS,
            comment="steps for which their tables state thresholds (NEUR-7)",
        ),
    )

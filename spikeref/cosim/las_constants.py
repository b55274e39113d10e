"""What a generated package states of a LAS model: profile, proven widths, shape, structure."""

from collections.abc import Mapping

from spikeref.account.las_attention_widths import attention_bits
from spikeref.account.las_widths import energy_bound, linear_bound
from spikeref.arith.widths import minimum_bits
from spikeref.cosim.constants import (
    FAULTS,
    PIECES,
    TABLE_STEPS,
    TIES_CODES,
    Constant,
    Enumeration,
    Package,
    specification_constants,
)
from spikeref.engine.las_events import SOURCE_BITS
from spikeref.functions.tables import ACTIVATION_NAMES
from spikeref.model.las_assembly import INPUT_ROLES
from spikeref.model.las_config import (
    FeedForward,
    LasConfig,
    NormKind,
    Placement,
    Position,
)
from spikeref.model.las_constants import LasConstants
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import LAYER_ROLES, OUTER_ROLES, Choice, Functions
from spikeref.neurons.multi_threshold import Rule
from spikeref.trace.las_records import LAS_OPS, LasLinearOp
from spikeref.trace.records import OP_CODES

RULE_CODES = {Rule.BELOW: 0, Rule.AT_MOST: 1}
CHOICE_CODES = {Choice.PAPER: 0, Choice.PUBLISHED: 1}
FUNCTIONS_CODES = {Functions.EXPANSION: 0, Functions.FITTED: 1}
NORM_KIND_CODES = {NormKind.LAYER: 0, NormKind.RMS: 1}
PLACEMENT_CODES = {Placement.PRE: 0, Placement.POST: 1}
FEED_FORWARD_CODES = {FeedForward.PLAIN: 0, FeedForward.GATED: 1}
POSITION_CODES = {Position.ROTARY: 0, Position.LEARNED: 1, Position.MULTI_ROTARY: 2}

LAS_ENUMERATIONS = (
    Enumeration(
        name="fault",
        comment="what a receiver of events detects (EVENT-6, NEUR-9)",
        values={**FAULTS, "LEVEL": 6},
    ),
    Enumeration(
        name="op",
        comment="records of a trace (LAS-18)",
        values={name.upper(): OP_CODES[name] for name in LAS_OPS},
    ),
    Enumeration(
        name="role",
        comment="rows of layers/LAYER/thresholds (LMOD-3)",
        values={role.upper(): row for row, role in enumerate(LAYER_ROLES)},
    ),
    Enumeration(
        name="outer_role",
        comment="rows of outer/thresholds (LMOD-3)",
        values={role.upper(): row for row, role in enumerate(OUTER_ROLES)},
    ),
    PIECES,
)

Named = Mapping[str, tuple[int, str]]


def las_package(model: LasModel) -> Package:
    """Return the package of a compiled LAS model."""
    config = model.config
    return Package(
        digest=model.digest,
        constants=(
            *specification_constants(config.profile.name),
            *_constants(_profile(model)),
            *_constants(_widths(model)),
            *_constants(_shape(config)),
            *_constants(_structure(config)),
            *_constants(_numbers(config.constants)),
        ),
        enumerations=LAS_ENUMERATIONS,
        weighted_events=True,
    )


def _constants(named: Named) -> list[Constant]:
    return [Constant(name=n, value=value, comment=c) for n, (value, c) in named.items()]


def _profile(model: LasModel) -> Named:
    profile = model.config.profile
    return {
        "TIES_HALF_EVEN": (0, "tie rules (ARITH-2)"),
        "TIES_HALF_UP": (1, ""),
        "TIES": (TIES_CODES[profile.ties.value], "tie rule of the profile (CONV-8)"),
        "STEPS": (profile.form.steps, "time steps T (NEUR-2)"),
        "LEVELS": (profile.form.levels, "levels n (NEUR-2)"),
        "RULE_BELOW": (0, "rules of MT neurons and gates of OAT neurons (NEUR-2, NEUR-3)"),
        "RULE_AT_MOST": (1, ""),
        "RULE": (RULE_CODES[profile.form.rule], ""),
        "GATE": (RULE_CODES[profile.form.gate], ""),
        "CHOICE_PAPER": (0, "operators of the paper or of the published program (LAS-16)"),
        "CHOICE_PUBLISHED": (1, ""),
        "NORM": (CHOICE_CODES[profile.norm], ""),
        "SOFTMAX": (CHOICE_CODES[profile.softmax], ""),
        "FUNCTIONS_EXPANSION": (0, "neurons behind the gates of functions (HG-8)"),
        "FUNCTIONS_FITTED": (1, ""),
        "FUNCTIONS": (FUNCTIONS_CODES[profile.functions], ""),
        "TABLE_STEPS": (TABLE_STEPS, "steps for which tables state thresholds (NEUR-7)"),
        "WEIGHT_BITS": (profile.weight_bits, "bits of a weight"),
        "WEIGHT_SLOT_BITS": (16, "place of a weight in its images"),
    }


def _widths(model: LasModel) -> Named:
    """Return proven widths: of every layer the widest."""
    codes = [code for layer in model.layers for code in layer.codes.values()]
    codes += [model.head_code, model.classifier_code]
    count, value = codes[0].largest_count, max(code.largest_value for code in codes)
    layers = range(len(model.layers))

    def widest(signal: str) -> int:
        return max(attention_bits(model, layer, signal) for layer in layers)

    accumulator = max(_linear_bounds(model))
    return {
        "COUNT_BITS": (minimum_bits(-count, count), "of a signed count (NEUR-3)"),
        "VALUE_BITS": (minimum_bits(-value, value), "of a value c·r of any role"),
        "ACC_BITS": (minimum_bits(-accumulator, accumulator), "of any SAW (LAS-6, LAS-15)"),
        "SCORE_BITS": (widest("score"), "of a score (LAS-10)"),
        "MIX_BITS": (widest("accumulator"), "of what values mix to (LAS-12)"),
        "WEIGHT_SUM_BITS": (widest("sum"), "of a sum of exponentials (LAS-11)"),
        "ENERGY_BITS": (minimum_bits(0, energy_bound(model)), "of a norm's energy (LAS-4)"),
        "SCALE_BITS": (16, "mantissas of units and channel scales (NEUR-4)"),
        "BIAS_BITS": (40, "16 fraction bits (LMOD-3)"),
        "OUTPUT_BITS": (32, "of q, k, v, gate, up and what follows the layers (LAS-6)"),
        "RESIDUAL_BITS": (40, "of o, down, norms and the residual stream"),
        "FRACTION_BITS": (16, "of outputs and thresholds"),
        "ACTIVATION_FRACTION_BITS": (20, "of activations (HG-1)"),
        "EVENT_SOURCE_BITS": (SOURCE_BITS, "fields of an event packet (NEUR-9)"),
        "EVENT_STEP_BITS": (4, ""),
        "EVENT_LEVEL_BITS": (4, ""),
        "EVENT_EPOCH_BITS": (26, ""),
    }


def _linear_bounds(model: LasModel) -> list[int]:
    last = len(model.layers)
    bounds = [
        synapses.weight_bound * layer.codes[INPUT_ROLES[operator]].largest_value
        for layer in model.layers
        for operator, synapses in layer.operators.items()
    ]
    outer: dict[LasLinearOp, bool] = {
        "las_head": model.head is not None,
        "las_pooler": model.pooler is not None,
        "las_classifier": model.classifier is not None,
    }
    return bounds + [linear_bound(model, last, op) for op, present in outer.items() if present]


def _shape(config: LasConfig) -> Named:
    shape = config.shape
    sizes = {
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
        "TOKEN_TYPES": shape.token_types,
        "CLASSES": shape.classes,
    }
    return {name: (size, "") for name, size in sizes.items()}


def _structure(config: LasConfig) -> Named:
    structure = config.structure
    return {
        "NORM_KIND": (NORM_KIND_CODES[structure.norm], "0 layer, 1 rms (LAS-4)"),
        "PLACEMENT": (PLACEMENT_CODES[structure.placement], "of norms: 0 pre, 1 post (LAS-14)"),
        "MLP": (FEED_FORWARD_CODES[structure.mlp], "0 plain, 1 gated (LAS-13)"),
        "ACTIVATION": (
            ACTIVATION_NAMES.index(structure.activation),
            ", ".join(f"{code} {name}" for code, name in enumerate(ACTIVATION_NAMES)) + " (HG-1)",
        ),
        "POSITION": (
            POSITION_CODES[structure.position],
            "0 rotary, 1 learned, 2 multi-rotary (LMOD-2)",
        ),
        "POSITION_OFFSET": (structure.position_offset, "first row of positions (LAS-3)"),
        "CAUSAL": (int(structure.causal), ""),
        "POOLER": (int(structure.pooler), ""),
    }


def _numbers(constants: LasConstants) -> Named:
    named = {
        "NORM_ROOT": constants.norm_root,
        "NORM_ROOT_EXPONENT": constants.norm_root_exponent,
        "NORM_EPSILON": constants.norm_epsilon,
        "NORM_EPSILON_EXPONENT": constants.norm_epsilon_exponent,
        "PUBLISHED_EPSILON": constants.published_epsilon,
        "PUBLISHED_EPSILON_EXPONENT": constants.published_epsilon_exponent,
        "SCORE_MANTISSA": constants.score_mantissa,
        "SCORE_EXPONENT": constants.score_exponent,
    }
    first = "constants (LMOD-6)"
    return {name: (value, first if name == "NORM_ROOT" else "") for name, value in named.items()}

"""The rows of CONF-9 for the operators of LAS (chapter 20)."""

from dataclasses import replace

from spikeref.engine.las_dense import LAS_DENSE
from spikeref.model.las_profile import Choice
from spikeref.operations import las_attention as attention
from spikeref.operations import las_operators as operators
from spikeref.operations.las_embedding import EMBEDDING
from spikeref.operations.las_forms import CODE, FORM, FUNCTION, RULES
from spikeref.operations.las_functions import ACTIVATION, LAS_FUNCTIONS, PIECES
from spikeref.operations.las_neurons import LAS_NEURONS
from spikeref.operations.operation import Operation

CHANNELS = {"channel_mantissa": "u16 M", "channel_exponent": "i16 M", "bias": "i64 M"}
SPIKES = {"counts": "i32 R N", "outliers": "i8 R N"}
LINEAR_OUTPUT = {"accumulator": "i64 R M", "output": "i64 R M", "saturations": "i64 R"}
NORM = ("kind", "root_mantissa", "root_exponent", "epsilon_mantissa", "epsilon_exponent")
NORM_OUTPUT = {
    "deviation": "i32 R N",
    "energy": "i64 R",
    "inverse": "i32 R",
    "inverse_exponent": "i32 R",
    "output": "i64 R N",
    "saturations": "i64 R",
}
SOFTMAX_TABLES = {"exp": "i32 2^S-1", "reciprocal": "i32 2^S-1"}


def codes(*roles: str) -> tuple[str, ...]:
    """Return the parameters that state the thresholds of roles."""
    return tuple(f"{role}_{name}" for role in roles for name in CODE)


SCALES = (
    Operation(
        name="las_combine",
        case_class="las",
        clauses=("LAS-1",),
        parameters=("ties",),
        inputs={
            "mantissa_1": "i32 N",
            "exponent_1": "i32 N",
            "mantissa_2": "i32 N",
            "exponent_2": "i32 N",
        },
        outputs={"mantissa": "i32 N", "exponent": "i32 N"},
        run=operators.las_combine,
    ),
    Operation(
        name="las_rescale",
        case_class="las",
        clauses=("LAS-2",),
        parameters=("output_bits", "bound", "ties"),
        inputs={"accumulator": "i64 R M", **CHANNELS},
        outputs={"output": "i64 R M", "saturations": "i64 R"},
        run=operators.las_rescale,
    ),
)

NORMS = (
    Operation(
        name="las_norm",
        case_class="las",
        clauses=("LAS-4",),
        parameters=(*NORM, "gamma_exponent", *FUNCTION, "ties"),
        optional=("beta",),
        inputs={
            "x": "i64 R N",
            "gamma": "i16 N",
            "beta": "i64 N",
            "square": "i32 2^S-1",
            "rsqrt": "i32 2^S-1",
        },
        outputs=NORM_OUTPUT,
        run=operators.las_norm(LAS_DENSE),
    ),
)

PRODUCTS = (
    Operation(
        name="las_saw",
        case_class="las",
        clauses=("LAS-6", "LAS-2", "NEUR-5"),
        parameters=(*FORM, *CODE, "output_bits", "ties"),
        inputs={**SPIKES, "weights": "i16 N M", **CHANNELS},
        outputs=LINEAR_OUTPUT,
        run=operators.las_saw(LAS_DENSE),
    ),
    Operation(
        name="las_heads",
        case_class="las",
        clauses=("LAS-7", "NEUR-3"),
        parameters=(*FORM, *RULES, *CODE, "ties"),
        optional=("cos", "sin"),
        together=(("cos", "sin"),),
        inputs={"x": "i32 R H d", "cos": "i16 R d/2", "sin": "i16 R d/2"},
        outputs={"counts": "i32 R H d", "outliers": "i8 R H d", "saturations": "i64 R"},
        run=attention.heads,
    ),
    Operation(
        name="las_saa",
        case_class="las",
        clauses=("LAS-8", "NEUR-5"),
        parameters=(*FORM, *codes("a", "b")),
        inputs={
            "a_counts": "i32 K",
            "a_outliers": "i8 K",
            "b_counts": "i32 K M",
            "b_outliers": "i8 K M",
        },
        outputs={"increments": "i64 T M", "sum": "i64 M"},
        run=attention.saa(LAS_DENSE),
    ),
    Operation(
        name="las_hadamard",
        case_class="las",
        clauses=("LAS-9", "NEUR-5"),
        parameters=FORM,
        inputs={"a": "i32 N", "b": "i32 N"},
        outputs={"increments": "i64 T N", "product": "i64 N"},
        run=operators.las_hadamard,
    ),
)

SOFTMAX = Operation(
    name="las_softmax",
    case_class="las",
    clauses=("LAS-11", "HG-2", "HG-4"),
    parameters=("bound", "scale_mantissa", "scale_exponent", *FUNCTION, "ties"),
    inputs={"distance": "i64 N", **SOFTMAX_TABLES},
    outputs={
        "sum": "i64",
        "inverse": "i32",
        "inverse_exponent": "i32",
        "probability": "i64 N",
    },
    run=attention.softmax(LAS_DENSE),
)

ATTENTION = (
    Operation(
        name="las_softmax_offset",
        case_class="las",
        clauses=("LAS-10", "LAS-8"),
        parameters=(*FORM, *codes("query", "key")),
        inputs={
            "query_counts": "i32 d",
            "query_outliers": "i8 d",
            "key_counts": "i32 S d",
            "key_outliers": "i8 S d",
        },
        outputs={"score": "i64 S", "offsets": "i64 T S", "distance": "i64 S"},
        run=attention.softmax_offset,
    ),
    SOFTMAX,
    replace(
        SOFTMAX,
        name="las_published_softmax",
        clauses=("LAS-16",),
        run=attention.softmax(LAS_DENSE, Choice.PUBLISHED),
    ),
    Operation(
        name="las_mix",
        case_class="las",
        clauses=("LAS-12", "NEUR-3", "LAS-8"),
        parameters=(*FORM, *RULES, *codes("probabilities", "value"), "ties"),
        inputs={"probability": "i64 S", "value_counts": "i32 S d", "value_outliers": "i8 S d"},
        outputs={
            "counts": "i32 S",
            "outliers": "i8 S",
            "accumulator": "i64 d",
            "mixed": "i64 d",
            "saturations": "i64",
        },
        run=attention.mix(LAS_DENSE),
    ),
    Operation(
        name="las_attend",
        case_class="las",
        clauses=("LAS-8", "LAS-10", "LAS-11", "LAS-12", "LAS-18", "LAS-19"),
        parameters=(
            *FORM,
            *RULES,
            *codes("query", "key", "value", "probabilities"),
            "table_steps",
            "score_mantissa",
            "score_exponent",
            "causal",
            "window",
            "ties",
        ),
        inputs={
            "query_counts": "i32 R H d",
            "query_outliers": "i8 R H d",
            "key_counts": "i32 S G d",
            "key_outliers": "i8 S G d",
            "value_counts": "i32 S G d",
            "value_outliers": "i8 S G d",
            **SOFTMAX_TABLES,
        },
        outputs={
            "top": "i64 R H",
            "sum": "i64 R H",
            "inverse": "i32 R H",
            "inverse_exponent": "i32 R H",
            "accumulator": "i64 R H d",
            "mixed": "i64 R H·d",
            "probability_spikes": "i64 R H",
            "key_spikes": "i64 R H",
            "value_spikes": "i64 R H",
            "saturations": "i64 R",
        },
        run=attention.attend(LAS_DENSE),
    ),
)

FEED_FORWARD = (
    ACTIVATION,
    Operation(
        name="las_gated",
        case_class="las",
        clauses=("LAS-13", "LAS-9", "HG-1"),
        parameters=(*FORM, *CODE, "table_steps", "ties"),
        optional=("thresholds", "constants"),
        inputs={"gate": "i32 R N", **SPIKES, **PIECES},
        outputs={"output": "i64 R N", "saturations": "i64 R"},
        run=operators.las_gated(LAS_DENSE),
    ),
    Operation(
        name="las_logits",
        case_class="las",
        clauses=("LAS-15", "LAS-6", "LAS-2"),
        parameters=(*FORM, *CODE, "ties"),
        inputs={**SPIKES, "mantissas": "i16 V N", "exponents": "i16 V"},
        outputs={"accumulator": "i64 R V", "logits": "i64 R V", "saturations": "i64 R"},
        run=operators.las_logits(LAS_DENSE),
    ),
)

LAS = (
    *LAS_NEURONS, *LAS_FUNCTIONS, *SCALES, EMBEDDING, *NORMS, *PRODUCTS, *ATTENTION, *FEED_FORWARD,
)  # fmt: skip

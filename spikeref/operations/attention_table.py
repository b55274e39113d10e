"""The attention rows of CONF-9 (chapter 9)."""

from spikeref.engine.dense import DENSE
from spikeref.operations import attention
from spikeref.operations.operation import Operation

OUTPUTS = {
    "top_score": "i64 T H",
    "weight_sum": "i64 T H",
    "accumulator": "i64 T H d",
    "mixed": "i64 T H·d",
    "exponent": "i32 T",
}
CACHE_ENCODER = ("bits", "ratio_n", "ratio_d", "rotate")

ATTENTION = (
    Operation(
        name="rope",
        case_class="attention",
        clauses=("ATT-1",),
        parameters=(),
        inputs={"x": "i32 T H d", "cos": "i16 T d/2", "sin": "i16 T d/2"},
        outputs={"r": "i64 T H d"},
        run=attention.rope,
    ),
    Operation(
        name="cache_heads",
        case_class="attention",
        clauses=("ATT-2", "ATT-3"),
        parameters=(*CACHE_ENCODER, "fraction_bits", "ties"),
        inputs={"r": "i64 T G d"},
        outputs={
            "potential": "i32 T G d",
            "mantissa": "i32 T G",
            "exponent": "i32 T G",
            "counts": "i16 T G d",
        },
        run=attention.cache_heads,
    ),
    Operation(
        name="queries",
        case_class="attention",
        clauses=("ATT-4",),
        parameters=("score_mantissa", "score_exponent", "rotate", "ties"),
        inputs={"r": "i64 T H d"},
        outputs={"mantissa": "i32 T H d", "exponent": "i32 T H"},
        run=attention.queries,
    ),
    Operation(
        name="scores",
        case_class="attention",
        clauses=("ATT-6",),
        parameters=("bits", "ties"),
        inputs={
            "query": "i32 d",
            "query_exponent": "i32",
            "counts": "i16 S d",
            "mantissa": "i32 S",
            "exponent": "i32 S",
        },
        outputs={"score": "i64 S", "saturations": "i64"},
        run=attention.scores,
    ),
    Operation(
        name="softmax",
        case_class="attention",
        clauses=("ATT-7",),
        parameters=("ties",),
        inputs={"score": "i64 S", "table": "i64 7"},
        outputs={"top": "i64", "weight": "i64 S", "sum": "i64"},
        run=attention.softmax,
    ),
    Operation(
        name="mix",
        case_class="attention",
        clauses=("ATT-8", "ATT-9"),
        parameters=("bits", "ties"),
        inputs={
            "weight": "i64 S",
            "counts": "i16 S d",
            "mantissa": "i32 S",
            "exponent": "i32 S",
        },
        outputs={"accumulator": "i64 d", "mixed": "i64 d", "exponent": "i32"},
        run=attention.mix,
    ),
    Operation(
        name="attend",
        case_class="attention",
        clauses=("ATT-5", "ATT-6", "ATT-7", "ATT-8", "ATT-9", "ATT-10", "ATT-11"),
        parameters=("bits", "rotate", "window", "ties"),
        inputs={
            "query": "i32 T H d",
            "query_exponent": "i32 T H",
            "key_counts": "i16 S G d",
            "key_mantissa": "i32 S G",
            "key_exponent": "i32 S G",
            "value_counts": "i16 S G d",
            "value_mantissa": "i32 S G",
            "value_exponent": "i32 S G",
            "table": "i64 7",
        },
        outputs={
            **OUTPUTS,
            "key_spikes": "i64 T H",
            "value_spikes": "i64 T H",
            "saturations": "i64 T",
        },
        run=attention.attend(DENSE),
    ),
    Operation(
        name="cached_attention",
        case_class="attention",
        mode="free-running",
        clauses=tuple(f"ATT-{i}" for i in range(1, 13)),
        parameters=(
            *CACHE_ENCODER,
            "window",
            "score_mantissa",
            "score_exponent",
            "chunks",
            "ties",
        ),
        inputs={
            "q": "i32 T H d",
            "k": "i32 T G d",
            "v": "i32 T G d",
            "cos": "i16 T d/2",
            "sin": "i16 T d/2",
            "table": "i64 7",
        },
        outputs={**OUTPUTS, "saturations": "i64 T"},
        run=attention.cached_attention(DENSE),
    ),
)

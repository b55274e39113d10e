"""Packed memories as operations (chapter 16)."""

from spikeref.operations import packing
from spikeref.operations.counts import spike_counts
from spikeref.operations.operation import Inputs, Operation, Outputs, Parameters
from spikeref.operations.parameters import count_bits, encoder_of, integer


def _pack_ternary(parameters: Parameters, inputs: Inputs) -> Outputs:
    return {"packed": packing.pack_trains(inputs["train"])}


def _unpack_ternary(parameters: Parameters, inputs: Inputs) -> Outputs:
    return {"train": packing.unpack_trains(inputs["packed"], integer(parameters, "neurons"))}


def _pack_weights(parameters: Parameters, inputs: Inputs) -> Outputs:
    return {"packed": packing.pack_weights(inputs["weights"], count_bits(parameters))}


def _pack_cache(parameters: Parameters, inputs: Inputs) -> Outputs:
    encoder = encoder_of(parameters)
    counts = spike_counts(inputs["counts"], encoder)
    packed = packing.pack_cache(counts, inputs["mantissa"], inputs["exponent"], encoder.bits)
    return {"packed": packed}


PACK_TRAINS = (
    Operation(
        name="pack_ternary",
        case_class="encoder",
        clauses=("PACK-1", "PACK-2"),
        parameters=(),
        inputs={"train": "i8 D N"},
        outputs={"packed": "u8 D N/4"},
        run=_pack_ternary,
    ),
    Operation(
        name="unpack_ternary",
        case_class="encoder",
        clauses=("PACK-1", "PACK-2"),
        parameters=("neurons",),
        inputs={"packed": "u8 D N/4"},
        outputs={"train": "i8 D N"},
        run=_unpack_ternary,
    ),
)

PACK_WEIGHTS = Operation(
    name="pack_weights",
    case_class="accumulator",
    clauses=("PACK-1", "PACK-3"),
    parameters=("bits",),
    inputs={"weights": "i8 N M"},
    outputs={"packed": "u8 N M/2"},
    run=_pack_weights,
)

PACK_CACHE = Operation(
    name="pack_cache",
    case_class="attention",
    clauses=("PACK-1", "PACK-4"),
    parameters=("bits",),
    inputs={"counts": "i16 S G d", "mantissa": "i32 S G", "exponent": "i32 S G"},
    outputs={"packed": "u8 S G 4+d/2"},
    run=_pack_cache,
)

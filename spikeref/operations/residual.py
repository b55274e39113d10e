"""What surrounds the spiking layers, as operations: embedding, norm, gate, logits (chapter 8)."""

import numpy as np

from spikeref.arith.rounding import saturate
from spikeref.errors import RefusedError
from spikeref.model.config import Constants
from spikeref.model.layers import DyadicRows, Gamma
from spikeref.operations.arithmetic import coefficients_of
from spikeref.operations.operation import Inputs, Operation, Outputs, Parameters
from spikeref.operations.parameters import integer, ties_of
from spikeref.ops import gate, head, norm
from spikeref.ops.embedding import RESIDUAL_BITS, embed
from spikeref.ops.norm import Scaled


def _rows(inputs: Inputs) -> DyadicRows:
    return DyadicRows(mantissas=inputs["mantissas"], exponents=inputs["exponents"])


def _embedding(parameters: Parameters, inputs: Inputs) -> Outputs:
    tokens, rows = inputs["tokens"], _rows(inputs)
    if not tokens.size or int(tokens.min()) < 0 or int(tokens.max()) >= len(rows.exponents):
        raise RefusedError("token", "no token, or an id outside the vocabulary (OP-1)")
    done = embed(tokens, rows, ties_of(parameters))
    return {"residual": done.values, "saturations": done.count}


def _rms_norm(parameters: Parameters, inputs: Inputs) -> Outputs:
    constants = Constants(
        norm_root=integer(parameters, "norm_root"),
        norm_root_exponent=integer(parameters, "norm_root_exponent"),
        norm_epsilon=integer(parameters, "norm_epsilon"),
        score_mantissa=0,
        score_exponent=0,
        log2e=0,
    )
    gamma = None
    if "gamma" in inputs:
        exponent = integer(parameters, "gamma_exponent")
        gamma = Gamma(mantissas=inputs["gamma"], exponent=exponent)
    done = norm.rms_norm(inputs["x"], gamma, constants, ties_of(parameters))
    return {"u": done.values, "exponent": done.exponent}


def _silu_gate(parameters: Parameters, inputs: Inputs) -> Outputs:
    done = gate.silu_gate(
        inputs["gate"].astype(np.int64),
        inputs["up"].astype(np.int64),
        integer(parameters, "log2e"),
        coefficients_of(inputs),
        ties_of(parameters),
    )
    return {"u": done.values}


def _residual_add(parameters: Parameters, inputs: Inputs) -> Outputs:
    done = saturate(inputs["x"] + inputs["out"], RESIDUAL_BITS)
    return {"residual": done.values, "saturations": done.count}


def _logits(parameters: Parameters, inputs: Inputs) -> Outputs:
    u = Scaled(values=inputs["u"], exponent=inputs["exponent"].astype(np.int64))
    done = head.logits_of(u, _rows(inputs), ties_of(parameters))
    return {
        "mantissa": done.mantissas,
        "entry_exponent": done.exponent,
        "logits": done.logits,
        "saturations": done.saturations,
    }


def _greedy(parameters: Parameters, inputs: Inputs) -> Outputs:
    return {"tokens": np.argmax(inputs["logits"], axis=1)}


RESIDUAL = (
    Operation(
        name="embedding",
        case_class="full",
        clauses=("OP-1",),
        parameters=("ties",),
        inputs={"tokens": "i64 T", "mantissas": "i16 V N", "exponents": "i16 V"},
        outputs={"residual": "i64 T N", "saturations": "i64 T"},
        run=_embedding,
    ),
    Operation(
        name="rms_norm",
        case_class="full",
        clauses=("OP-2", "OP-3"),
        parameters=("norm_root", "norm_root_exponent", "norm_epsilon", "ties"),
        optional=("gamma_exponent", "gamma"),
        together=(("gamma_exponent", "gamma"),),
        inputs={"x": "i64 T N", "gamma": "i16 N"},
        outputs={"u": "i64 T N", "exponent": "i32 T"},
        run=_rms_norm,
    ),
    Operation(
        name="silu_gate",
        case_class="full",
        clauses=("OP-9",),
        parameters=("log2e", "ties"),
        inputs={"gate": "i32 T N", "up": "i32 T N", "table": "i64 7"},
        outputs={"u": "i64 T N"},
        run=_silu_gate,
    ),
    Operation(
        name="residual_add",
        case_class="full",
        clauses=("OP-10",),
        parameters=(),
        inputs={"x": "i64 T N", "out": "i64 T N"},
        outputs={"residual": "i64 T N", "saturations": "i64 T"},
        run=_residual_add,
    ),
)

OUTPUT = (
    Operation(
        name="logits",
        case_class="full",
        clauses=("OP-12",),
        parameters=("ties",),
        inputs={
            "u": "i64 T N",
            "exponent": "i32 T",
            "mantissas": "i16 V N",
            "exponents": "i16 V",
        },
        outputs={
            "mantissa": "i16 T N",
            "entry_exponent": "i32 T",
            "logits": "i32 T V",
            "saturations": "i64 T",
        },
        run=_logits,
    ),
    Operation(
        name="greedy",
        case_class="full",
        clauses=("OP-13",),
        parameters=(),
        inputs={"logits": "i32 K V"},
        outputs={"tokens": "i64 K"},
        run=_greedy,
    ),
)

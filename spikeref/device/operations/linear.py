"""Operations of chapter 8."""

from collections.abc import Mapping

from .. import operators
from ..operators import Channels, Gamma, Norm, Scaled, Synapses
from ..parameters import Parameters
from ..tensor import Refusal, Tensor, matrix, vector
from .arithmetic import coefficients
from .encoder import enter


def _channels(inputs: Mapping[str, Tensor]) -> Channels:
    return Channels(
        mantissas=inputs["channel_mantissa"].flat,
        exponents=inputs["channel_exponent"].flat,
        bias=inputs["bias"].flat,
    )


def rescale(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OP-8, steps 2 and 3."""
    bits, ties, channels = parameters.width("bits", 2, 40), parameters.ties, _channels(inputs)
    scales = zip(inputs["token_mantissa"].flat, inputs["token_exponent"].flat, strict=True)
    rows = [
        operators.rescale(y, mantissa, exponent, channels, bits, ties)
        for y, (mantissa, exponent) in zip(inputs["accumulator"].rows(), scales, strict=True)
    ]
    return {
        "output": matrix("i64", [output for output, _ in rows]),
        "saturations": vector("i64", [saturations for _, saturations in rows]),
    }


def linear(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OP-4 to OP-8."""
    neuron, bits = parameters.neuron, parameters.width("output_bits", 2, 40)
    sums = None if neuron.symmetric else inputs["weight_sums"].flat
    synapses = Synapses(rows=inputs["weights"].rows(), sums=sums, channels=_channels(inputs))
    entered = enter(parameters, inputs)
    results = [operators.linear(given, synapses, neuron, bits) for given in entered]
    return {
        "counts": matrix("i16", [given.spikes.counts for given in entered]),
        "accumulator": matrix("i32", [result.accumulator for result in results]),
        "output": matrix("i64", [result.output for result in results]),
        "saturations": vector("i64", [result.saturations for result in results]),
    }


def embedding(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OP-1."""
    tokens, ties = inputs["tokens"].flat, parameters.ties
    table, exponents = inputs["mantissas"].rows(), inputs["exponents"].flat
    if not tokens or any(not 0 <= token < len(table) for token in tokens):
        raise Refusal("token", "no token, or one outside the vocabulary")
    rows = [operators.embed(table[token], exponents[token], ties) for token in tokens]
    return {
        "residual": matrix("i64", [residual for residual, _ in rows]),
        "saturations": vector("i64", [saturations for _, saturations in rows]),
    }


def rms_norm(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OP-2, OP-3."""
    norm = Norm(
        root=parameters.integer("norm_root"),
        root_exponent=parameters.integer("norm_root_exponent"),
        epsilon=parameters.integer("norm_epsilon"),
    )
    gamma = None
    if "gamma" in inputs:
        gamma = Gamma(inputs["gamma"].flat, parameters.integer("gamma_exponent"))
    rows = [operators.rms_norm(x, norm, gamma, parameters.ties) for x in inputs["x"].rows()]
    return {
        "u": matrix("i64", [u.values for u in rows]),
        "exponent": vector("i32", [u.exponent for u in rows]),
    }


def silu_gate(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OP-9."""
    log2e, table, ties = parameters.integer("log2e"), coefficients(inputs), parameters.ties
    rows = [
        operators.silu_gate(gates, ups, log2e, table, ties).values
        for gates, ups in zip(inputs["gate"].rows(), inputs["up"].rows(), strict=True)
    ]
    return {"u": matrix("i64", rows)}


def residual_add(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OP-10."""
    pairs = zip(inputs["x"].rows(), inputs["out"].rows(), strict=True)
    rows = [operators.add_residual(x, out) for x, out in pairs]
    return {
        "residual": matrix("i64", [residual for residual, _ in rows]),
        "saturations": vector("i64", [saturations for _, saturations in rows]),
    }


def logits(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OP-12."""
    rows, exponents = inputs["mantissas"].rows(), inputs["exponents"].flat
    results = [
        operators.logits(Scaled(list(u), exponent), rows, exponents, parameters.ties)
        for u, exponent in zip(inputs["u"].rows(), inputs["exponent"].flat, strict=True)
    ]
    return {
        "mantissa": matrix("i16", [entry.values for entry, _, _ in results]),
        "entry_exponent": vector("i32", [entry.exponent for entry, _, _ in results]),
        "logits": matrix("i32", [scores for _, scores, _ in results]),
        "saturations": vector("i64", [saturations for _, _, saturations in results]),
    }


def greedy(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OP-13."""
    return {"tokens": vector("i64", [operators.greedy(row) for row in inputs["logits"].rows()])}

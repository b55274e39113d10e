"""Operations of chapter 18: neurons of LAS, their trains and events."""

from collections.abc import Mapping

from .. import las_events as events
from .. import las_neurons as rule
from ..las_parameters import bound_of, check_counts, code_of, form_of
from ..parameters import Parameters
from ..tensor import Refusal, Tensor, matrix, scalar, vector


def fs_neuron(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """NEUR-1."""
    resets, thresholds = inputs["resets"].flat, inputs["thresholds"].flat
    weights = inputs["weights"].flat
    y = [rule.few_spikes(x, resets, thresholds, weights) for x in inputs["x"].flat]
    return {"y": vector("i64", y)}


def mt_neuron(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """NEUR-2."""
    form = rule.Form(
        steps=parameters.integer("steps"),
        levels=parameters.integer("levels"),
        rule=bound_of(parameters, "rule"),
        gate="below",
    )
    rule.check_form(form)
    threshold = parameters.integer("threshold")
    if not 1 <= threshold <= rule.LARGEST_THRESHOLD:
        raise Refusal("parameter", f"threshold {threshold}")
    if min(inputs["magnitude"].flat) < 0:
        raise Refusal("range", "a magnitude below 0")
    fired = [rule.multi_threshold(x, threshold, form) for x in inputs["magnitude"].flat]
    return {
        "fired": matrix("i8", list(zip(*fired, strict=True))),
        "count": vector("i32", [rule.weighed(levels) for levels in fired]),
    }


def oat_encode(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """NEUR-3, NEUR-4."""
    code, fraction = code_of(parameters, form_of(parameters)), parameters.integer("fraction_bits")
    rule.check_fraction(code, fraction)
    rule.check_membranes(inputs["x"].flat)
    rows = [[rule.outlier_aware(x, fraction, code) for x in row] for row in inputs["x"].rows()]
    mantissa, exponent = code.unit
    return {
        "counts": matrix("i32", [[spike.count for spike in row] for row in rows]),
        "outliers": matrix("i8", [[spike.outlier for spike in row] for row in rows]),
        "values": matrix(
            "i32",
            [[rule.value_of(spike.count, spike.outlier, code) for spike in row] for row in rows],
        ),
        "saturations": vector("i64", [sum(spike.saturated for spike in row) for row in rows]),
        "unit_mantissa": scalar("i32", mantissa),
        "unit_exponent": scalar("i32", exponent),
    }


def oat_train(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """NEUR-5."""
    form = form_of(parameters)
    code = code_of(parameters, form)
    counts, outliers = inputs["counts"].flat, inputs["outliers"].flat
    trains = [rule.train_of(count, form) for count in counts]
    weights = [rule.weights_of(c, o, code) for c, o in zip(counts, outliers, strict=True)]
    return {
        "train": matrix("i8", list(zip(*trains, strict=True))),
        "weights": matrix("i32", list(zip(*weights, strict=True))),
    }


def las_events(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """NEUR-9."""
    form = form_of(parameters)
    counts, outliers = inputs["counts"].flat, inputs["outliers"].flat
    check_counts(counts, form)
    packets = events.pack_epoch(counts, outliers, form, parameters.integer("epoch"))
    return {"packets": vector("u64", packets)}


def las_integrate(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """NEUR-5, NEUR-9, EVENT-5, EVENT-6."""
    weights, code = inputs["weights"], code_of(parameters, form_of(parameters))
    y = events.integrate(
        inputs["packets"].flat,
        weights.rows(),
        weights.shape[1],
        code,
        parameters.integer("epoch"),
    )
    return {"y": vector("i64", y)}

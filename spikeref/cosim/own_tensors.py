"""What a request that names a layer and an operator takes from the served model."""

from typing import Any

from numpy.typing import NDArray

from spikeref.cosim.images import bias_or_zero
from spikeref.errors import UsageError
from spikeref.model.groups import GROUP_OF, OPERATORS, OUTPUT_BITS, Operator
from spikeref.model.layers import IntegerModel
from spikeref.model.profile import Rotation
from spikeref.operations.operation import Operation


def own_parameters(
    model: IntegerModel, layer: int, operator: Operator, operation: Operation
) -> dict[str, int | str]:
    """Return the parameters of `operation` that the model fixes for one of its operators.

    UsageError where the operator's group is clipped and the operation cannot clip (ENC-8).
    """
    profile = model.config.profile
    encoder, clip = profile.encoder(), model.layers[layer].clips.get(GROUP_OF[operator])
    known: dict[str, int | str] = {
        "bits": OUTPUT_BITS[operator] if operation.name == "rescale" else encoder.bits,
        "encoding": encoder.encoding.value,
        "ratio_n": encoder.clip_ratio.numerator,
        "ratio_d": encoder.clip_ratio.denominator,
        "ties": profile.ties.value,
        "rotate": int(_rotates(profile.rotation, operator)),
        "output_bits": OUTPUT_BITS[operator],
    }
    if clip is not None:
        if operation.name == "linear":
            raise UsageError(
                f"layer {layer}, {operator}: its input is clipped (ENC-8), which linear does not"
                " do; ask for spiking_input, sparse_add and rescale"
            )
        known |= {"mode": clip.mode.value, "threshold": clip.threshold}
    names = (*operation.parameters, *operation.optional)
    return {name: value for name, value in known.items() if name in names}


def own_inputs(
    model: IntegerModel, layer: int, operator: Operator, operation: Operation
) -> dict[str, NDArray[Any]]:
    """Return the inputs of `operation` that are tensors of one of the model's operators."""
    synapses = model.layers[layer].synapses(operator)
    known: dict[str, NDArray[Any] | None] = {
        "weights": synapses.weights,
        "channel_mantissa": synapses.channel_mantissas,
        "channel_exponent": synapses.channel_exponents,
        "bias": bias_or_zero(synapses),
        "weight_sums": synapses.weight_sums,
    }
    return {
        name: value
        for name, value in known.items()
        if value is not None and name in operation.inputs
    }


def find_operator(model: IntegerModel, layer: object, name: object) -> tuple[int, Operator]:
    """Return layer and operator of a request; UsageError where the model has none such."""
    if type(layer) is not int or not 0 <= layer < len(model.layers):
        raise UsageError(f"layer {layer!r}: the model has layers 0 to {len(model.layers) - 1}")
    for operator in OPERATORS:
        if operator == name:
            return layer, operator
    raise UsageError(f"op {name!r}: is none; operators are {', '.join(OPERATORS)}")


def _rotates(rotation: Rotation, operator: Operator) -> bool:
    """Whether the input of an operator is rotated (OP-5)."""
    match rotation:
        case Rotation.GAMMA_SQP:
            return True
        case Rotation.QUAROT:
            return operator in ("o", "down")
        case Rotation.NONE:
            return False

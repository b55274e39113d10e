"""Operations of chapters 3 and 4, and the spikes of chapter 16."""

from collections.abc import Mapping, Sequence

from .. import encoding, operators, packing, trains
from .. import hadamard as rotation
from ..lif import Leak, check_leak, integrate_and_fire
from ..operators import Input, Scaled
from ..parameters import Parameters
from ..tensor import Tensor, matrix, vector


def hadamard(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """HAD-7."""
    u = inputs["u"]
    rows = rotation.matrix(u.shape[1])
    if parameters.flag("transpose"):
        rows = rotation.transposed(rows)
    return {"v": matrix("i64", [rotation.transform(rows, row) for row in u.rows()])}


def clip(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ENC-8."""
    threshold, ties = parameters.clip, parameters.ties
    assert threshold is not None
    clipped = [
        encoding.clip_potentials(row, exponent, threshold, ties)
        for row, exponent in zip(inputs["v"].rows(), inputs["exponent"].flat, strict=True)
    ]
    return {"clipped": matrix("i32", clipped)}


def encode(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ENC-2, ENC-3, ENC-7."""
    neuron, rows = parameters.neuron, inputs["v"].rows()
    for row in rows:
        encoding.check_potentials(row, symmetric=neuron.symmetric)
    encoded = [encoding.encode(row, neuron) for row in rows]
    return {
        "range": vector("i64", [spikes.range for spikes in encoded]),
        "zero_point": vector("i16", [spikes.zero_point for spikes in encoded]),
        "counts": matrix("i16", [spikes.counts for spikes in encoded]),
        "mantissa": vector("i32", [spikes.mantissa for spikes in encoded]),
        "exponent": vector("i32", [spikes.exponent for spikes in encoded]),
    }


def unfold(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ENC-5."""
    bits, symmetric = parameters.count_bits(), parameters.symmetric
    counts = inputs["counts"].flat
    trains.check_counts(counts, bits, symmetric=symmetric)
    steps = trains.train_length(bits, symmetric=symmetric)
    return {"train": matrix("i8", trains.unfold(counts, steps))}


def lif(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ENC-9."""
    leak = Leak(
        threshold=parameters.integer("threshold"),
        reset=parameters.integer("reset"),
        decay_mantissa=parameters.integer("decay_mantissa"),
        decay_shift=parameters.integer("decay_shift"),
        ties=parameters.ties,
    )
    check_leak(leak)
    neurons = zip(*inputs["current"].rows(), strict=True)
    fired = [integrate_and_fire(currents, leak) for currents in neurons]
    return {
        "spikes": matrix("i8", _by_time([spikes for spikes, _, _ in fired])),
        "potential": matrix("i32", _by_time([potentials for _, potentials, _ in fired])),
        "residue": vector("i32", [residue for _, _, residue in fired]),
    }


def _by_time(neurons: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    return list(zip(*neurons, strict=True))


def pack_ternary(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """PACK-2."""
    return {"packed": matrix("u8", [packing.pack_ternary(row) for row in inputs["train"].rows()])}


def unpack_ternary(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """PACK-2."""
    neurons = parameters.integer("neurons")
    train = [packing.unpack_ternary(row, neurons) for row in inputs["packed"].rows()]
    return {"train": matrix("i8", train, neurons)}


def enter(parameters: Parameters, inputs: Mapping[str, Tensor]) -> list[Input]:
    """OP-4 to OP-7 for every token."""
    neuron, threshold = parameters.neuron, parameters.clip
    rotate = parameters.flag("rotate")
    return [
        operators.spiking_input(Scaled(list(row), exponent), neuron, threshold, rotate=rotate)
        for row, exponent in zip(inputs["u"].rows(), inputs["exponent"].flat, strict=True)
    ]


def spiking_input(parameters: Parameters, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """OP-4 to OP-7."""
    entered = enter(parameters, inputs)
    return {
        "potential": matrix("i32", [given.potentials.values for given in entered]),
        "exponent": vector("i32", [given.potentials.exponent for given in entered]),
        "range": vector("i64", [given.spikes.range for given in entered]),
        "zero_point": vector("i16", [given.spikes.zero_point for given in entered]),
        "counts": matrix("i16", [given.spikes.counts for given in entered]),
    }

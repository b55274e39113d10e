"""Chapter 8: the operators of one token."""

from collections.abc import Sequence
from dataclasses import dataclass

from .arithmetic import below, block_shift, exp2, gate, isqrt, round_div, round_shift, saturate_all
from .encoding import Spikes, add_rows, clip_potentials, encode
from .hadamard import matrix, transform
from .model_folder import Model
from .trace import Field, scalar, vector


@dataclass(frozen=True, slots=True)
class Scaled:
    """Values v·2^exponent (CONV-4)."""

    values: list[int]
    exponent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """The encoded input of a group of linear operators (OP-4 to OP-7)."""

    potentials: Scaled
    spikes: Spikes

    def fields(self) -> dict[str, Field]:
        """The fields of codes 1, 9, 12 and 15."""
        return {
            "potential": vector("i32", self.potentials.values),
            "exponent": scalar("i32", self.potentials.exponent),
            "amax": scalar("i64", self.spikes.range),
            "zero_point": scalar("i16", self.spikes.zero_point),
            "counts": vector("i16", self.spikes.counts),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a linear operator gives: accumulator, output, saturations (OP-8)."""

    accumulator: list[int]
    output: list[int]
    saturations: int

    def fields(self) -> dict[str, Field]:
        """The fields of codes 2, 3, 4, 10, 13, 14 and 16."""
        return {
            "accumulator": vector("i32", self.accumulator),
            "output": vector("i64", self.output),
            "saturations": scalar("i64", self.saturations),
        }


def entry_bits(order: int) -> int:
    """The entry width n_e before a rotation of the order (OP-4)."""
    return min(16, 31 - (order - 1).bit_length())


def embed(model: Model, token: int) -> tuple[list[int], int]:
    """The residual stream of a token and its saturations (OP-1)."""
    row = model.tensors["embedding.mantissas"].rows()[token]
    exponent = model.tensors["embedding.exponents"].flat[token]
    ties = model.profile.ties
    return saturate_all([round_shift(m, -(exponent + 16), ties) for m in row], 40)


def normalised(model: Model, residual: Sequence[int], norm: str) -> Scaled:
    """RMSNorm and gamma (OP-2, OP-3)."""
    ties = model.profile.ties
    constants = model.constants
    mantissas, shift = block_shift(residual, 24, ties)
    energy = sum(m * m for m in mantissas) + round_shift(constants["norm_epsilon"], 2 * shift, ties)
    gate(energy, 63)
    if energy == 0:
        y = [0] * len(mantissas)
    else:
        h = (62 - energy.bit_length()) // 2
        root = isqrt(energy << (2 * h))
        inverse = below(round_div(constants["norm_root"], root, ties), 1 << 29)
        back = constants["norm_root_exponent"] - h - 16
        y = [gate(round_shift(m * inverse, back, ties), 27) for m in mantissas]
    if model.profile.rotation == "quarot":
        return Scaled(y, -16)
    gamma = model.tensors[f"{norm}.gamma"].flat
    exponent = model.tensors[f"{norm}.gamma_exponent"].flat[0]
    u = [gate(a * b, 43) for a, b in zip(y, gamma, strict=True)]
    return Scaled(u, exponent - 16)


def rotates(model: Model, group: str) -> bool:
    """Whether the input of a group is rotated in the forward pass (OP-5)."""
    match model.profile.rotation:
        case "gamma-sqp":
            return True
        case "quarot":
            return group in ("o", "down")
        case _:
            return False


def enter(model: Model, layer: int, group: str, u: Scaled) -> Input:
    """Entry, rotation, clipping and encoding of a group's input (OP-4 to OP-7)."""
    ties = model.profile.ties
    rows = matrix(len(u.values)) if rotates(model, group) else ((1,),)
    mantissas, shift = block_shift(u.values, entry_bits(len(rows)), ties)
    exponent = u.exponent + shift
    v = [below(x, 1 << 30) for x in transform(rows, mantissas)]
    threshold = model.tensors.get(f"layers.{layer}.clip.{group}")
    if threshold is not None and model.clip_mode is not None:
        v = clip_potentials(v, exponent, threshold.flat[0], model.clip_mode, ties)
    spikes = encode([gate(x, 32) for x in v], model.profile.activation)
    return Input(potentials=Scaled(v, exponent), spikes=spikes)


def linear(model: Model, layer: int, op: str, given: Input) -> Output:
    """Sparse addition, zero point, rescale and bias (OP-8)."""
    place = f"layers.{layer}.{op}"
    tensors, spikes = model.tensors, given.spikes
    mantissas = tensors[f"{place}.channel_mantissas"].flat
    exponents = tensors[f"{place}.channel_exponents"].flat
    sums = tensors.get(f"{place}.weight_sums")
    bias = tensors.get(f"{place}.bias")
    y = add_rows(spikes, tensors[f"{place}.weights"].rows(), len(mantissas))
    if sums is not None:
        y = [a - spikes.zero_point * rho for a, rho in zip(y, sums.flat, strict=True)]
    out = []
    for m, total in enumerate(y):
        product = gate(below(total, 1 << 30) * spikes.mantissa * mantissas[m], 63)
        shift = -(spikes.exponent + given.potentials.exponent + exponents[m] + 16)
        out.append(round_shift(product, shift, model.profile.ties) + (bias.flat[m] if bias else 0))
    output, saturations = saturate_all(out, 40 if op in ("o", "down") else 32)
    return Output(accumulator=y, output=output, saturations=saturations)


def silu_gate(model: Model, gates: Sequence[int], ups: Sequence[int]) -> Scaled:
    """The product of SiLU(gate) and up (OP-9)."""
    ties = model.profile.ties
    table = model.tensors["tables.exp2"].flat
    u = []
    for g, a in zip(gates, ups, strict=True):
        t = round_shift(abs(g) * model.constants["log2e"], 30, ties)
        w = exp2(t, table, ties)
        sigma = round_div(1 << 50, (1 << 30) + w, ties)
        if g < 0:
            sigma = (1 << 20) - sigma
        k = round_shift(g * sigma, 20, ties)
        u.append(below(k * a, 1 << 62))
    return Scaled(u, -32)


def add_residual(residual: Sequence[int], out: Sequence[int]) -> tuple[list[int], int]:
    """The residual stream after an addition, and its saturations (OP-10)."""
    return saturate_all([x + y for x, y in zip(residual, out, strict=True)], 40)


def head(model: Model, residual: Sequence[int]) -> tuple[Scaled, list[int], int]:
    """The entry of the head, the logits and their saturations (OP-12)."""
    ties = model.profile.ties
    u = normalised(model, residual, "final_norm")
    mantissas, shift = block_shift(u.values, 16, ties)
    exponent = u.exponent + shift
    stem = "embedding" if model.tied_head else "head"
    rows = model.tensors[f"{stem}.mantissas"].rows()
    logits = []
    for row, e in zip(rows, model.tensors[f"{stem}.exponents"].flat, strict=True):
        total = sum(a * b for a, b in zip(mantissas, row, strict=True))
        logits.append(round_shift(total, -(exponent + e + 16), ties))
    clipped, saturations = saturate_all(logits, 32)
    return Scaled(mantissas, exponent), clipped, saturations

"""HG neurons in place of the non-linear operators of SDLLM (LAS-17)."""

from collections.abc import Sequence

from .arithmetic import Ties, below, gate, normalise, round_shift
from .las_functions import activate, exponential, inverse_root, reciprocal, square
from .las_norm import octave
from .las_tables import Tables


def normalised(
    mantissas: Sequence[int],
    shift: int,
    epsilon: int,
    root: tuple[int, int],
    tables: Tables,
    ties: Ties,
) -> list[int]:
    """Block-shifted values over their root mean square, 16 fraction bits (LAS-4, steps 3 to 6).

    epsilon: norm_epsilon; root: norm_root and its exponent (OP-2).
    """
    deviation = [octave(m, tables.steps) for m in mantissas]
    squares = sum(square(d, tables.square) for d in deviation)
    energy = below(squares + round_shift(epsilon, 2 * shift, ties), (1 << 62) - 1)
    if energy == 0:
        return [0] * len(deviation)
    inverse, half = inverse_root(energy, tables.inverse_root)
    mantissa, exponent = normalise(root[0], 16, ties)
    down = 11 + half - (exponent - root[1])
    return [gate(round_shift(d * inverse * mantissa, down, ties), 27) for d in deviation]


def gate_product(gates: Sequence[int], ups: Sequence[int], tables: Tables, ties: Ties) -> list[int]:
    """silu(g)·a with 32 fraction bits (OP-9, step 5)."""
    u = []
    for g, a in zip(gates, ups, strict=True):
        k = round_shift(activate(g, tables.activation, tables.steps), 4, ties)
        u.append(below(k * a, 1 << 62))
    return u


def softmax(given: Sequence[int], tables: Tables, ties: Ties) -> tuple[int, list[int], int]:
    """The largest score, the weights with 30 fraction bits and their sum (ATT-7)."""
    top = max(given)
    weights = [round_shift(exponential(top - x, tables.exp), 9, ties) for x in given]
    return top, weights, gate(sum(weights), 49)


def normalise_mix(accumulator: Sequence[int], total: int, tables: Tables, ties: Ties) -> list[int]:
    """The weighted means z (ATT-9)."""
    inverse, exponent = reciprocal(total, tables.reciprocal)
    return [
        gate(round_shift(round_shift(o, 8, ties) * inverse, 16 + exponent, ties), 23)
        for o in accumulator
    ]

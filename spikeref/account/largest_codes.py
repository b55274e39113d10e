"""What the HG neurons of a model reach at most, read off their tables (NEUR-8)."""

from spikeref.model.las_profile import Choice
from spikeref.neurons.code_runs import code_range, code_runs
from spikeref.neurons.hierarchical import HgNeuron, Piece
from spikeref.ops.las_published import OFFSET
from spikeref.ops.las_softmax import OCTAVES, RECIPROCAL_SHIFT

FIRST_OF_ABOVE_ONE = (1 << 16) - OFFSET
"""The published softmax adds 0.1 to scores: of octave −1 it reaches membranes from here on."""


def largest_code(piece: Piece, steps: int) -> int:
    """Return the largest code that a piece of T steps fires, at the scale of 16 steps."""
    return code_range(piece, steps)[1]


def output_range(neuron: HgNeuron, fraction_bits: int, steps: int) -> tuple[int, int]:
    """Return bounds on what a function gives, integers with so many fraction bits (HG-1)."""
    ends = [
        piece.sign * largest_code(piece, steps) << (piece.exponent + fraction_bits)
        for piece in neuron.pieces
    ]
    return min(0, *ends), max(0, *ends)


def largest_weight(exp: HgNeuron, choice: Choice, steps: int) -> int:
    """Return what E reaches, 39 fraction bits (LAS-11, LAS-16)."""
    (piece,) = exp.pieces
    largest = largest_code(piece, steps) << (OCTAVES - 1)
    if choice is Choice.PUBLISHED:
        above = code_range(piece, steps, FIRST_OF_ABOVE_ONE)[1]
        largest = max(largest, above << OCTAVES)
    return largest


def largest_probability(reciprocal: HgNeuron, steps: int) -> int:
    """Return what P reaches, 30 fraction bits: E is at most the sum, below (M + 1)·2^e (LAS-11)."""
    runs = code_runs(reciprocal.pieces[0], steps)
    return -(-int((runs.code * (runs.last + 1)).max()) >> RECIPROCAL_SHIFT)

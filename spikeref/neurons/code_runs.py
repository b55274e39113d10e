"""A piece's code is constant over runs of membranes; from their ends its errors are exact."""

from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.neurons.expansion import Expansion
from spikeref.neurons.few_spikes import FewSpikes
from spikeref.neurons.hierarchical import Identity, Piece, sub_neuron_codes


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRuns:
    """Runs of membranes that cover a piece's range without overlap, from low to high, int64 [R]."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    code: NDArray[np.int64]
    """Of every membrane of the run, at the scale of 16 steps."""


def code_runs(piece: Piece, steps: int) -> CodeRuns:
    """Return runs of equal code of a neuron of T steps over its whole range (NEUR-6 to NEUR-8)."""
    starts = _starts(piece)
    inside = starts[(starts > piece.low) & (starts <= piece.high)]
    distinct = inside[np.diff(inside, prepend=piece.low) > 0]
    first = np.concatenate([np.array([piece.low], dtype=np.int64), distinct])
    last = np.append(first[1:] - 1, np.int64(piece.high))
    return CodeRuns(first=first, last=last, code=sub_neuron_codes(first, piece, steps))


def code_range(piece: Piece, steps: int, first: int | None = None) -> tuple[int, int]:
    """Return the least and the largest code of a neuron of T steps over its piece's range.

    first: of its membranes, the lowest that counts; all of them count unless given.
    """
    low = piece.low if first is None else first
    match piece.neuron:
        case Expansion() | Identity():
            # Monotone, so that the ends of the range bound it.
            ends = np.array([low, piece.high], dtype=np.int64)
            codes = sub_neuron_codes(ends, piece, steps)
        case FewSpikes():
            runs = code_runs(piece, steps)
            codes = runs.code[runs.last >= low]
        case _:
            assert_never(piece.neuron)
    return int(codes.min()), int(codes.max())


def _starts(piece: Piece) -> NDArray[np.int64]:
    """Return every membrane whose code may differ from the one before it, from low to high."""
    match piece.neuron:
        case Expansion(thresholds=thresholds, falling=falling):
            wide = thresholds.astype(np.int64)
            return wide[::-1] + 1 if falling else wide
        case Identity(shift):
            codes = np.arange(piece.low >> shift, (piece.high >> shift) + 1, dtype=np.int64)
            return codes << shift
        case FewSpikes():
            starts = few_spikes_starts(piece.neuron, piece.high - piece.low)
            return np.sort(starts) + np.int64(piece.low)
        case _:
            assert_never(piece.neuron)


def few_spikes_starts(neuron: FewSpikes, largest: int) -> NDArray[np.int64]:
    """Return where runs of inputs 0 … `largest` of an FS neuron with equal spikes start, int64 [R].

    At each step a run of inputs whose potentials lie on both sides of the threshold falls in two:
    after K steps there are at most 2^K.
    """
    first = np.zeros(1, dtype=np.int64)
    last = np.array([largest], dtype=np.int64)
    taken = np.zeros(1, dtype=np.int64)
    for reset, threshold in zip(neuron.resets, neuron.thresholds, strict=True):
        # The least input of a run that fires: v = x − taken > T.
        fires_from = taken + np.int64(threshold) + 1
        lower, upper = first < fires_from, last >= fires_from
        ends = np.minimum(last, fires_from - 1)[lower], last[upper]
        begins = first[lower], np.maximum(first, fires_from)[upper]
        first, last = np.concatenate(begins), np.concatenate(ends)
        taken = np.concatenate([taken[lower], taken[upper] + np.int64(reset)])
    return first

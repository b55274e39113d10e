"""A checkpoint's operators and norms applied in float64, weights streaming in blocks of rows."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spikeref.checkpoint.parts import NormParts, OperatorParts, RowsPart, VectorPart
from spikeref.checkpoint.reader import Checkpoint
from spikeref.evaluate.baseline_operators import Array, layer_norm, rms_norm

BLOCK_ELEMENTS = 1 << 22
"""Elements of a weight block: 32 MiB as float64."""


def table_rows(checkpoint: Checkpoint, part: RowsPart, rows: NDArray[np.int64]) -> Array:
    """Return rows of a table, [M, width], each read once."""
    distinct, places = np.unique(rows, return_inverse=True)
    read = [checkpoint.rows(part.name, int(row), int(row) + 1) for row in distinct]
    return np.concatenate(read).astype(np.float64)[places]


def normed(checkpoint: Checkpoint, norm: NormParts, eps: float, x: Array) -> Array:
    """Return LayerNorm where there is a β, else RMSNorm: [M, H] -> [M, H]."""
    gain = _entries(checkpoint, norm.gamma)
    if norm.beta is None:
        return rms_norm(x, gain, eps)
    return layer_norm(x, gain, _entries(checkpoint, norm.beta), eps)


def linear(checkpoint: Checkpoint, parts: OperatorParts, x: Array) -> Array:
    """Return W·x + b: [M, N] -> [M, outputs]."""
    weight = parts.weight
    y = np.empty((len(x), weight.outputs), dtype=np.float64)
    for block in _blocks(weight.outputs, weight.inputs):
        read = checkpoint.outputs(weight, block.start, block.stop).astype(np.float64)
        y[:, block] = x @ read.T
        checkpoint.release_pages()
    return y if parts.bias is None else y + _entries(checkpoint, parts.bias)


def table_products(checkpoint: Checkpoint, part: RowsPart, x: Array) -> Iterator[tuple[int, Array]]:
    """Yield x [M, width] times blocks of a table's rows: (first row, [M, <= rows])."""
    for start, block in checkpoint.iter_row_blocks(part.name, max(1, BLOCK_ELEMENTS // part.width)):
        yield start, x @ block.astype(np.float64).T


def _entries(checkpoint: Checkpoint, part: VectorPart) -> Array:
    return checkpoint.entries(part).astype(np.float64)


def _blocks(outputs: int, inputs: int) -> list[slice]:
    step = max(1, BLOCK_ELEMENTS // inputs)
    return [slice(start, min(start + step, outputs)) for start in range(0, outputs, step)]

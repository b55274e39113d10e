"""A checkpoint's operators and norms applied in float64, weights streaming in blocks of rows."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spikeref.checkpoint.parts import MatrixPart, NormParts, OperatorParts, RowsPart, VectorPart
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
    gain = entries(checkpoint, norm.gamma)
    if norm.beta is None:
        return rms_norm(x, gain, eps)
    return layer_norm(x, gain, entries(checkpoint, norm.beta), eps)


def linear(checkpoint: Checkpoint, parts: OperatorParts, x: Array) -> Array:
    """Return W·x + b: [M, N] -> [M, outputs]."""
    y = np.empty((len(x), parts.weight.outputs), dtype=np.float64)
    for block, weights in weight_blocks(checkpoint, parts.weight):
        y[:, block] = x @ weights.T
    return y if parts.bias is None else y + entries(checkpoint, parts.bias)


def weight_blocks(checkpoint: Checkpoint, part: MatrixPart) -> Iterator[tuple[slice, Array]]:
    """Yield blocks of a matrix's outputs and their weights, float64 [<= outputs, inputs]."""
    step = max(1, BLOCK_ELEMENTS // part.inputs)
    for start in range(0, part.outputs, step):
        stop = min(start + step, part.outputs)
        yield slice(start, stop), checkpoint.outputs(part, start, stop).astype(np.float64)
        checkpoint.release_pages()


def table_products(checkpoint: Checkpoint, part: RowsPart, x: Array) -> Iterator[tuple[int, Array]]:
    """Yield x [M, width] times blocks of a table's rows: (first row, [M, <= rows])."""
    for start, block in checkpoint.iter_row_blocks(part.name, max(1, BLOCK_ELEMENTS // part.width)):
        yield start, x @ block.astype(np.float64).T


def entries(checkpoint: Checkpoint, part: VectorPart) -> Array:
    """Return the entries of a vector, float64."""
    return checkpoint.entries(part).astype(np.float64)

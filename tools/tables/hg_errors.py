"""The largest error of every HG neuron, beside the published constants' (docs/hg-errors.md)."""

from spikeref.evaluate.function_errors import PieceRow, piece_rows
from spikeref.functions.tables import FunctionName
from spikeref.model.las_profile import Functions

FEWER_STEPS = (16, 13, 10)

PUBLISHED: dict[FunctionName, tuple[tuple[float, float, str], ...]] = {
    "gelu": ((-8.0, 1.0, ".071 on [−6, 1]"), (1.0, 32.0, ".185 on [1, 30]")),
    "exp": ((0.0, 1.0, ".090, e^x on [−10, 0)"),),
    "reciprocal": ((1.0, 2.0, ".041 on (1, 4]"),),
    "square": ((1.0, 2.0, ".23 on [0, 3]"),),
}
"""Largest errors of the FS neurons whose constants the published program prints, by the pieces
whose range they cover: the pieces between two bounds, and the error on the neuron's own range."""


def hg_error_table() -> list[str]:
    """Return one row a piece, in Markdown."""
    columns = [list(piece_rows(Functions.EXPANSION, steps)) for steps in FEWER_STEPS]
    columns.append(list(piece_rows(Functions.FITTED, 16)))
    lines = [
        "| function | x | unit | neuron | T = 16 | T = 13 | T = 10 | fitted, T = 16"
        " | published, measured |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for rows in zip(*columns, strict=True):
        first = rows[0]
        cells = [first.function, range_text(first), f"2^{first.unit}", first.kind]
        cells += [error_text(row) for row in rows[:-1]]
        cells.append(error_text(rows[-1]) if rows[-1].kind == "fitted" else "")
        lines.append(f"| {' | '.join([*cells, published(first)])} |")
    return lines


def range_text(row: PieceRow) -> str:
    """Return the range of a piece."""
    return f"[{row.low:g}, {row.high:g})"


def error_text(row: PieceRow) -> str:
    """Return the largest error in absolute value, and in units of 16 steps."""
    return f"{row.error:.2e} ({row.units:.2f})"


def published(row: PieceRow) -> str:
    """Return the error of the published neuron over a piece's range, nothing if there is none."""
    for low, high, text in PUBLISHED.get(row.function, ()):
        if low <= row.low and row.high <= high:
            return text
    return ""

"""Which tensors hold a model's HG neurons (LMOD-4)."""

from collections.abc import Iterator

from spikeref.functions.tables import FunctionName
from spikeref.model.tensor_form import TensorForm
from spikeref.neurons.expansion import CODE_BITS

THRESHOLDS = (1 << CODE_BITS) - 1
PIECE_MEMBERS = 6
FS_STEPS = 16


def table_forms(
    functions: tuple[FunctionName, ...], names: frozenset[str]
) -> Iterator[tuple[str, TensorForm]]:
    """Yield the tensors of some functions by name, of a model of which `names` are there.

    The pieces' own tensors are expected where they are: only their values tell of what kind a
    piece is (model.las_tables).
    """
    for function in functions:
        prefix = f"tables.{function}"
        for number in sorted(_pieces(names, prefix)):
            name = f"{prefix}.{number}"
            if f"{name}.thresholds" in names:
                yield f"{name}.thresholds", TensorForm("I32", (THRESHOLDS,))
            elif f"{name}.few_spikes" in names:
                yield f"{name}.few_spikes", TensorForm("I64", (3, FS_STEPS))
        yield f"{prefix}.pieces", TensorForm("I64", (-1, PIECE_MEMBERS))


def _pieces(names: frozenset[str], prefix: str) -> set[int]:
    """Return the numbers of the pieces that have a tensor of their own."""
    parts = (name.split(".") for name in names if name.startswith(f"{prefix}."))
    return {int(part[2]) for part in parts if part[2].isdecimal()}

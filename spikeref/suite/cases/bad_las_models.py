"""LAS models and tokens that `las_decode` must refuse (LMOD-1, after MODEL-3 and MODEL-7)."""

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from spikeref.operations.operation import Parameters
from spikeref.suite.build import accepted, refused
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.tiny_las_model import TinyLasModel, las_parameters_of, las_tensors_of
from spikeref.suite.tiny_tables import TinyTables
from spikeref.vectors.case import Case, RejectKind

LEAN = TinyLasModel(
    tables=TinyTables(activation="relu"),
    norm="rms",
    position="rotary",
    tied=1,
    vocab=3,
    hidden=2,
    intermediate=2,
    heads=1,
    kv_heads=1,
    positions=2,
    windows=(0,),
    biased=False,
    final_norm=False,
)
"""As few tensors as a LAS model can have."""

DIGEST = "0" * 64
BESIDE = "las-decode-lean"

CHANGES = (
    ("weight-beyond", "layers.0.q.weights", 128, ("LMOD-2",)),
    ("weight-bound", "layers.0.up.weight_bound", 1, ("LMOD-3",)),
)
"""Name, tensor, what its last element becomes, clauses."""


def bad_las_model_cases() -> Iterator[Case]:
    """Yield the smallest LAS model, and what must be refused beside it."""
    parameters: Parameters = {**las_parameters_of(LEAN, DIGEST), "chunks": ""}
    inputs = {"tokens": tensor((2, 0), "i64"), **las_tensors_of(LEAN, Draw(BESIDE))}
    yield accepted(
        BESIDE,
        "las_decode",
        "The smallest LAS model, all its positions used: the neighbour of refusals.",
        parameters,
        inputs,
    )
    tokens = {**inputs, "tokens": tensor((2, 3), "i64")}
    yield _bad("token-beyond", parameters, tokens, kind="token", clauses=("OP-1",))
    types = {**inputs, "types": tensor((0, 0), "i64")}
    yield _bad("types-of-no-rows", parameters, types, kind="token", clauses=("LAS-3",))
    beyond = {**parameters, "steps": 11}
    yield _bad("steps-beyond-tables", beyond, inputs, kind="parameter", clauses=("NEUR-7",))
    for name, changed_name, value, clauses in CHANGES:
        yield _bad(name, parameters, _with(inputs, changed_name, value), clauses=clauses)


def _bad(
    name: str,
    parameters: Parameters,
    inputs: Mapping[str, NDArray[Any]],
    *,
    kind: RejectKind = "model",
    clauses: tuple[str, ...],
) -> Case:
    return refused(
        f"las-decode-{name}",
        "las_decode",
        kind,
        "One thing that a clause excludes: catches a device that trusts whatever it is given.",
        parameters,
        inputs,
        beside=BESIDE,
        clauses=clauses,
    )


def _with(inputs: Mapping[str, NDArray[Any]], name: str, value: int) -> dict[str, NDArray[Any]]:
    """Return the inputs with the last element of one tensor changed, its bound along with it."""
    changed = inputs[name].copy()
    changed.flat[-1] = value
    found = {**inputs, name: changed}
    if name.endswith(".weights"):
        sums = abs(changed.astype("i8")).sum(axis=0, dtype="i8")
        found[name.removesuffix("weights") + "weight_bound"] = tensor([int(sums.max())], "i64")
    return found

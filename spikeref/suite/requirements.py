"""Which clauses a case exercises, from its operation and its parameters (CONF-4)."""

from collections.abc import Iterable, Mapping
from typing import Any

from numpy.typing import NDArray

from spikeref.operations.operation import Parameters
from spikeref.operations.table import find_operation

ENCODES = {"ternary": ("ENC-2",), "binary": ("ENC-3", "ENC-6")}


def requirements_of(
    operation: str,
    parameters: Parameters,
    inputs: Mapping[str, NDArray[Any]],
    further: Iterable[str] = (),
) -> tuple[str, ...]:
    """Return clause ids without repetition, those of the operation first."""
    found = [*_of_operation(operation, parameters), *further]
    if "ties" in parameters:
        found.append("CONV-8")
    if "table" in inputs or operation in ("decode", "generate", "hg_decode"):
        found.append("MODEL-6")
    return tuple(dict.fromkeys(found))


def _of_operation(operation: str, parameters: Parameters) -> list[str]:
    encoding = str(parameters.get("encoding", "ternary"))
    clauses = list(find_operation(operation).clauses)
    match operation:
        case "encode":
            exact = ["ENC-2", "ENC-4"] if encoding == "ternary" else ["ENC-3"]
            return ["ENC-1", *exact, "ENC-7"]
        case "spiking_input" | "linear":
            clauses += ENCODES.get(encoding, ())
            if not parameters["rotate"]:
                clauses.remove("OP-5")
            if "mode" in parameters:
                clauses.append("ENC-8")
            if operation == "linear":
                clauses += ["ENC-7", "ADD-1", *(["ADD-4"] if encoding == "binary" else [])]
        case "cache_heads":
            clauses = ["ATT-2" if parameters["fraction_bits"] == 30 else "ATT-3", "ENC-2", "ENC-7"]
        case "attend" | "scores" | "mix":
            clauses.append("ADD-6")
        case "decode" | "generate" | "hg_decode":
            clauses += _of_model(parameters, encoding)
        case _:
            pass
    return clauses


def _of_model(parameters: Parameters, encoding: str) -> list[str]:
    """Return the clauses that a whole forward pass exercises, whatever its profile."""
    clauses = [
        "CONV-7", "HAD-7", *ENCODES.get(encoding, ()), "ENC-5", "ENC-7", "ADD-1", "MODEL-2",
        *(f"OP-{i}" for i in range(1, 13)), *(f"ATT-{i}" for i in range(1, 13)),
    ]  # fmt: skip
    if "model" in parameters:
        return clauses
    if encoding == "binary":
        clauses.append("ADD-4")
    if parameters["clip_mode"] != "none":
        clauses.append("ENC-8")
    if parameters["rotation"] == "none":
        clauses.remove("HAD-7")
    return clauses

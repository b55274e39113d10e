"""Lock-step server: a simulator asks for golden results, one JSON object a line.

A request names an operation of CONF-9, or forward, reset, describe or quit:

    {"id": 7, "operation": "encode", "parameters": {"bits": 4, …},
     "inputs": {"v": {"path": "v.bin", "type": "i32", "shape": [2, 64]}}, "outputs": "golden"}

Tensors are .bin files (CONF-3); outputs go to OUTPUTS/NAME.bin. With "layer" and "op", parameters
and tensors that the request lacks are those of that operator of the model: an operator of SDLLM, an
op of LAS-18. `forward` passes tokens through the whole model. Every request gets one line:
{"id", "step", "operation", "outputs": {name: {"path", "type", "shape"}}}, or
{"id", "error", "message"}, after which the server goes on.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.cosim.las_own import own_las_arguments
from spikeref.cosim.own_tensors import find_operator, own_inputs, own_parameters
from spikeref.cosim.passes import forward_outputs
from spikeref.errors import RefusedError, SpikerefError, UsageError, VectorError
from spikeref.model.any_model import AnyModel
from spikeref.model.config import SPEC_VERSION
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.operations.operation import Inputs, Operation
from spikeref.operations.table import find_operation, run_operation
from spikeref.storage.canonical import parse_json
from spikeref.vectors.case import TENSOR_TYPES, type_of
from spikeref.vectors.tensors import read_tensor, tensor_bytes

Answer = dict[str, Any]

MEMBERS = {"id", "operation", "parameters", "inputs", "outputs", "layer", "op"}

LARGEST_RANK = 8

FORWARD = "forward"


def serve(model: AnyModel, requests: Iterable[bytes], answer: Callable[[Answer], None]) -> int:
    """Answer each line of `requests` until "quit" or their end; return how many were answered."""
    session = _Session(model)
    answered = 0
    for line in requests:
        if not line.strip():
            continue
        answered += 1
        reply = session.reply(line)
        answer(reply)
        if reply.get("operation") == "quit":
            break
    return answered


class _Session:
    """Counts the operations since the last reset, so that both sides can see that they agree."""

    def __init__(self, model: AnyModel) -> None:
        self._model = model
        self._step = 0

    def reply(self, line: bytes) -> Answer:
        identity = None
        try:
            request = parse_json(line, "request", UsageError)
            if not isinstance(request, dict):
                raise UsageError("request: is no JSON object")
            identity = _identity(request.get("id"))
            return {"id": identity, **self._do(request)}
        except RefusedError as fault:
            return _error(identity, fault.kind, fault)
        except VectorError as fault:
            return _error(identity, "tensor", fault)
        except (SpikerefError, OSError) as fault:
            return _error(identity, "request", fault)
        except MemoryError:
            return _error(identity, "memory", "out of memory; ask for smaller tensors")

    def _do(self, request: dict[str, Any]) -> Answer:
        for name in request:
            if name not in MEMBERS:
                raise UsageError(
                    f"request: member {name!r} is unknown; {sorted(MEMBERS)} are known"
                )
        operation = request.get("operation")
        match operation:
            case "quit":
                return {"operation": "quit"}
            case "reset":
                self._step = 0
                return {"operation": "reset", "step": 0}
            case "describe":
                return {"operation": "describe", **_description(self._model)}
            case str():
                outputs = _run(self._model, operation, request)
                self._step += 1
                return {"operation": operation, "step": self._step, "outputs": outputs}
            case _:
                raise UsageError("request: operation is missing")


def _identity(given: object) -> int | float | str | None:
    """Return an id as the answer can state it: the same number, the same string."""
    match given:
        case None | int() | str():
            return given
        case Decimal() if Decimal(repr(float(given))) == given:
            return float(given)
        case Decimal():
            raise UsageError("request: id is a number that no binary64 states; use a string")
        case _:
            raise UsageError("request: id must be a number or a string")


def _description(model: AnyModel) -> Answer:
    return {
        "spec_version": SPEC_VERSION,
        "model_digest": model.digest,
        "profile": model.config.profile.name,
        "layers": len(model.layers),
    }


def _run(model: AnyModel, name: str, request: Mapping[str, Any]) -> Answer:
    folder = request.get("outputs")
    operation = None if name == FORWARD else find_operation(name)
    if not isinstance(folder, str) or not folder:
        raise UsageError("request: outputs must name a folder")
    target = _path(folder, "outputs")
    parameters = _parameters(request.get("parameters", {}))
    inputs = _inputs(request.get("inputs", {}))
    named = "layer" in request or "op" in request
    if operation is None:
        if named:
            raise UsageError("forward: takes no layer and no op; record_layers is a parameter")
        return _write(forward_outputs(model, parameters, inputs), target)
    if named:
        own = _own(model, request.get("layer"), request.get("op"), operation, inputs)
        parameters, inputs = own[0] | parameters, own[1] | inputs
    return _write(run_operation(name, parameters, inputs), target)


def _own(
    model: AnyModel, layer: object, op: object, operation: Operation, given: Inputs
) -> tuple[dict[str, int | str], dict[str, NDArray[Any]]]:
    """Return what `operation` takes from the model; UsageError where that has no such op."""
    match model:
        case IntegerModel():
            index, operator = find_operator(model, layer, op)
            return (
                own_parameters(model, index, operator, operation),
                own_inputs(model, index, operator, operation),
            )
        case LasModel():
            return own_las_arguments(model, layer, op, operation, given)
        case _:
            assert_never(model)


def _parameters(given: object) -> dict[str, int | str]:
    if not isinstance(given, dict):
        raise UsageError("request: parameters must be an object")
    for name, value in given.items():
        if type(value) not in (int, str):
            raise UsageError(f"request: parameter {name} must be an integer or a string")
    return given


def _inputs(given: object) -> dict[str, NDArray[Any]]:
    if not isinstance(given, dict):
        raise UsageError("request: inputs must be an object")
    return {name: _read(name, entry) for name, entry in given.items()}


def _read(name: str, entry: object) -> NDArray[Any]:
    match entry:
        case {"path": str(path), "type": str(kind), "shape": list(shape), **rest} if not rest:
            pass
        case _:
            raise UsageError(f"request: input {name} must have path, type and shape")
    if not all(type(size) is int and 0 <= size < 1 << 40 for size in shape):
        raise UsageError(f"request: input {name}: shape {shape} must hold sizes")
    if len(shape) > LARGEST_RANK:
        raise UsageError(f"request: input {name}: more than {LARGEST_RANK} dimensions")
    for known in TENSOR_TYPES:
        if known == kind:
            file = _path(path, f"input {name}")
            return read_tensor(file, "bin", known, tuple(shape), file.parent)
    raise UsageError(f"request: input {name}: type {kind!r} is none; {', '.join(TENSOR_TYPES)}")


def _path(text: str, where: str) -> Path:
    """Return the path that a request names; UsageError where no file can have that name."""
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError:
        raise UsageError(f"request: {where}: {text!r} cannot be the name of a file") from None
    if b"\0" in encoded:
        raise UsageError(f"request: {where}: {text!r} cannot be the name of a file")
    return Path(text)


def _write(outputs: Mapping[str, NDArray[Any]], folder: Path) -> Answer:
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, array in outputs.items():
        kind, path = type_of(np.asarray(array)), folder / f"{name}.bin"
        path.write_bytes(tensor_bytes(array, kind, "bin"))
        written[name] = {"path": str(path), "type": kind, "shape": list(np.shape(array))}
    return written


def _error(identity: object, kind: str, fault: object) -> Answer:
    return {"id": identity, "error": kind, "message": " ".join(str(fault).split())}

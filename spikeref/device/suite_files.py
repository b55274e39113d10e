"""A suite folder as a device reads it, and what it writes (CONF-2, CONF-5, CONF-7)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .tensor import CODES, Refusal, Tensor, TensorType, from_bytes

TYPES: dict[str, TensorType] = {kind: kind for kind in CODES}
VERSION = "1"
"""Major version of the specification that this device conforms to (CONF-11)."""


class SuiteError(Exception):
    """A suite that contradicts chapter 17."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a device is given of a case."""

    id: str
    operation: str
    parameters: Mapping[str, str]
    inputs: Mapping[str, Tensor]


def read_lines(path: Path) -> list[tuple[str, str]]:
    """The key=value lines of a plain twin (CONF-5)."""
    text = path.read_bytes().decode("ascii")
    if not text.endswith("\n"):
        raise SuiteError(f"{path}: its last line does not end")
    lines = [line.partition("=") for line in text.removesuffix("\n").split("\n")]
    if any(not (key and equals) for key, equals, _ in lines):
        raise SuiteError(f"{path}: a line that is not key=value")
    if len({key for key, _, _ in lines}) != len(lines):
        raise SuiteError(f"{path}: a key that stands twice")
    return [(key, value) for key, _, value in lines]


def read_case(suite_folder: Path, identity: str) -> Case:
    """Read case.txt and the input tensors, and prove their digests; SuiteError otherwise."""
    folder = suite_folder / "cases" / identity
    lines = read_lines(folder / "case.txt")
    stated = dict(lines)
    given = {key: stated.get(key) for key in ("format", "format_version", "id")}
    if given != {"format": "spikeref-case", "format_version": "1", "id": identity}:
        raise SuiteError(f"{folder}: states {given}")
    if stated["spec_version"].split(".")[0] != VERSION:
        raise SuiteError(f"{folder}: of specification {stated['spec_version']}")
    return Case(
        id=identity,
        operation=stated["operation"],
        parameters={k.removeprefix("parameter."): v for k, v in lines if k[:10] == "parameter."},
        inputs={
            k.removeprefix("input."): read_tensor(folder / "in", k.removeprefix("input."), v)
            for k, v in lines
            if k[:6] == "input."
        },
    )


def read_tensor(folder: Path, name: str, stated: str) -> Tensor:
    """The tensor that a line TYPE:SHAPE:SHA256 states (CONF-5)."""
    kind, shape, digest = stated.split(":")
    path = folder / f"{name}.bin"
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise SuiteError(f"{path}: its SHA-256 is another than stated")
    return from_bytes(TYPES[kind], tuple(map(int, shape.split(","))) if shape else (), data)


def write_outputs(folder: Path, outputs: Mapping[str, Tensor]) -> None:
    """Write every output as NAME.bin (CONF-7)."""
    folder.mkdir()
    for name, tensor in outputs.items():
        (folder / f"{name}.bin").write_bytes(tensor.to_bytes())


def write_refusal(folder: Path, refusal: Refusal) -> None:
    """Write the class of error (CONF-7)."""
    folder.mkdir()
    (folder / "reject.txt").write_text(f"{refusal.kind}\n", "ascii")

"""case.json and its plain twin case.txt (CONF-4, CONF-5)."""

import json
import re
from collections.abc import Iterable
from typing import Any, TypeVar

from spikeref.errors import VectorError
from spikeref.storage.canonical import parse_json
from spikeref.storage.json_fields import JsonFields
from spikeref.vectors.case import CASE_CLASSES, MODES, PROVENANCES, REJECT_KINDS, TENSOR_TYPES
from spikeref.vectors.manifest import CaseManifest, TensorEntry, check_manifest
from spikeref.vectors.versions import FORMAT_VERSION, SPEC_VERSION, check_versions

CASE_FORMAT = "spikeref-case"
HEX_DIGEST = re.compile(r"[0-9a-f]{64}")

_MEMBERS = frozenset(
    {
        "format", "format_version", "spec_version", "id", "operation", "class", "mode",
        "provenance", "requirements", "comment", "parameters", "inputs", "outputs", "verdict",
        "reject", "beside",
    }
)  # fmt: skip

T = TypeVar("T", bound=str)


def case_json(manifest: CaseManifest) -> bytes:
    """Return the content of case.json: one member a line, one tensor a line."""
    value: dict[str, Any] = {
        "format": CASE_FORMAT,
        "format_version": FORMAT_VERSION,
        "spec_version": SPEC_VERSION,
        "id": manifest.id,
        "operation": manifest.operation,
        "class": manifest.case_class,
        "mode": manifest.mode,
        "provenance": manifest.provenance,
        "requirements": list(manifest.requirements),
        "comment": manifest.comment,
        "parameters": dict(manifest.parameters),
        "inputs": [_tensor_json(entry) for entry in manifest.inputs],
        "outputs": [_tensor_json(entry) for entry in manifest.outputs],
        "verdict": _verdict(manifest),
        "reject": manifest.reject,
        "beside": manifest.beside,
    }
    return lines_json(value)


def lines_json(value: dict[str, Any]) -> bytes:
    """Return a JSON object, one member a line, and one line for each object in a list."""
    members = []
    for name, item in value.items():
        text = json.dumps(item)
        if isinstance(item, list) and item and isinstance(item[0], dict):
            text = "[\n  " + ",\n  ".join(map(json.dumps, item)) + "]"
        members.append(f"{json.dumps(name)}: {text}")
    return ("{" + ",\n ".join(members) + "}\n").encode("ascii")


def case_text(manifest: CaseManifest) -> bytes:
    """Return the content of case.txt (CONF-5)."""
    pairs: list[tuple[str, object]] = [
        ("format", CASE_FORMAT),
        ("format_version", FORMAT_VERSION),
        ("spec_version", SPEC_VERSION),
        ("id", manifest.id),
        ("operation", manifest.operation),
        ("class", manifest.case_class),
        ("mode", manifest.mode),
        ("provenance", manifest.provenance),
        ("verdict", _verdict(manifest)),
        ("reject", manifest.reject or ""),
        ("beside", manifest.beside or ""),
        ("requirements", ",".join(manifest.requirements)),
    ]
    pairs += [(f"parameter.{name}", value) for name, value in sorted(manifest.parameters.items())]
    pairs += [(f"input.{entry.name}", _tensor_text(entry)) for entry in manifest.inputs]
    pairs += [(f"output.{entry.name}", _tensor_text(entry)) for entry in manifest.outputs]
    return plain_lines(pairs)


def plain_lines(pairs: Iterable[tuple[str, object]]) -> bytes:
    """Return the lines key=value of a plain twin."""
    return "".join(f"{key}={value}\n" for key, value in pairs).encode("ascii")


def parse_case(data: bytes, where: str) -> CaseManifest:
    """Return what a foreign case.json states; VectorError where it breaks CONF-1 or CONF-4."""
    stated = parse_json(data, where, VectorError)
    if not isinstance(stated, dict) or stated.get("format") != CASE_FORMAT:
        raise VectorError(f"{where}: not a case in the format {CASE_FORMAT}")
    check_versions(stated, where)
    check_members(stated, _MEMBERS, where)
    fields = JsonFields(stated, where, VectorError)
    manifest = CaseManifest(
        id=fields.text("id"),
        operation=fields.text("operation"),
        case_class=_known(fields.text("class"), CASE_CLASSES, "class", where),
        mode=_known(fields.text("mode"), MODES, "mode", where),
        provenance=_known(fields.text("provenance"), PROVENANCES, "provenance", where),
        requirements=_texts(fields.get("requirements", list), "requirements", where),
        comment=fields.text("comment"),
        parameters=fields.get("parameters", dict),
        inputs=_tensors(fields.get("inputs", list), f"{where}: inputs"),
        outputs=_tensors(fields.get("outputs", list), f"{where}: outputs"),
        reject=None
        if stated["reject"] is None
        else _known(fields.text("reject"), REJECT_KINDS, "reject", where),
        beside=None if stated["beside"] is None else fields.text("beside"),
    )
    check_manifest(manifest, where)
    if fields.text("verdict") != _verdict(manifest):
        raise VectorError(f"{where}: verdict {stated['verdict']!r} contradicts reject")
    return manifest


def check_members(stated: dict[str, Any], members: frozenset[str], where: str) -> None:
    """Refuse an object that lacks a member or has one more."""
    for name in sorted(members - stated.keys()):
        raise VectorError(f"{where}: {name} is missing")
    for name in stated.keys() - members:
        raise VectorError(f"{where}: {name!r} has no place here")


def _verdict(manifest: CaseManifest) -> str:
    return "exact" if manifest.reject is None else "reject"


def _tensor_json(entry: TensorEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "type": entry.type,
        "shape": list(entry.shape),
        "sha256": entry.sha256,
    }


def _tensor_text(entry: TensorEntry) -> str:
    return f"{entry.type}:{','.join(map(str, entry.shape))}:{entry.sha256}"


def _tensors(listed: list[Any], where: str) -> tuple[TensorEntry, ...]:
    entries = []
    for number, item in enumerate(listed):
        place = f"{where}[{number}]"
        if not isinstance(item, dict):
            raise VectorError(f"{place}: is not an object")
        check_members(item, frozenset({"name", "type", "shape", "sha256"}), place)
        fields = JsonFields(item, place, VectorError)
        entries.append(
            TensorEntry(
                name=fields.text("name"),
                type=_known(fields.text("type"), TENSOR_TYPES, "type", place),
                shape=fields.integers("shape"),
                sha256=fields.text("sha256"),
            )
        )
        if any(size < 0 for size in entries[-1].shape):
            raise VectorError(f"{place}: shape {item['shape']} has a negative dimension")
        if not HEX_DIGEST.fullmatch(entries[-1].sha256):
            raise VectorError(f"{place}: sha256 is not 64 lower-case hexadecimal digits")
    return tuple(entries)


def _known(text: str, known: tuple[T, ...], name: str, where: str) -> T:
    for value in known:
        if text == value:
            return value
    raise VectorError(f"{where}: {name} is {text!r}; known: {', '.join(known)}")


def _texts(listed: list[Any], name: str, where: str) -> tuple[str, ...]:
    if not all(isinstance(item, str) for item in listed):
        raise VectorError(f"{where}: {name} must hold strings")
    return tuple(listed)

"""The manifest of a trace folder: what the trace is of, and the digests of its files (TRACE-7)."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeAlias, get_args

from spikeref.errors import TraceError
from spikeref.model.any_model import AnyProfile
from spikeref.model.any_profile import any_profile_from_json
from spikeref.model.config import SPEC_VERSION
from spikeref.model.limits import LARGEST_SIZES
from spikeref.model.profile import PROFILES, Profile
from spikeref.storage.canonical import parse_json
from spikeref.storage.json_fields import JsonFields
from spikeref.trace.canonical import TRACE_FORMAT

MANIFEST_NAME = "manifest.json"
INDEX_NAME = "index.bin"
PAYLOAD_NAME = "payload.bin"

TraceLevel: TypeAlias = Literal["digest", "counts", "full"]
TRACE_LEVELS: tuple[TraceLevel, ...] = get_args(TraceLevel)

GIVEN = -1
"""The token id of a position whose embedding was given (TRACE-5)."""

_MEMBERS: dict[str, type] = {
    "format": str,
    "spec_version": str,
    "model_digest": str,
    "trace_digest": str,
    "level": str,
    "tokens": list,
    "engine": str,
    "layers": int,
    "profile": dict,
    "records": int,
    "index_digest": str,
}
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What manifest.json states; every digest in hex."""

    model_digest: str
    trace_digest: str
    level: TraceLevel
    tokens: tuple[int, ...]
    engine: str
    """Whatever wrote the trace: an engine of ours, or a device."""
    layers: int
    profile: AnyProfile
    records: int
    index_digest: str
    payload_digest: str | None
    """None at level `digest`, where there is no payload."""


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a trace folder.

    TraceError: no such folder, no manifest, another format or version, a member that is missing,
    unknown, of another type or out of range. The files beside it are not looked at.
    """
    path = folder / MANIFEST_NAME
    if not folder.is_dir():
        state = "is not a folder" if folder.exists() else "no such folder"
        raise TraceError(f"{folder}: {state}; a trace is a folder with {MANIFEST_NAME}")
    try:
        text = path.read_bytes()
    except OSError as fault:
        raise TraceError(
            f"{path}: cannot be read ({fault.strerror}); {folder} is no trace, or incomplete"
        ) from fault
    stated = parse_json(text, str(path), TraceError)
    if not isinstance(stated, dict) or stated.get("format") != TRACE_FORMAT:
        raise TraceError(f"{path}: not a trace in the format {TRACE_FORMAT}")
    if stated.get("spec_version") != SPEC_VERSION:
        raise TraceError(
            f"{path}: specification {stated.get('spec_version')!r}; this program reads"
            f" {SPEC_VERSION}: write the trace again"
        )
    return _manifest(stated, str(path))


def _manifest(stated: dict[str, Any], where: str) -> Manifest:
    def refuse(what: str) -> NoReturn:
        raise TraceError(f"{where}: {what}")

    payload_digest = stated.pop("payload_digest", "")
    _check_members(stated, _MEMBERS, where)
    level = next((known for known in TRACE_LEVELS if known == stated["level"]), None)
    if level is None:
        refuse(f"level {stated['level']!r} is unknown; known: {', '.join(TRACE_LEVELS)}")
    for name in ("model_digest", "trace_digest", "index_digest"):
        if not _HEX_DIGEST.fullmatch(stated[name]):
            refuse(f"{name} is no SHA-256 in hex")
    if level == "digest":
        if payload_digest is not None:
            refuse("payload_digest must be null at level digest")
    elif not isinstance(payload_digest, str) or not _HEX_DIGEST.fullmatch(payload_digest):
        refuse("payload_digest is no SHA-256 in hex")
    tokens = stated["tokens"]
    if not tokens or not all(
        type(t) is int and GIVEN <= t < LARGEST_SIZES["vocab"] for t in tokens
    ):
        refuse("tokens must be a list of token ids, at least one")
    if not 1 <= stated["layers"] <= LARGEST_SIZES["layers"]:
        refuse(f"layers is {stated['layers']}; 1 to {LARGEST_SIZES['layers']} are possible")
    if stated["records"] < 1:
        refuse(f"records is {stated['records']}; a trace has at least one")
    if not stated["engine"].isprintable():
        refuse("engine is not printable text")
    return Manifest(
        model_digest=stated["model_digest"],
        trace_digest=stated["trace_digest"],
        level=level,
        tokens=tuple(tokens),
        engine=stated["engine"],
        layers=stated["layers"],
        profile=_profile(JsonFields(stated["profile"], f"{where}: profile", TraceError)),
        records=stated["records"],
        index_digest=stated["index_digest"],
        payload_digest=payload_digest,
    )


def _profile(fields: JsonFields) -> AnyProfile:
    """Return the profile; refuse one of SDLLM with a known name and other parameters than its."""
    profile = any_profile_from_json(fields)
    # One that differs is named "…+custom" wherever it is made.
    if isinstance(profile, Profile) and PROFILES.get(profile.name, profile) != profile:
        raise TraceError(
            f"{fields.where}: its members are not those of {profile.name}; write the trace again"
        )
    return profile


def _check_members(stated: dict[str, Any], members: dict[str, type], where: str) -> None:
    for name, kind in members.items():
        if type(stated.get(name)) is not kind:
            raise TraceError(f"{where}: {name} is missing or not of type {kind.__name__}")
    for name in stated:
        if name not in members:
            raise TraceError(f"{where}: {name!r} has no place here")

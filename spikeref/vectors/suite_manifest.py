"""suite.json, its plain twin suite.txt, and cases.txt (CONF-6)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from spikeref.errors import VectorError
from spikeref.storage.canonical import canonical_json, parse_json, sha256_hex
from spikeref.storage.json_fields import JsonFields
from spikeref.vectors.case_files import HEX_DIGEST, check_members, lines_json, plain_lines
from spikeref.vectors.manifest import is_case_id
from spikeref.vectors.versions import FORMAT_VERSION, check_versions

SuiteName: TypeAlias = Literal["core", "model", "smoke"]
SUITE_NAMES: tuple[SuiteName, ...] = get_args(SuiteName)

SUITE_FORMAT = "spikeref-suite"
_MEMBERS = frozenset(
    {
        "format", "format_version", "suite", "suite_version", "spec_version", "model_digest",
        "cases", "root_digest",
    }
)  # fmt: skip
_SEMANTIC = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteManifest:
    """What suite.json states."""

    suite: SuiteName
    suite_version: str
    spec_version: str
    model_digest: str | None
    """Digest of the model that the cases are of; None where they are of none."""
    cases: tuple[tuple[str, str], ...]
    """Id and SHA-256 of case.json, in causal order."""

    @property
    def root_digest(self) -> str:
        """SHA-256 of the canonical JSON of `cases`: 64 hexadecimal digits that fix every bit."""
        return sha256_hex(canonical_json(cases_json(self.cases)))


def cases_json(cases: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Return the member `cases`, of which the root digest is made."""
    return [{"id": identity, "sha256": digest} for identity, digest in cases]


def suite_json(manifest: SuiteManifest) -> bytes:
    """Return the content of suite.json, one case a line."""
    return lines_json(
        {
            "format": SUITE_FORMAT,
            "format_version": FORMAT_VERSION,
            "suite": manifest.suite,
            "suite_version": manifest.suite_version,
            "spec_version": manifest.spec_version,
            "model_digest": manifest.model_digest,
            "cases": cases_json(manifest.cases),
            "root_digest": manifest.root_digest,
        }
    )


def suite_text(manifest: SuiteManifest) -> bytes:
    """Return the content of suite.txt: `cases` is their number."""
    return plain_lines(
        [
            ("format", SUITE_FORMAT),
            ("format_version", FORMAT_VERSION),
            ("suite", manifest.suite),
            ("suite_version", manifest.suite_version),
            ("spec_version", manifest.spec_version),
            ("model_digest", manifest.model_digest or ""),
            ("cases", len(manifest.cases)),
            ("root_digest", manifest.root_digest),
        ]
    )


def case_list(ids: Sequence[str]) -> bytes:
    """Return the content of cases.txt, or of the LIST of CONF-7: one id a line."""
    return "".join(f"{identity}\n" for identity in ids).encode("ascii")


def parse_suite(data: bytes, where: str) -> SuiteManifest:
    """Return what a foreign suite.json states.

    VectorError: another format or version, a member missing, unknown or of another type, no case,
    an id twice, or a root digest that is not that of its cases.
    """
    stated = parse_json(data, where, VectorError)
    if not isinstance(stated, dict) or stated.get("format") != SUITE_FORMAT:
        raise VectorError(f"{where}: not a suite in the format {SUITE_FORMAT}")
    check_versions(stated, where)
    check_members(stated, _MEMBERS, where)
    fields = JsonFields(stated, where, VectorError)
    name = next((known for known in SUITE_NAMES if known == stated["suite"]), None)
    if name is None:
        raise VectorError(f"{where}: suite is {stated['suite']!r}; known: {', '.join(SUITE_NAMES)}")
    if not _SEMANTIC.fullmatch(fields.text("suite_version")):
        raise VectorError(f"{where}: suite_version is not three numbers joined by points")
    digest = None if stated["model_digest"] is None else fields.text("model_digest")
    if digest is not None and not HEX_DIGEST.fullmatch(digest):
        raise VectorError(f"{where}: model_digest is not 64 lower-case hexadecimal digits")
    manifest = SuiteManifest(
        suite=name,
        suite_version=fields.text("suite_version"),
        spec_version=fields.text("spec_version"),
        model_digest=digest,
        cases=_cases(fields.get("cases", list), where),
    )
    if manifest.root_digest != fields.text("root_digest"):
        raise VectorError(f"{where}: root_digest is not that of its cases; the suite was edited")
    return manifest


def _cases(listed: list[object], where: str) -> tuple[tuple[str, str], ...]:
    cases: dict[str, str] = {}
    for number, item in enumerate(listed):
        place = f"{where}: cases[{number}]"
        if not isinstance(item, dict):
            raise VectorError(f"{place}: is not an object")
        check_members(item, frozenset({"id", "sha256"}), place)
        fields = JsonFields(item, place, VectorError)
        identity, digest = fields.text("id"), fields.text("sha256")
        if not is_case_id(identity) or not HEX_DIGEST.fullmatch(digest):
            raise VectorError(f"{place}: is not the id of a case and a SHA-256 in hex")
        if identity in cases:
            raise VectorError(f"{place}: {identity} stands there twice")
        cases[identity] = digest
    if not cases:
        raise VectorError(f"{where}: no cases; an empty suite proves nothing")
    return tuple(cases.items())

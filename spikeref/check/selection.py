"""The cases that a device claims: one class, narrowed by parameter values (CONF-8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from spikeref.errors import UsageError
from spikeref.vectors.case import CaseClass
from spikeref.vectors.manifest import CaseManifest
from spikeref.vectors.reader import Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a device claims to conform to."""

    case_class: CaseClass = "full"
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Parameter -> the values, as text, that the claim covers; others are not judged."""


def parse_where(pairs: list[str]) -> dict[str, tuple[str, ...]]:
    """Return NAME=VALUE texts as values by parameter; of one name, any value is covered."""
    where: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise UsageError(f"--where {pair}: give NAME=VALUE, as in bits=4")
        where[name] = (*where.get(name, ()), value)
    return where


def claimed_cases(suite: Suite, claim: Claim) -> tuple[CaseManifest, ...]:
    """Return the cases of a claim in causal order.

    Class `full` has the cases of all classes but `las` and `hg`. A case without a parameter that
    `where` names stays in the claim. UsageError: nothing is left, or no case has a parameter or
    value that is named.
    """
    manifests = [suite.case_manifest(identity) for identity in suite.ids]
    in_class = [m for m in manifests if _of_class(m, claim.case_class)]
    for name, values in claim.where.items():
        known = {str(m.parameters[name]) for m in in_class if name in m.parameters}
        for value in values:
            if value not in known:
                have = f"cases have {', '.join(sorted(known))}" if known else "no case has it"
                raise UsageError(f"--where {name}={value}: {have}; narrow by what the suite tests")
    chosen = [m for m in in_class if _covered(m, claim)]
    if not chosen:
        raise UsageError(f"{suite.path}: no case of class {claim.case_class}; choose another")
    return tuple(chosen)


def _of_class(manifest: CaseManifest, claimed: CaseClass) -> bool:
    if claimed == "full":
        return manifest.case_class not in ("las", "hg")
    return claimed == manifest.case_class


def _covered(manifest: CaseManifest, claim: Claim) -> bool:
    return all(
        name not in manifest.parameters or str(manifest.parameters[name]) in values
        for name, values in claim.where.items()
    )

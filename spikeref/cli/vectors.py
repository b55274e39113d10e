"""`spikeref vectors`: generate, verify and list the conformance suite."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from spikeref.check.report import by_clause
from spikeref.cli.command import Command, Outcome, add_subcommand
from spikeref.cli.shared import integer_list, step_progress
from spikeref.errors import UsageError
from spikeref.storage.atomic import atomic_folder
from spikeref.storage.canonical import sha256_hex
from spikeref.suite.catalogue import core_cases
from spikeref.suite.generate import generate_suite
from spikeref.vectors.case_files import case_json
from spikeref.vectors.clauses import is_clause
from spikeref.vectors.manifest import REQUIREMENT, CaseManifest, manifest_of
from spikeref.vectors.reader import Suite
from spikeref.vectors.suite_manifest import SUITE_NAMES, SuiteManifest
from spikeref.vectors.verify import verify_suite
from spikeref.vectors.writer import suite_of


def _configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="generate|verify|list")
    generate = add_subcommand(
        actions,
        "generate",
        "write a suite, or cases of one's own model",
        "spikeref vectors generate -o core --suite core",
    )
    generate.add_argument("-o", "--output", required=True, metavar="DIR", help="new folder")
    generate.add_argument("--suite", choices=SUITE_NAMES, default="core", help="default core")
    generate.add_argument(
        "--model", metavar="DIR", help="compiled model of the suite model; default: the shipped one"
    )
    generate.add_argument("--layers", metavar="0,5", help="model: layers to make cases of")
    generate.add_argument("--tokens", metavar="1,2,3", help="model: token ids to make cases of")
    generate.add_argument("--npy", action="store_true", help="write .npy files beside the others")
    verify = add_subcommand(
        actions,
        "verify",
        "prove every file of a suite",
        "spikeref vectors verify conformance/core",
    )
    verify.add_argument("suite", metavar="DIR", help="suite folder")
    listing = add_subcommand(
        actions,
        "list",
        "the cases that exercise a clause, and the clauses that a case exercises",
        "spikeref vectors list --requirement ENC-2",
    )
    listing.add_argument(
        "suite", metavar="DIR", nargs="?", help="suite folder; default: the core of this release"
    )
    listing.add_argument("--requirement", metavar="ID", help="only cases that exercise this clause")
    listing.add_argument("--case", metavar="ID", help="only this case")


def _run(arguments: argparse.Namespace) -> Outcome:
    match arguments.action:
        case "generate":
            return _generate(arguments)
        case "verify":
            return _verify(arguments)
        case "list":
            return _list(arguments)
        case _:
            raise UsageError(f"vectors {arguments.action}: unknown; known: generate, verify, list")


def _generate(arguments: argparse.Namespace) -> Outcome:
    of_model = (arguments.model, arguments.layers, arguments.tokens)
    if arguments.suite != "model" and of_model != (None, None, None):
        raise UsageError("--model, --layers and --tokens are for --suite model")
    with atomic_folder(arguments.output) as folder:
        manifest = generate_suite(
            folder,
            arguments.suite,
            model=None if arguments.model is None else Path(arguments.model),
            layers=_integers("--layers", arguments.layers),
            tokens=_integers("--tokens", arguments.tokens),
            npy=arguments.npy,
            making=step_progress("generate", "part"),
            proving=step_progress("verify", "case"),
        )
        return _summary(arguments.output, manifest, _manifests(Suite.open(folder)))


def _verify(arguments: argparse.Namespace) -> Outcome:
    manifest = verify_suite(arguments.suite, step_progress("verify", "case"))
    return _summary(arguments.suite, manifest, _manifests(Suite.open(arguments.suite)))


def _list(arguments: argparse.Namespace) -> Outcome:
    clause, case = arguments.requirement, arguments.case
    if clause is not None and not REQUIREMENT.fullmatch(clause):
        raise UsageError(f"--requirement {clause}: is no clause id, like ENC-2")
    if arguments.suite is None:
        manifest, manifests = _in_memory()
    else:
        suite = Suite.open(arguments.suite)
        manifest, manifests = suite.manifest, _manifests(suite)
    # A suite of a later specification may name clauses that this program does not know.
    named = {requirement for m in manifests for requirement in m.requirements}
    if clause is not None and clause not in named and not is_clause(clause):
        raise UsageError(f"--requirement {clause[:40]}: the specification has no such clause")
    if case is not None and all(m.id != case for m in manifests):
        raise UsageError(f"--case {case}: the suite has no such case")
    chosen = [
        m
        for m in manifests
        if (clause is None or clause in m.requirements) and (case is None or case == m.id)
    ]
    cases = [_case_json(m) for m in chosen]
    lines = [f"{m.id}  {m.operation}  {m.case_class}  {' '.join(m.requirements)}" for m in chosen]
    clauses = by_clause(chosen)
    if clause is not None:
        clauses = {clause: clauses.get(clause, [])}
    return Outcome(
        json={"cases": cases, "root_digest": manifest.root_digest, "requirements": clauses},
        lines=lines or [f"no case exercises {clause}"],
    )


def _in_memory() -> tuple[SuiteManifest, list[CaseManifest]]:
    """Return the core suite of this release, as `generate` would write it."""
    manifests = [manifest_of(case) for case in core_cases()]
    entries = {manifest.id: sha256_hex(case_json(manifest)) for manifest in manifests}
    return suite_of("core", entries), manifests


def _manifests(suite: Suite) -> list[CaseManifest]:
    return [suite.case_manifest(identity) for identity in suite.ids]


def _case_json(manifest: CaseManifest) -> dict[str, Any]:
    return {
        "id": manifest.id,
        "operation": manifest.operation,
        "class": manifest.case_class,
        "mode": manifest.mode,
        "provenance": manifest.provenance,
        "verdict": "exact" if manifest.reject is None else "reject",
        "requirements": list(manifest.requirements),
        "comment": manifest.comment,
    }


def _summary(where: str, manifest: SuiteManifest, cases: Iterable[CaseManifest]) -> Outcome:
    clauses = {name: len(ids) for name, ids in by_clause(list(cases)).items()}
    return Outcome(
        json={
            "cases": len(manifest.cases),
            "root_digest": manifest.root_digest,
            "requirements": clauses,
            "suite": manifest.suite,
            "suite_version": manifest.suite_version,
            "spec_version": manifest.spec_version,
            "model_digest": manifest.model_digest,
        },
        lines=[
            f"{where}: suite {manifest.suite} {manifest.suite_version},"
            f" {len(manifest.cases)} cases, {len(clauses)} clauses",
            f"root digest {manifest.root_digest}",
        ],
    )


def _integers(option: str, text: str | None) -> Sequence[int] | None:
    return None if text is None else integer_list(option, text)


COMMAND = Command(
    name="vectors",
    summary="generate, verify and list the conformance suite",
    example="spikeref vectors verify conformance/core",
    configure=_configure,
    run=_run,
)

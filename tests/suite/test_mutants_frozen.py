"""The kill matrix of core: no survivor, every mutant named, and the frozen files up to date."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from spikeref.check.consistent import consistent_with
from spikeref.check.judge import ACCEPTED, NO_ANSWER, Failure, Judgement, judge
from spikeref.check.kill_matrix import KilledMutant, KillMatrix, shipped_matrix
from spikeref.device import Refusal
from spikeref.device.suite_files import write_outputs, write_refusal
from spikeref.suite.catalogue import core_cases
from spikeref.suite.execute import plain_cases
from spikeref.suite.kill import failures
from spikeref.suite.mutants import EQUIVALENT, MUTANTS
from spikeref.suite.mutants.mutant import planted
from spikeref.suite.plant import Device, load_changed
from spikeref.vectors.case import REJECT_KINDS
from spikeref.vectors.manifest import CaseManifest
from spikeref.vectors.outcome import outcome_digest
from spikeref.vectors.reader import Suite
from spikeref.vectors.writer import write_suite
from tests.cli.command_line import Program
from tools.kill_matrix import core_suite, frozen_files, matrix_of, up_to_date


@dataclass(frozen=True)
class Core:
    suite: Suite
    matrix: KillMatrix
    manifests: Mapping[str, CaseManifest]


@pytest.fixture(scope="module")
def core() -> Iterator[Core]:
    with core_suite() as suite:
        manifests = {identity: suite.case_manifest(identity) for identity in suite.ids}
        yield Core(suite, matrix_of(suite), manifests)


def test_no_mutant_survives(core: Core) -> None:
    assert [mutant.id for mutant in core.matrix.survivors] == []
    assert len(core.matrix.mutants) == len(MUTANTS)


def test_the_frozen_files_are_what_the_command_makes(core: Core) -> None:
    files = frozen_files(core.suite, core.matrix)
    assert [str(path) for path, data in files.items() if not up_to_date(path, data)] == []
    assert shipped_matrix() == core.matrix


def test_every_mutant_is_first_seen_at_its_operator(core: Core) -> None:
    seen = {
        mutant.id: core.manifests[next(iter(mutant.outcomes))].operation
        for mutant in core.matrix.mutants
        if mutant.outcomes
    }
    assert seen == {mutant.id: mutant.operator for mutant in MUTANTS}


def test_check_lists_every_mutant_among_those_that_fit(core: Core) -> None:
    for mutant in core.matrix.mutants:
        suspects = consistent_with(core.matrix, judgement_of(core, mutant))
        assert mutant.id in [suspect.mutant.id for suspect in suspects]
        assert {suspect.likeness for suspect in suspects} == {"outcomes"}


def judgement_of(core: Core, mutant: KilledMutant) -> Judgement:
    """What `check` finds where a device fails as the mutant."""
    failed = [
        Failure(
            case=case,
            kind="differs",
            reason="",
            manifest=core.manifests[case],
            outcome=judged_outcome(core.manifests[case], outcome),
        )
        for case, outcome in mutant.outcomes.items()
    ]
    return Judgement(cases=tuple(core.manifests.values()), failures=tuple(failed))


def judged_outcome(manifest: CaseManifest, outcome: str) -> str:
    """The checker does not read outputs of a case that must be refused: they are all alike."""
    refusals = {outcome_digest(kind) for kind in REJECT_KINDS}
    if manifest.reject is None or outcome in {NO_ANSWER, *refusals}:
        return outcome
    return ACCEPTED


def shortest_of_each_operator() -> list[str]:
    by_operator: dict[str, KilledMutant] = {}
    for mutant in shipped_matrix().mutants:
        best = by_operator.setdefault(mutant.operator, mutant)
        if 0 < len(mutant.outcomes) < len(best.outcomes):
            by_operator[mutant.operator] = mutant
    return [mutant.id for mutant in by_operator.values()]


@pytest.mark.parametrize("identity", shortest_of_each_operator())
def test_check_names_the_operator_of_files_that_a_mutant_wrote(
    core: Core, tmp_path: Path, identity: str
) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.id == identity)
    killed = next(m for m in core.matrix.mutants if m.id == identity)
    device = load_changed(mutant.file, planted(mutant))
    for case in killed.outcomes:
        answer(device, core.suite, case, tmp_path)
    manifests = [core.manifests[case] for case in killed.outcomes]
    found = judge(core.suite, manifests, tmp_path)
    assert [failure.case for failure in found.failures] == list(killed.outcomes)
    first = found.failures[0].manifest
    assert first is not None
    assert first.operation == mutant.operator
    whole = Judgement(cases=tuple(core.manifests.values()), failures=found.failures)
    assert identity in [s.mutant.id for s in consistent_with(core.matrix, whole)]


def answer(device: Device, suite: Suite, case: str, out: Path) -> None:
    """Write what a device makes of a case; nothing where it raises."""
    (plain,) = plain_cases([suite.case(case)])
    try:
        outputs = device.run(plain.operation, plain.parameters, plain.inputs)
        for tensor in outputs.values():
            tensor.to_bytes()
    except device.refusal as refusal:
        write_refusal(out / case, Refusal(refusal.kind, ""))  # type: ignore[attr-defined]
    except Exception:
        return
    else:
        write_outputs(out / case, outputs)


def test_smoke_kills_what_core_kills(core: Core) -> None:
    files = frozen_files(core.suite, core.matrix)
    (listed,) = (data.decode().split() for path, data in files.items() if path.suffix == ".txt")
    assert [case for case in core.suite.ids if case in listed] == listed
    assert all(not mutant.outcomes.keys().isdisjoint(listed) for mutant in core.matrix.mutants)
    classes = {manifest.case_class for manifest in core.manifests.values()}
    assert {core.manifests[case].case_class for case in listed} == classes


def test_equivalent_mutants_fail_no_case(core: Core) -> None:
    plain = plain_cases([core.suite.case(identity) for identity in core.suite.ids])
    for equivalent in EQUIVALENT:
        operator = equivalent.mutant.operator
        own = [case for case in plain if case.operation == operator]
        assert own
        assert list(failures(equivalent.mutant, own)) == []


def test_the_command_fails_where_a_mutant_survives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "suite").mkdir()
    digest = write_suite(tmp_path / "suite", "core", islice(core_cases(), 4))
    called = Program(capsys)("mutants", "--suite", tmp_path / "suite", "--json")
    said = called.json()
    assert called.status == 1
    assert (said["root_digest"], said["mutants"]) == (digest, len(MUTANTS))
    assert said["killed"] + len(said["survivors"]) == len(MUTANTS)
    assert "round-shift-floor" not in said["survivors"]
    assert "greedy-last-tie" in said["survivors"]
    assert said["kills"]["round-shift-floor"] > 0

"""Devices that must not pass, and those that must: what a pass is worth."""

import os
import time
from pathlib import Path

import pytest

from spikeref.check.selection import Claim
from spikeref.errors import UsageError, VectorError
from spikeref.vectors.reader import Suite
from spikeref.vectors.verify import verify_suite
from tests.check.controls import run_control
from tests.vectors.hand_made_suite import ADD, ENCODE, REFUSED, SHIFT, SMALL_CASES, write

ALL = [case.id for case in SMALL_CASES]


@pytest.mark.parametrize("kind", ["right", "right-mem", "right-npy"])
def test_a_right_device_passes(suite: Path, kind: str) -> None:
    done = run_control(kind, suite)
    assert done.passes
    assert (done.judgement.passed, done.judgement.failures) == (4, ())
    assert done.ended.fault is None


@pytest.mark.parametrize(
    ("kind", "failing"),
    [
        ("null", ALL),
        ("echo", ALL),
        ("first-element-only", [SHIFT.id, ENCODE.id, ADD.id]),
        ("last-element-wrong", [ADD.id]),
        ("stale", [REFUSED.id, ENCODE.id, ADD.id]),
        ("peeks", ALL),
        ("dies", [REFUSED.id, ENCODE.id, ADD.id]),
        ("removes-folder", ALL),
        ("in-both-forms", [ADD.id]),
        ("surplus-case", ["bonus"]),
    ],
)
def test_controls_fail_where_they_are_wrong(suite: Path, kind: str, failing: list[str]) -> None:
    done = run_control(kind, suite)
    assert not done.passes
    assert [failure.case for failure in done.judgement.failures] == failing
    assert all("\n" not in failure.reason for failure in done.judgement.failures)


def test_the_last_element_of_the_last_case_is_located(suite: Path) -> None:
    (failure,) = run_control("last-element-wrong", suite).judgement.failures
    found = failure.divergence
    assert found is not None
    assert (found.tensor, found.index, found.coordinates) == ("y", 2, (0, 2))
    # The highest byte of -7 is 255; the control flips its lowest bit.
    assert (found.expected, found.got, found.differing) == (-7, -7 - (1 << 24), 1)
    assert {o.name: (o.index, o.values) for o in found.operands} == {
        "counts": ((0,), (2, -1)),
        "weights": ((), (1, -3, 0, 4, -5, 7)),
    }


def test_what_a_null_device_leaves_out_is_missing(suite: Path) -> None:
    judgement = run_control("null", suite).judgement
    assert (judgement.passed, judgement.missing) == (0, 4)
    assert {failure.kind for failure in judgement.failures} == {"missing"}


def test_a_device_sees_no_outputs(suite: Path) -> None:
    done = run_control("peeks", suite)
    assert done.ended.tail == "found []"


def test_a_device_cannot_reach_the_suite(tmp_path: Path) -> None:
    folder = write(tmp_path / "suite")
    assert run_control("spoils", folder).passes
    verify_suite(folder)


def gone(pid: int) -> bool:
    """Return whether a process has ended, waiting a while for it; an unreaped one has."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(os.name != "posix", reason="looks at processes as Linux shows them")
@pytest.mark.parametrize(("kind", "passes"), [("hangs", False), ("leaves-child", True)])
def test_nothing_of_a_device_outlives_its_run(tmp_path: Path, kind: str, passes: bool) -> None:
    folder = write(tmp_path / "suite")
    done = run_control(kind, folder, timeout=5 if kind == "hangs" else 60)
    assert done.passes is passes
    assert gone(int((tmp_path / "child.pid").read_text()))


def test_a_device_that_hangs_fails_with_its_last_words(tmp_path: Path) -> None:
    done = run_control("hangs", write(tmp_path / "suite"), timeout=5)
    assert done.ended.fault == "the device did not end within 5 s and was killed"
    assert done.ended.tail == "waiting for the queue"
    # Its answers were right; the run is not.
    assert done.judgement.passed == 4


def test_another_status_than_0_fails(suite: Path) -> None:
    done = run_control("complains", suite)
    assert not done.passes
    assert done.judgement.failures == ()
    assert done.ended.fault == "the device ended with status 3"
    assert done.ended.tail.endswith("assertion ?[31mfailed? in lane 3")
    assert len(done.ended.tail) <= 2000


def test_a_device_that_a_signal_ends_fails(suite: Path) -> None:
    assert run_control("dies", suite).ended.fault == "the device was ended by signal 9"


def test_output_is_kept_where_asked(suite: Path, tmp_path: Path) -> None:
    run_control("stale", suite, output=tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(ALL)


def test_a_command_that_does_not_start_is_bad_usage(suite: Path, tmp_path: Path) -> None:
    from spikeref.check.conform import conform

    for command in (str(tmp_path / "absent"), str(suite / "suite.json"), str(tmp_path)):
        with pytest.raises(UsageError, match="cannot be started"):
            conform(Suite.open(suite), Claim(), [command], timeout=5, output=tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_edited_inputs_are_refused_before_the_device_runs(tmp_path: Path) -> None:
    folder = write(tmp_path / "suite")
    (folder / "cases" / SHIFT.id / "in" / "x.bin").write_bytes(bytes(24))
    with pytest.raises(VectorError, match="edited"):
        run_control("right", folder)


def test_edited_expectations_do_not_pass(tmp_path: Path) -> None:
    """The device copies the edited output, which is not the one that the digest is of."""
    folder = write(tmp_path / "suite")
    path = folder / "cases" / SHIFT.id / "out" / "y.bin"
    path.write_bytes(bytes(24))
    with pytest.raises(VectorError, match="edited"):
        run_control("right", folder)

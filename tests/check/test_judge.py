"""What a device can write wrongly in one case: each a failure, none a crash, none a pass."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spikeref.check.divergence import RecordPlace
from spikeref.check.judge import ACCEPTED, NO_ANSWER, Failure, Judgement, judge
from spikeref.check.report import judgement_lines
from spikeref.errors import UsageError, VectorError
from spikeref.vectors.case import Case
from spikeref.vectors.outcome import outcome_digest
from spikeref.vectors.reader import Suite
from tests.vectors.hand_made_suite import ENCODE, REFUSED, SHIFT, write


def answer(path: Path, case: Case) -> None:
    """Write the right answer to a case."""
    folder = path / case.id
    folder.mkdir(parents=True)
    if case.reject is not None:
        (folder / "reject.txt").write_text(f"{case.reject}\n")
    for name, array in (case.outputs or {}).items():
        (folder / f"{name}.bin").write_bytes(array.tobytes())


def failures_of(suite: Path, case: Case, path: Path) -> tuple[Failure, ...]:
    opened = Suite.open(suite)
    return judge(opened, [opened.case_manifest(case.id)], path).failures


def write_mem(folder: Path, text: str) -> None:
    (folder / "y.bin").unlink()
    (folder / "y.mem").write_text(text)


def write_npy(folder: Path, values: object) -> None:
    (folder / "y.bin").unlink()
    np.save(folder / "y.npy", values)  # type: ignore[arg-type]


def replace_by_folder(folder: Path) -> None:
    (folder / "y.bin").unlink()
    (folder / "y.bin").mkdir()


def replace_by_pipe(folder: Path) -> None:
    (folder / "y.bin").unlink()
    os.mkfifo(folder / "y.bin")


def replace_by_link(folder: Path) -> None:
    (folder / "y.bin").rename(folder.parent.parent / "y.bin")
    (folder / "y.bin").symlink_to(folder.parent.parent / "y.bin")


def replace_case_by_link(folder: Path) -> None:
    folder.rename(folder.parent.parent / "elsewhere")
    folder.symlink_to(folder.parent.parent / "elsewhere")


def replace_case_by_file(folder: Path) -> None:
    (folder / "y.bin").unlink()
    folder.rmdir()
    folder.write_bytes(b"")


def replace_case_by_loop(folder: Path) -> None:
    (folder / "y.bin").unlink()
    folder.rmdir()
    folder.symlink_to(folder)


MALFORMED: list[tuple[Callable[[Path], object], str]] = [
    (lambda folder: (folder / "y.bin").unlink(), "is empty"),
    (lambda folder: (folder / "y.bin").write_bytes(bytes(23)), "23 bytes"),
    (lambda folder: (folder / "y.bin").write_bytes(bytes(25)), "25 bytes"),
    (lambda folder: (folder / "y.bin").write_bytes(b""), "0 bytes"),
    (lambda folder: (folder / "z.bin").write_bytes(b""), "no such output"),
    (lambda folder: (folder / ".y.bin.swp").write_bytes(b""), "no such output"),
    (lambda folder: (folder / "sub").mkdir(), "no such output"),
    (lambda folder: (folder / "y.bin").rename(folder / "Y.bin"), "no such output"),
    (lambda folder: (folder / "reject.txt").write_text("range\n"), "write one answer"),
    (lambda folder: write_mem(folder, "xxxxxxxxxxxxxxxx\n" * 3), "line 1"),
    (lambda folder: write_mem(folder, "2\n2\n-2\n"), "line 1"),
    (lambda folder: write_npy(folder, np.array([2.0, 2.0, -2.0])), "'<f8'"),
    (lambda folder: write_npy(folder, np.array([np.nan] * 3)), "'<f8'"),
    (lambda folder: write_npy(folder, np.array([2, 2, -2], dtype=np.int32)), "'<i4'"),
    (lambda folder: write_npy(folder, np.array([[2, 2, -2]])), "shape"),
    (lambda folder: (folder / "y.npy").write_bytes(b"\x93NUMPY\x02\0\xff\xff\xff\xff"), "header"),
    (replace_by_folder, "is not a file"),
    (replace_by_pipe, "is not a file"),
    (replace_by_link, "leads out"),
    (replace_case_by_link, "leads out"),
    (replace_case_by_file, "not a readable folder"),
    (replace_case_by_loop, "not a readable folder"),
]


@pytest.mark.parametrize(("spoil", "words"), MALFORMED)
def test_a_malformed_answer_fails(
    suite: Path, tmp_path: Path, spoil: Callable[[Path], object], words: str
) -> None:
    out = tmp_path / "out"
    answer(out, SHIFT)
    assert failures_of(suite, SHIFT, out) == ()
    spoil(out / SHIFT.id)
    (failure,) = failures_of(suite, SHIFT, out)
    assert (failure.kind, failure.outcome) == ("malformed", NO_ANSWER)
    assert words in failure.reason
    assert "\n" not in failure.reason
    # The reason is the same wherever the device's folder lies.
    assert str(tmp_path / "out") + "/" not in failure.reason


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Range\n", "'Range"), ("", "one of parameter"), ("range\n\n", "one of"),
        ("range\r\n", "one of"), ("parameter range\n", "one of"), ("x" * 100, "100 bytes"),
        ("réange", "one of"),
    ],
)  # fmt: skip
def test_a_malformed_refusal_fails(suite: Path, tmp_path: Path, text: str, words: str) -> None:
    answer(tmp_path, REFUSED)
    assert failures_of(suite, REFUSED, tmp_path) == ()
    (tmp_path / REFUSED.id / "reject.txt").write_text(text, encoding="utf-8", newline="")
    (failure,) = failures_of(suite, REFUSED, tmp_path)
    assert failure.kind == "malformed"
    assert words in failure.reason


def test_a_refusal_without_line_feed_is_one(suite: Path, tmp_path: Path) -> None:
    answer(tmp_path, REFUSED)
    (tmp_path / REFUSED.id / "reject.txt").write_text("range")
    assert failures_of(suite, REFUSED, tmp_path) == ()


def test_a_link_within_the_folder_is_a_file(suite: Path, tmp_path: Path) -> None:
    answer(tmp_path, SHIFT)
    folder = tmp_path / SHIFT.id
    (folder / "y.bin").rename(tmp_path / "shared")
    (folder / "y.bin").symlink_to("../shared")
    (failure,) = failures_of(suite, SHIFT, tmp_path)
    assert (failure.case, failure.kind) == ("shared", "surplus")


def test_refusals_and_answers_in_each_others_place_fail(suite: Path, tmp_path: Path) -> None:
    refuses, answers, other = (tmp_path / name for name in ("refuses", "answers", "other"))
    (refuses / SHIFT.id).mkdir(parents=True)
    (refuses / SHIFT.id / "reject.txt").write_text("range\n")
    (failure,) = failures_of(suite, SHIFT, refuses)
    assert (failure.kind, failure.expected, failure.got) == ("refusal", "outputs", "reject:range")
    assert failure.outcome == outcome_digest("range")
    (answers / REFUSED.id).mkdir(parents=True)
    (answers / REFUSED.id / "y.bin").write_bytes(bytes(8))
    (failure,) = failures_of(suite, REFUSED, answers)
    assert (failure.kind, failure.expected, failure.got) == ("refusal", "reject:range", "outputs")
    assert failure.outcome == ACCEPTED
    (other / REFUSED.id).mkdir(parents=True)
    (other / REFUSED.id / "reject.txt").write_text("token\n")
    (failure,) = failures_of(suite, REFUSED, other)
    assert (failure.expected, failure.got) == ("reject:range", "reject:token")


def test_the_first_tensor_of_the_manifest_that_differs_is_named(
    suite: Path, tmp_path: Path
) -> None:
    answer(tmp_path, ENCODE)
    counts = np.array([[7, -4, 1], [7, 1, -7]], dtype=np.int16)
    (tmp_path / ENCODE.id / "counts.bin").write_bytes(counts.tobytes())
    (failure,) = failures_of(suite, ENCODE, tmp_path)
    found = failure.divergence
    assert found is not None
    assert (found.tensor, found.index, found.coordinates) == ("counts", 4, (1, 1))
    assert (found.expected, found.got, found.step) == (0, 1, 1)
    assert [(o.name, o.index, o.values) for o in found.operands] == [("v", (1, 1), (0,))]
    assert ENCODE.outputs is not None
    assert failure.outcome == outcome_digest({**ENCODE.outputs, "counts": counts})
    (tmp_path / ENCODE.id / "range.bin").write_bytes(np.array([70, 8]).tobytes())
    (failure,) = failures_of(suite, ENCODE, tmp_path)
    assert failure.divergence is not None
    assert (failure.divergence.tensor, failure.divergence.coordinates) == ("range", (1,))


def test_digests_of_records_come_before_logits(tmp_path: Path) -> None:
    """One token through one layer: the embedding, 17 ops, the head; attention has code 8."""
    decode = Case(
        id="decode-one",
        operation="decode",
        case_class="full",
        mode="free-running",
        provenance="random",
        requirements=("TRACE-4",),
        comment="a wrong mixing of values",
        parameters={"layers": 1},
        inputs={"tokens": np.array([5])},
        outputs={
            "logits": np.zeros((1, 4), dtype=np.int32),
            "record_digests": np.zeros((19, 32), dtype=np.uint8),
        },
    )
    folder = write(tmp_path / "suite", [decode])
    out = tmp_path / "out"
    answer(out, decode)
    (out / decode.id / "logits.bin").write_bytes(b"\1" * 16)
    (failure,) = failures_of(folder, decode, out)
    assert failure.tensor == "logits"
    digests = np.zeros((19, 32), dtype=np.uint8)
    digests[8:, :] = 1
    (out / decode.id / "record_digests.bin").write_bytes(digests.tobytes())
    (failure,) = failures_of(folder, decode, out)
    assert failure.divergence is not None
    assert failure.divergence.record == RecordPlace(token=0, layer=0, op="attention")


def test_counts_of_las_are_read_by_its_form(tmp_path: Path) -> None:
    """Its trains are binary: 300 and 301 differ at the last of 16 time steps."""
    encode = Case(
        id="oat-one",
        operation="oat_encode",
        case_class="las",
        mode="teacher-forced",
        provenance="random",
        requirements=("NEUR-3",),
        comment="a wrong count",
        parameters={"steps": 16, "levels": 1},
        inputs={"x": np.array([[5]])},
        outputs={"counts": np.array([[300]], dtype=np.int32)},
    )
    folder, out = write(tmp_path / "suite", [encode]), tmp_path / "out"
    answer(out, encode)
    (out / encode.id / "counts.bin").write_bytes(np.array([[301]], dtype="<i4").tobytes())
    (failure,) = failures_of(folder, encode, out)
    assert failure.divergence is not None
    assert failure.divergence.step == 16
    judgement = Judgement(cases=(), failures=(failure,))
    assert any("from time step 16" in line for line in judgement_lines(judgement, []))


def test_nothing_to_judge_is_bad_usage(suite: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="proves nothing"):
        judge(Suite.open(suite), [], tmp_path)


def test_damaged_expectations_are_not_a_failure_of_the_device(tmp_path: Path) -> None:
    folder = write(tmp_path / "suite")
    answer(tmp_path / "out", SHIFT)
    (tmp_path / "out" / SHIFT.id / "y.bin").write_bytes(bytes(24))
    (folder / "cases" / SHIFT.id / "out" / "y.bin").write_bytes(bytes(24))
    with pytest.raises(VectorError, match="edited"):
        failures_of(folder, SHIFT, tmp_path / "out")

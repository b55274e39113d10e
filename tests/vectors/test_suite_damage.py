"""Damage to a suite is refused with one line that names the file (CONF-2 to CONF-6, CONF-11)."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spikeref.errors import SpikerefError, VectorError
from spikeref.vectors.reader import Suite
from spikeref.vectors.verify import verify_suite
from tests.vectors.hand_made_suite import edit_case, write


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """The small suite with .npy files."""
    return write(tmp_path / "suite", npy=True)


def refusal(folder: Path) -> str:
    with pytest.raises(VectorError) as caught:
        verify_suite(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_flipped_bit_in_any_file_is_found(suite: Path) -> None:
    for path in files(suite):
        data = path.read_bytes()
        for at in {0, len(data) // 2, len(data) - 1}:
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            refusal(suite)
        path.write_bytes(data)
    verify_suite(suite)


def test_a_missing_file_is_found_but_for_npy(suite: Path) -> None:
    for path in files(suite):
        data = path.read_bytes()
        path.unlink()
        if path.suffix == ".npy":
            verify_suite(suite)
        else:
            refusal(suite)
        path.write_bytes(data)


@pytest.mark.parametrize(
    "name",
    ["notes.txt", "cases/other/case.json", "cases/shift-ties/in/z.bin", "cases/shift-too-wide/out"],
)
def test_a_surplus_file_is_found(suite: Path, name: str) -> None:
    path = suite / name
    if "." in path.name:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    else:
        path.mkdir()
    assert "no place" in refusal(suite)


def test_a_link_is_found(suite: Path) -> None:
    path = suite / "cases" / "shift-ties" / "in" / "x.npy"
    path.rename(suite.parent / "x.npy")
    path.symlink_to(suite.parent / "x.npy")
    assert "link" in refusal(suite)


def test_a_link_to_a_folder_is_found(suite: Path) -> None:
    path = suite / "cases" / "shift-ties" / "in"
    path.rename(suite.parent / "in")
    path.symlink_to(suite.parent / "in")
    assert "link" in refusal(suite)


def set_member(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda stated: stated.__setitem__(name, value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (set_member("format", "other"), "format"),
        (set_member("format_version", 2), "format_version"),
        (set_member("format_version", True), "format_version"),
        (set_member("spec_version", "2.0"), "specification '2.0'"),
        (set_member("spec_version", 1), "specification 1"),
        (set_member("extra", 1), "'extra'"),
        (lambda stated: stated.pop("beside"), "beside is missing"),
        (set_member("id", "other"), "states the id other"),
        (set_member("class", "fast"), "class is 'fast'"),
        (set_member("reject", "shape"), "reject is 'shape'"),
        (set_member("verdict", "exact"), "contradicts"),
        (set_member("beside", "encode-b4"), "beside"),
        (set_member("beside", "nowhere"), "beside"),
        (set_member("requirements", [2]), "requirements"),
        (set_member("parameters", {"bits": 4.5}), "parameter bits"),
        (set_member("inputs", [1]), "is not an object"),
        (set_member("inputs", [{"name": "x"}]), "missing"),
        (
            set_member("inputs", [{"name": "x", "type": "i8", "shape": [-1], "sha256": "0" * 64}]),
            "negative",
        ),
        (
            set_member("inputs", [{"name": "x", "type": "f8", "shape": [1], "sha256": "0" * 64}]),
            "'f8'",
        ),
        (
            set_member("inputs", [{"name": "x", "type": "i8", "shape": [1], "sha256": "0"}]),
            "sha256",
        ),
    ],
)
def test_a_resealed_case_that_breaks_the_clause_is_refused(
    suite: Path, change: Callable[[dict[str, Any]], object], words: str
) -> None:
    edit_case(suite, "shift-too-wide", change)
    assert words in refusal(suite)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (set_member("format", None), "format"),
        (set_member("spec_version", "2.0"), "specification"),
        (set_member("suite", "big"), "'big'"),
        (set_member("suite_version", "1.0"), "suite_version"),
        (set_member("model_digest", "0"), "model_digest"),
        (set_member("cases", []), "no cases"),
        (set_member("cases", [{}]), "missing"),
        (set_member("root_digest", "0" * 64), "root_digest"),
        (lambda stated: stated["cases"].append(stated["cases"][0]), "twice"),
        (lambda stated: stated["cases"].pop(), "root_digest"),
        (lambda stated: stated["cases"][0].__setitem__("id", "../../etc"), "is not the id"),
    ],
)
def test_a_suite_json_that_breaks_the_clause_is_refused(
    suite: Path, change: Callable[[dict[str, Any]], object], words: str
) -> None:
    path = suite / "suite.json"
    stated = json.loads(path.read_bytes())
    change(stated)
    path.write_text(json.dumps(stated))
    assert words in refusal(suite)


def test_no_folder_and_no_suite_are_refused(tmp_path: Path) -> None:
    for path, words in [(tmp_path / "absent", "no such folder"), (tmp_path, "cannot be read")]:
        with pytest.raises(VectorError, match=words):
            Suite.open(path)


def test_edited_outputs_are_refused_by_the_reader(suite: Path) -> None:
    path = suite / "cases" / "shift-ties" / "out" / "y.bin"
    path.write_bytes(bytes(24))
    with pytest.raises(VectorError, match="edited"):
        Suite.open(suite).case("shift-ties")


def test_a_model_that_the_suite_does_not_state_is_refused(suite: Path) -> None:
    (suite / "model").mkdir()
    assert "model_digest" in refusal(suite)


def test_the_model_of_a_suite_is_proven(tmp_path: Path, tiny_model: Any) -> None:
    folder = write(tmp_path / "suite", model_digest=tiny_model.digest)
    shutil.copytree(tiny_model.folder, folder / "model")
    verify_suite(folder)
    config = folder / "model" / "config.json"
    config.write_text(config.read_text().replace("half-even", "half-up"))
    with pytest.raises(SpikerefError):
        verify_suite(folder)


def test_the_model_of_another_suite_is_refused(tmp_path: Path, tiny_model: Any) -> None:
    folder = write(tmp_path / "suite", model_digest="0" * 64)
    shutil.copytree(tiny_model.folder, folder / "model")
    assert "model_digest" in refusal(folder)

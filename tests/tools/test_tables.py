"""The pages with tables: what is regenerated, and that no profile and no piece is missing."""

from pathlib import Path

import pytest

from spikeref.evaluate.function_errors import piece_rows
from spikeref.model.las_profile import Functions
from spikeref.model.profile import PROFILES
from tools.tables import __main__ as tables
from tools.tables.hg_errors import error_text, published, range_text
from tools.tables.page import BEGIN, END, with_table

BEFORE, AFTER = "# Head\n\ntext\n\n", "\n\n- tail\n"
OLD = f"{BEFORE}{BEGIN}\n| old |\n| rows |\n{END}{AFTER}"
NEW = f"{BEFORE}{BEGIN}\n| a |\n| b |\n{END}{AFTER}"


PAGES = ("accuracy.md", "energy.md", "hg-errors.md")


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in PAGES:
        (tmp_path / name).write_text(OLD, encoding="utf-8")
    monkeypatch.setattr(tables, "DOCS", tmp_path)
    monkeypatch.setattr(tables, "accuracy_table", lambda: ["| a |", "| b |"])
    monkeypatch.setattr(tables, "hg_error_table", lambda: ["| a |", "| b |"])
    monkeypatch.setattr(tables, "energy_table", lambda: ["| a |", "| b |"])
    return tmp_path


def test_only_what_is_between_the_marks_is_replaced() -> None:
    assert with_table(OLD, ["| a |", "| b |"]) == NEW


def test_an_empty_table_is_filled() -> None:
    empty = f"{BEFORE}{BEGIN}\n{END}{AFTER}"
    assert with_table(empty, ["| a |", "| b |"]) == NEW


def test_replacing_again_changes_nothing() -> None:
    assert with_table(NEW, ["| a |", "| b |"]) == NEW


def test_the_pages_are_written(pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["tables"])
    assert tables.main() == 0
    for name in PAGES:
        assert (pages / name).read_text(encoding="utf-8") == NEW


def test_one_page_alone(pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["tables", "--page", "energy"])
    assert tables.main() == 0
    for name in PAGES:
        expected = NEW if name == "energy.md" else OLD
        assert (pages / name).read_text(encoding="utf-8") == expected


@pytest.mark.parametrize("stale", PAGES)
def test_a_check_writes_nothing_and_says_what_to_run(
    pages: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stale: str
) -> None:
    monkeypatch.setattr("sys.argv", ["tables", "--check"])
    for name in PAGES:
        (pages / name).write_text(OLD if name == stale else NEW, encoding="utf-8")
    assert tables.main() == 1
    assert (pages / stale).read_text(encoding="utf-8") == OLD
    assert capsys.readouterr().out == f"{pages / stale}: run python -m tools.tables\n"
    (pages / stale).write_text(NEW, encoding="utf-8")
    assert tables.main() == 0
    assert capsys.readouterr().out == "up to date\n"


def test_the_page_has_a_row_for_every_profile() -> None:
    text = (tables.DOCS / "accuracy.md").read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    table = text.split(BEGIN)[1].split(END)[0].strip().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert {len(row) for row in rows} == {10}
    names = [row[0].removesuffix(" (float64, rounded operands)") for row in rows[2:]]
    assert names == ["float64", *tables.CONTENDERS]
    compiled = rows[3 : 3 + len(PROFILES)]
    for (name, bits, steps, *_), profile in zip(compiled, PROFILES.values(), strict=True):
        expected = f"{profile.weight_bits}/{profile.act_bits}/{profile.kv_bits}"
        assert (bits, steps) == (expected, str(profile.encoder().train_length)), name


def test_the_page_of_energies_is_up_to_date() -> None:
    text = (tables.DOCS / "energy.md").read_text(encoding="utf-8")
    assert with_table(text, tables.energy_table()) == text


def test_ratios_are_over_the_row_of_float64() -> None:
    lines = (tables.DOCS / "accuracy.md").read_text(encoding="utf-8").splitlines()
    cells = [line.split("|") for line in lines if line.startswith("| ")][1:]
    baseline = float(cells[0][5])
    for row in cells:
        assert abs(float(row[5]) / baseline - float(row[6])) < 2e-4 * float(row[6])


def test_the_page_of_errors_has_a_row_for_every_piece() -> None:
    """Its figures at 16 steps are those that `spikeref functions` prints."""
    text = (tables.DOCS / "hg-errors.md").read_text(encoding="utf-8")
    lines = text.split(BEGIN)[1].split(END)[0].strip().splitlines()
    found = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines[2:]]
    standard, fitted = (list(piece_rows(functions, 16)) for functions in Functions)
    assert {len(row) for row in found} == {9}
    for row, exact, spiking in zip(found, standard, fitted, strict=True):
        assert row[:4] == [exact.function, range_text(exact), f"2^{exact.unit}", exact.kind]
        assert row[4] == error_text(exact)
        assert row[7] == (error_text(spiking) if spiking.kind == "fitted" else "")
        assert row[8] == published(exact)

"""The pages with tables: what is regenerated, and that no row is missing."""

from pathlib import Path

import pytest

from spikeref.model.profile import PROFILES
from tools.tables import __main__ as tables

BEFORE, AFTER = "# Head\n\ntext\n\n", "\n\n- tail\n"
OLD = f"{BEFORE}{tables.BEGIN}\n| old |\n| rows |\n{tables.END}{AFTER}"
NEW = f"{BEFORE}{tables.BEGIN}\n| a |\n| b |\n{tables.END}{AFTER}"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "accuracy.md"
    path.write_text(OLD, encoding="utf-8")
    monkeypatch.setattr(tables, "PAGE", path)
    monkeypatch.setattr(tables, "accuracy_table", lambda: ["| a |", "| b |"])
    other = tmp_path / "energy.md"
    other.write_text(OLD, encoding="utf-8")
    monkeypatch.setattr(tables, "ENERGY_PAGE", other)
    monkeypatch.setattr(tables, "energy_table", lambda: ["| a |", "| b |"])
    return path


def test_only_what_is_between_the_marks_is_replaced() -> None:
    assert tables.with_table(OLD, ["| a |", "| b |"]) == NEW


def test_an_empty_table_is_filled() -> None:
    empty = f"{BEFORE}{tables.BEGIN}\n{tables.END}{AFTER}"
    assert tables.with_table(empty, ["| a |", "| b |"]) == NEW


def test_replacing_again_changes_nothing() -> None:
    assert tables.with_table(NEW, ["| a |", "| b |"]) == NEW


def test_the_page_is_written(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["tables"])
    assert tables.main() == 0
    assert page.read_text(encoding="utf-8") == NEW
    assert page.with_name("energy.md").read_text(encoding="utf-8") == NEW


def test_one_page_alone(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["tables", "--page", "energy"])
    assert tables.main() == 0
    assert page.read_text(encoding="utf-8") == OLD
    assert page.with_name("energy.md").read_text(encoding="utf-8") == NEW


def test_a_check_writes_nothing_and_says_what_to_run(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["tables", "--check"])
    assert tables.main() == 1
    assert page.read_text(encoding="utf-8") == OLD
    assert capsys.readouterr().out.count("run python -m tools.tables") == 2
    for one in (page, page.with_name("energy.md")):
        one.write_text(NEW, encoding="utf-8")
    assert tables.main() == 0
    assert capsys.readouterr().out == "up to date\n"


def test_the_page_has_a_row_for_every_profile() -> None:
    text = tables.PAGE.read_text(encoding="utf-8")
    assert text.count(tables.BEGIN) == text.count(tables.END) == 1
    table = text.split(tables.BEGIN)[1].split(tables.END)[0].strip().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert {len(row) for row in rows} == {7}
    assert [row[0] for row in rows[2:]] == ["float64", *PROFILES]
    for (name, bits, steps, *_), profile in zip(rows[3:], PROFILES.values(), strict=True):
        expected = f"{profile.weight_bits}/{profile.act_bits}/{profile.kv_bits}"
        assert (bits, steps) == (expected, str(profile.encoder().train_length)), name


def test_the_page_of_energies_is_up_to_date() -> None:
    text = tables.ENERGY_PAGE.read_text(encoding="utf-8")
    assert tables.with_table(text, tables.energy_table()) == text


def test_ratios_are_over_the_row_of_float64() -> None:
    lines = tables.PAGE.read_text(encoding="utf-8").splitlines()
    cells = [line.split("|") for line in lines if line.startswith("| ")][1:]
    baseline = float(cells[0][5])
    for row in cells:
        assert abs(float(row[5]) / baseline - float(row[6])) < 2e-4

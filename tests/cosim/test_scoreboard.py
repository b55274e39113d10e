"""The scoreboard helper without a simulator; tests/hdl drives it with two."""

import subprocess
import sys

import pytest

from spikeref.cosim.scoreboard import BenchError, Scoreboard, Stalls


def test_equal_beats_are_counted() -> None:
    board = Scoreboard()
    board.expect("a", [{"x": 1}, {"x": 2}], "case")
    board.expect("b", [{"y": 3}])
    board.receive("b", {"y": 3})
    board.receive("a", {"x": 1, "more": 9})
    assert board.pending == {"a": 1}
    board.receive("a", {"x": 2})
    assert board.finish() == 3
    assert board.compared == {"a": 2, "b": 1}


def test_a_difference_names_stream_beat_case_and_signal() -> None:
    board = Scoreboard()
    board.expect("count", [{"x": 1, "last": 0}, {"x": 2, "last": 1}], "encode-7")
    board.receive("count", {"x": 1, "last": 0})
    words = "count: beat 1 of encode-7 differs: last expected 1, got 0"
    with pytest.raises(BenchError, match=words):
        board.receive("count", {"x": 2, "last": 0})


def test_an_absent_signal_differs() -> None:
    board = Scoreboard()
    board.expect("a", [{"x": 0}])
    with pytest.raises(BenchError, match="got None"):
        board.receive("a", {})


def test_a_beat_too_many_is_refused() -> None:
    with pytest.raises(BenchError, match="none was expected"):
        Scoreboard().receive("a", {"x": 1})


def test_a_missing_beat_is_refused() -> None:
    board = Scoreboard()
    board.expect("a", [{"x": 1}], "the case")
    with pytest.raises(BenchError, match="1 beats missing, the first of 'the case'"):
        board.finish()


def test_nothing_compared_is_no_pass() -> None:
    with pytest.raises(BenchError, match="nothing was compared"):
        Scoreboard().finish()


def test_what_a_reset_abandoned_is_not_missing() -> None:
    board = Scoreboard()
    board.expect("a", [{"x": 1}, {"x": 2}])
    board.receive("a", {"x": 1})
    board.forget()
    assert board.finish() == 1


def test_a_bench_error_fails_an_assertion_too() -> None:
    assert issubclass(BenchError, AssertionError)


def test_stalls_repeat_by_seed() -> None:
    draws = [[Stalls(seed).pauses() for _ in range(1)] for seed in range(64)]
    assert draws == [[Stalls(seed).pauses() for _ in range(1)] for seed in range(64)]
    first, second, other = Stalls(1), Stalls(1), Stalls(2)
    series = [[one.pauses() for _ in range(200)] for one in (first, second, other)]
    assert series[0] == series[1] != series[2]


@pytest.mark.parametrize(
    ("percent", "low", "high"), [(0, 0, 0), (50, 800, 1200), (100, 2000, 2000)]
)
def test_stalls_pause_as_often_as_asked(percent: int, low: int, high: int) -> None:
    stalls = Stalls(5, percent)
    assert low <= sum(stalls.pauses() for _ in range(2000)) <= high


def test_importing_the_helper_imports_no_cocotb() -> None:
    code = (
        "import sys; sys.modules['cocotb'] = None; sys.modules['vcd'] = None\n"
        "import spikeref, spikeref.cosim.scoreboard, spikeref.cosim.vcd, spikeref.cli.program"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

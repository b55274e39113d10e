"""`spikeref compare`: every kind of row, and taking up what was finished."""

from pathlib import Path

import pytest

from spikeref.evaluate import compare as compare_module
from spikeref.evaluate import scoring
from spikeref.model.groups import GROUPS
from tests.cli.command_line import Program
from tests.cli.test_eval_command import stop_at
from tools.synthetic_checkpoint import write_checkpoint

NAMES = [
    "sdllm-w4a4kv4", "las", "spikellm-w4a4kv4", "sdllm-w4a4kv4@qkv", "sdllm-binary-w4a4kv4@all",
    "sdllm-w4a4kv4@clip0.5",
]  # fmt: skip


def test_every_kind_of_row(spikeref: Program, checkpoint: Path, token_file: Path) -> None:
    arguments = ["compare", checkpoint, "--tokens-file", token_file, "--profiles", ",".join(NAMES)]
    called = spikeref(*arguments, "--json")
    assert (called.status, called.err) == (0, "")
    got = called.json()
    assert got["calibration"] == "the tokens that are scored"
    rows = {row["profile"]: row for row in got["rows"]}
    assert list(rows) == ["float64", *NAMES]
    kinds = [row["kind"] for row in rows.values()]
    assert kinds == ["float64", "integer", "integer", *["fake-quantised"] * 3, "integer"]
    for row in rows.values():
        assert row["ratio"] == pytest.approx(row["perplexity"] / rows["float64"]["perplexity"])
    for name in ("sdllm-w4a4kv4", "las", "sdllm-w4a4kv4@clip0.5"):
        row = rows[name]
        assert row["firing_rates"].keys() == {*GROUPS, "kv"}
        assert min(row["firing_rates"].values()) < row["firing_rate"] < 1
        assert row["macs"] == rows["float64"]["macs"] == rows["float64"]["flops"]
        assert min(row["flops"], row["energy_ideal_j"], row["energy_j"]) > 0
    spiking = rows["sdllm-w4a4kv4"]
    assert spiking["flops"] == pytest.approx(
        spiking["firing_rate"] * 8 * spiking["macs"] * 4 * 2 / 128
    )
    assert spiking["energy_ideal_j"] == pytest.approx(0.9e-12 * spiking["flops"])
    assert spiking["energy_mac_j"] == pytest.approx(4.6e-12 * spiking["macs"] / 8)
    assert rows["spikellm-w4a4kv4"]["energy_mac_j"] == pytest.approx(1.1 * spiking["energy_mac_j"])
    clipped = rows["sdllm-w4a4kv4@clip0.5"]["firing_rates"]
    assert clipped["qkv"] < spiking["firing_rates"]["qkv"]
    shown = spikeref(*arguments).out
    assert "| spikellm-w4a4kv4 (float64, rounded operands) | 4/4/4 |" in shown
    assert shown.endswith("calibrated on the tokens that are scored\n")


def test_calibration_tokens_of_their_own(
    spikeref: Program, checkpoint: Path, token_file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    other.write_text("[[9, 200, 31, 7, 99, 250, 3]]")
    arguments = ["compare", checkpoint, "--tokens-file", token_file, "--json", "--profiles"]
    plain = spikeref(*arguments, "spikellm-w4a4kv4").json()
    own = spikeref(*arguments, "spikellm-w4a4kv4", "--calibration-file", other).json()
    assert own["calibration"] == str(other)
    assert own["rows"][1]["perplexity"] != plain["rows"][1]["perplexity"]
    assert spikeref(*arguments, "rtn-w4a4kv4").json()["calibration"] is None


def test_a_window(spikeref: Program, checkpoint: Path, model: Path, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    tokens.write_text(str([list(range(20))]))
    options = ("--window", "8", "--stride", "4", "--json")
    rows = spikeref(
        "compare", checkpoint, "--tokens-file", tokens, "--profiles", "sdllm-w4a4kv4", *options
    ).json()["rows"]
    alone = spikeref("eval", model, "--tokens-file", tokens, *options).json()
    assert rows[1]["perplexity"] == alone["perplexity"]


def test_a_family_that_a_profile_does_not_take(
    spikeref: Program, token_file: Path, tmp_path: Path
) -> None:
    source = write_checkpoint("tiny-gpt2", tmp_path / "gpt2")
    arguments = ["compare", source, "--tokens-file", token_file, "--profiles"]
    assert "las profiles only" in spikeref(*arguments, "las,sdllm-w4a4kv4").refusal()
    rows = spikeref(*arguments, "las,spikellm-w4a4kv4", "--json").json()["rows"]
    assert [row["profile"] for row in rows] == ["float64", "las", "spikellm-w4a4kv4"]


def test_an_interrupted_comparison_goes_on(
    spikeref: Program,
    checkpoint: Path,
    token_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = "rtn-w4a4kv4,spikellm-w4a4kv4,sdllm-w4a4kv4"
    arguments = ["compare", checkpoint, "--tokens-file", token_file, "--profiles", names, "--json"]
    whole = spikeref(*arguments).json()
    ledger = tmp_path / "ledger"
    with monkeypatch.context() as patched:
        # Two stretches of the first integer model, then one of the second.
        patched.setattr(scoring, "model_nll", stop_at(3))
        called = spikeref(*arguments, "--resume", ledger)
    assert (called.status, called.out) == (130, "")
    assert called.err == (
        f"spikeref compare: interrupted; what was finished is kept in {ledger}; the same command"
        " goes on from there\n"
    )
    with monkeypatch.context() as patched:
        patched.setattr(scoring, "model_nll", stop_at(1))
        assert spikeref(*arguments, "--resume", ledger).json() == whole
        # Whole rows now: nothing is compiled or scored.
        patched.setattr(compare_module, "compile_any", None)
        patched.setattr(scoring, "model_nll", None)
        assert spikeref(*arguments, "--resume", ledger).json() == whole
        # What eval finished of the same model serves too, and the other way round.
        patched.setattr(scoring, "baseline_nll_many", None)
        alone = ["eval", checkpoint, "--tokens-file", token_file, "--resume", ledger, "--json"]
        assert spikeref(*alone).json()["perplexity"] == whole["rows"][0]["perplexity"]
    other = tmp_path / "other.json"
    other.write_text("[[104, 101, 108, 108, 112], [7, 8]]")
    arguments[3] = other
    assert spikeref(*arguments, "--resume", ledger).json() == spikeref(*arguments).json() != whole

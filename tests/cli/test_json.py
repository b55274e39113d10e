"""--json: one object on stdout, with the fields of the public contract, and nothing else."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from spikeref.api import load_model, run
from spikeref.model.groups import GROUPS
from spikeref.trace.reader import read_trace
from tests.checkpoint.conftest import edit_config
from tests.cli.command_line import FAULTY_NEURON, Program
from tools.synthetic_checkpoint import write_checkpoint

SHA256 = re.compile(r"[0-9a-f]{64}")


def test_compile(spikeref: Program, checkpoint: Path, model: Path, tmp_path: Path) -> None:
    called = spikeref("compile", checkpoint, "-o", tmp_path / "model", "--json")
    assert (called.status, called.err) == (0, "")
    got = called.json()
    assert got["model_digest"] == load_model(model).digest
    assert (got["family"], got["profile"]) == ("llama", "sdllm-w4a4kv4")
    # Two layers of 4 × 64² and 3 × 64·172 weights and two norms; embedding, head, last norm.
    assert got["parameters"] == 2 * (4 * 64**2 + 3 * 64 * 172 + 2 * 64) + 2 * 288 * 64 + 64
    assert got["seconds"] >= 0
    assert got["peak_mb"] > 0
    assert {path.name for path in tmp_path.iterdir()} == {"model"}


def test_compile_options_reach_the_profile(
    spikeref: Program, checkpoint: Path, tmp_path: Path
) -> None:
    options = "--weight-bits 8 --act-bits 5 --kv-bits 6 --encoding binary --rotation none"
    options += " --clip-ratio 9/10 --ties half-up"
    spikeref("compile", checkpoint, "-o", tmp_path / "model", *options.split(), "--json").json()
    profile = load_model(tmp_path / "model").config.profile
    assert (profile.weight_bits, profile.encoder().bits, profile.kv_bits) == (8, 5, 6)
    assert profile.encoder().encoding.value == "binary"
    assert profile.rotation.value == "none"
    assert profile.encoder().clip_ratio.as_integer_ratio() == (9, 10)
    assert profile.ties.value == "half-up"


def test_compile_notes_an_unrotated_width_on_stderr_only(spikeref: Program, tmp_path: Path) -> None:
    from tools.synthetic_checkpoint import PRESETS, write_checkpoint

    # Beyond order 2, every Hadamard matrix has an order divisible by 4; 174 = 2 · 87.
    shape = {**PRESETS["tiny-llama"], "intermediate_size": 174, "num_hidden_layers": 1}
    source = write_checkpoint(shape, tmp_path / "checkpoint")
    called = spikeref("compile", source, "-o", tmp_path / "model", "--json")
    assert called.status == 0
    assert called.json()["block_diagonal_widths"] == [174]
    assert "174" in called.err
    assert len(called.err.splitlines()) == 1


def test_run(spikeref: Program, model: Path, tmp_path: Path) -> None:
    trace, logits = tmp_path / "trace", tmp_path / "logits.npy"
    called = spikeref(
        "run", model, "--prompt", "hello", "--max-new-tokens", "3",
        "--trace", trace, "--output", logits, "--json",
    )  # fmt: skip
    assert (called.status, called.err) == (0, "")
    got = called.json()
    assert len(got["new_tokens"]) == 3
    assert isinstance(got["text"], str)
    assert got["counters"]["total"]["synaptic_additions"] > 0
    # The same prompt by another way into the program.
    expected = run(load_model(model), got["tokens"], max_new_tokens=3)
    assert got["new_tokens"] == expected.new_tokens
    assert got["trace_digest"] == expected.trace_digest
    assert read_trace(trace).manifest.trace_digest == got["trace_digest"]
    stored = np.load(logits)
    assert (stored.dtype, stored.shape) == (np.float64, (len(got["tokens"]) + 2, 288))
    integers = (stored * 65536).astype("<i4")
    assert np.array_equal(integers, expected.logits)
    assert hashlib.sha256(integers.tobytes()).hexdigest() == got["logits_digest"]
    assert {path.name for path in tmp_path.iterdir()} == {"trace", "logits.npy"}


def test_compile_notes_a_head_that_tied_embeddings_replace(
    spikeref: Program, tmp_path: Path
) -> None:
    source = write_checkpoint("tiny-llama", tmp_path / "checkpoint")
    assert spikeref("compile", source, "-o", tmp_path / "own").err == ""
    edit_config(source, tie_word_embeddings=True)
    called = spikeref("compile", source, "-o", tmp_path / "tied", "--json")
    assert called.status == 0
    assert "lm_head.weight differs" in called.err
    assert len(called.err.splitlines()) == 1


def test_text_for_people_commands_no_terminal(spikeref: Program, model: Path) -> None:
    """Control characters are escaped but for line breaks and tabs; JSON has its own escapes."""
    arguments = ["run", model, "--tokens", "27,91,50,74,13,9"]
    assert spikeref(*arguments).out.splitlines()[0] == "\\x1b[2J\\r\t"
    assert spikeref(*arguments, "--json").json()["text"] == "\x1b[2J\r\t"


@pytest.mark.parametrize(
    "options",
    [
        "--engine sync",
        "--engine async",
        "--engine async --arrival reversed",
        "--engine async --arrival shuffled:3",
    ],
)
def test_run_gives_the_digests_of_the_dense_engine(
    spikeref: Program, model: Path, options: str
) -> None:
    dense = spikeref("run", model, "--tokens", "104,105,106", "--json").json()
    other = spikeref("run", model, "--tokens", "104,105,106", *options.split(), "--json").json()
    assert other == dense


def test_run_takes_a_token_file_of_one_sequence(
    spikeref: Program, model: Path, tmp_path: Path
) -> None:
    given = spikeref("run", model, "--tokens", "104,105", "--json").json()
    for number, content in enumerate(([104, 105], [[104, 105]])):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(content))
        assert spikeref("run", model, "--tokens-file", path, "--json").json() == given


def test_eval_of_a_model(spikeref: Program, model: Path, token_file: Path) -> None:
    got = spikeref("eval", model, "--tokens-file", token_file, "--json").json()
    # Each sequence is scored from its second token: 4 + 1.
    assert got["tokens"] == 5
    assert got["perplexity"] == pytest.approx(np.exp(got["nll"] / 5))
    assert got["firing_rate"].keys() == {*GROUPS, "kv", "mean"}
    assert all(0 < rate < 1 for rate in got["firing_rate"].values())


def test_eval_of_a_checkpoint_is_the_float_baseline(
    spikeref: Program, checkpoint: Path, token_file: Path
) -> None:
    got = spikeref("eval", checkpoint, "--tokens-file", token_file, "--json").json()
    assert got.keys() >= {"perplexity", "nll", "tokens", "firing_rate"}
    assert got["tokens"] == 5


def test_compare(spikeref: Program, checkpoint: Path, model: Path, token_file: Path) -> None:
    profiles = "sdllm-w4a4kv4,rtn-w4a4kv4"
    got = spikeref(
        "compare", checkpoint, "--tokens-file", token_file, "--profiles", profiles, "--json"
    ).json()
    rows = {row["profile"]: row for row in got["rows"]}
    assert list(rows) == ["float64", *profiles.split(",")]
    evaluated = spikeref("eval", model, "--tokens-file", token_file, "--json").json()
    assert rows["sdllm-w4a4kv4"]["perplexity"] == evaluated["perplexity"]
    baseline = spikeref("eval", checkpoint, "--tokens-file", token_file, "--json").json()
    assert rows["float64"]["perplexity"] == pytest.approx(baseline["perplexity"])


def test_calibrate(spikeref: Program, model: Path, token_file: Path, tmp_path: Path) -> None:
    called = spikeref(
        "calibrate", model, "--tokens-file", token_file, "-o", tmp_path / "clipped", "--json"
    )
    got = called.json()
    assert called.status == 0
    assert len(got["thresholds"]) == 2
    assert load_model(tmp_path / "clipped").digest == got["model_digest"]
    assert got["model_digest"] != load_model(model).digest


def test_widths(spikeref: Program, model: Path) -> None:
    signals = spikeref("widths", model, "--json").json()["signals"]
    assert {"layer", "op", "signal", "proven_bits", "observed_bits"} <= signals[0].keys()
    assert {signal["layer"] for signal in signals} == {-1, 0, 1, 2}
    assert all(signal["observed_bits"] <= signal["proven_bits"] for signal in signals)


def test_functions(spikeref: Program) -> None:
    got = spikeref("functions", "--profile", "las-fitted", "--steps", "12", "--json").json()
    assert (got["functions"], got["steps"]) == ("fitted", 12)
    members = {"function", "piece", "low", "high", "unit", "kind", "error", "units"}
    assert all(set(piece) == members for piece in got["pieces"])
    assert {piece["kind"] for piece in got["pieces"]} == {"identity", "fitted"}
    assert {p["function"] for p in got["pieces"]} >= {"silu", "tanh", "exp", "rsqrt"}
    (square,) = [p for p in got["pieces"] if p["function"] == "square"]
    assert (square["low"], square["high"], square["unit"]) == (1.0, 2.0, -14)
    assert square["error"] == square["units"] * 2.0**-14


def test_functions_in_lines(spikeref: Program) -> None:
    """A row a piece; one unit at most with the standard tables (HG-1)."""
    called = spikeref("functions", "--profile", "sdllm-hg-w4a4kv4")
    assert called.status == 0
    title, head, *rows = called.out.splitlines()
    assert "expansion functions, 16 steps" in title
    assert head.startswith("function")
    assert len(rows) > 60
    assert all(float(row.split()[-1]) <= 1.0 for row in rows)


def test_trace_show(spikeref: Program, traces: dict[str, Path]) -> None:
    got = spikeref("trace", "show", traces["dense"], "--neurons", "3:9", "--json").json()
    assert got["tokens"] == [104, 105]
    assert SHA256.fullmatch(got["trace_digest"])
    assert len(got["raster"]["counts"]) == 6


def test_trace_diff_of_two_engines_is_equal(spikeref: Program, traces: dict[str, Path]) -> None:
    called = spikeref("trace", "diff", traces["dense"], traces["async"], "--json")
    assert called.status == 0
    assert called.json() == {"equal": True, "first_divergence": None}


def test_trace_diff_finds_the_wrong_count(spikeref: Program, traces: dict[str, Path]) -> None:
    called = spikeref("trace", "diff", traces["dense"], traces["faulty"], "--json")
    assert (called.status, called.err) == (1, "")
    got = called.json()
    assert got["equal"] is False
    found = got["first_divergence"]
    assert (found["token"], found["layer"], found["op"]) == (1, 1, "o_input")
    assert (found["field"], found["index"]) == ("counts", FAULTY_NEURON)
    assert abs(found["got"] - found["expected"]) == 1
    assert found["step"] is not None


def test_trace_export(spikeref: Program, traces: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    got = spikeref("trace", "export", traces["dense"], "-o", path, "--json").json()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert got["file"] == str(path)
    assert got["events"] == len(lines)
    shown = spikeref("trace", "show", traces["dense"], "--json").json()["firing"]
    assert got["events"] == sum(one["positive"] + one["negative"] for one in shown)

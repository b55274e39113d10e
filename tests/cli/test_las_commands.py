"""LAS models from the command line: compile, run, eval, calibrate, trace (LMOD-1 to LMOD-9)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.cli.program import main
from tools.synthetic_checkpoint import CLASSIC_PRESETS, write_checkpoint

TOKENS = [5, 6, 7, 8, 9]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints and compiled models of an encoder and a decoder, and a token file."""
    folder = tmp_path_factory.mktemp("las")
    for name in ("bert", "gpt2", "llama"):
        write_checkpoint(f"tiny-{name}", folder / name, scale=0.1)
        source, target = str(folder / name), str(folder / f"{name}-model")
        assert main(["compile", source, "-o", target, "--profile", "las"]) == 0
    (folder / "tokens.json").write_text(json.dumps([TOKENS, TOKENS[::-1]]))
    return folder


def answer(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*map(str, arguments), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    capsys.readouterr()
    assert main(list(map(str, arguments))) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def states(capsys: pytest.CaptureFixture[str], place: Path, *more: object) -> NDArray[np.float64]:
    target = place / "states.npy"
    answer(capsys, "run", place / "bert-model", "--output", target, *more)
    found: NDArray[np.float64] = np.load(target)
    target.unlink()
    return found


def test_an_encoder_gives_its_last_hidden_states(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = states(capsys, place, "--tokens", "5,6,7")
    assert found.shape == (3, 64)
    assert found.dtype == np.float64
    assert np.abs(found).max() > 0


def test_engines_agree_on_an_encoder(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digests = {
        answer(capsys, "run", place / "bert-model", "--tokens", "5,6", "--engine", engine)[
            "trace_digest"
        ]
        for engine in ("dense", "sync", "async")
    }
    assert len(digests) == 1


def test_token_types_change_what_an_encoder_gives(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = states(capsys, place, "--tokens", "5,6,7")
    zeros = states(capsys, place, "--tokens", "5,6,7", "--token-types", "0,0,0")
    other = states(capsys, place, "--tokens", "5,6,7", "--token-types", "0,0,1")
    assert np.array_equal(plain, zeros)
    assert not np.array_equal(plain, other)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ("run {}/bert-model --tokens 5 --max-new-tokens 1", "an encoder gives no tokens"),
        ("run {}/bert-model --tokens 5,6 --token-types 0", "1 given for 2 tokens"),
        ("run {}/bert-model --tokens 5 --token-types 2", "the model has 0 to 1"),
        ("run {}/bert-model --tokens 5 --token-types x", "is not a list like 1,2,3"),
        ("run {}/gpt2-model --tokens 5 --token-types 0", "a decoder's tokens have none"),
        ("run {}/gpt2-model --tokens 5 --positions p.npy", "goes with --embeddings"),
        ("run {}/gpt2-model --embeddings none.npy", "cannot be read"),
        ("run {}/gpt2-model --embeddings {}/tokens.json", "not a .npy file"),
        ("eval {}/bert-model --tokens-file {}/tokens.json", "--labels-file or --against"),
        ("eval {}/gpt2-model --tokens-file {}/tokens.json --labels-file {}/no", "cannot be read"),
        ("compile {}/bert -o {}/x --profile sdllm-w4a4kv4", "runs under the las profiles only"),
        ("compile {}/gpt2 -o {}/x --profile las --steps 9", "10 to 16 are possible"),
        ("compile {}/gpt2 -o {}/x --profile las --levels 16", "1 to 15 are possible"),
        ("compile {}/gpt2 -o {}/x --profile las --weight-bits 7", "8 to 16 are possible"),
        ("compile {}/gpt2 -o {}/x --profile las --act-bits 4", "only profiles of SDLLM have it"),
        ("compile {}/llama -o {}/x --levels 2", "only profiles of LAS have it"),
        ("compile {}/llama -o {}/x --steps 12", "has no HG neurons"),
        ("compile {}/gpt2 -o {}/x --profile las --acc-bits 30", "30 are allowed"),
        ("calibrate {}/gpt2-model --tokens-file {}/tokens.json -o {}/x --decay 0.5", "not a model"),
        ("ablate {}/llama --tokens-file {}/tokens.json --profile sdllm-w4a4kv4", "not a profile"),
    ],
)
def test_bad_input_gets_one_line(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: str, what: str
) -> None:
    assert what in refusal(capsys, *(a.format(place) for a in arguments.split()))
    assert not (place / "x").exists()


def test_embeddings_stand_for_tokens(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = np.random.default_rng(1).normal(size=(4, 64)).astype(np.float32)
    np.save(place / "rows.npy", rows)
    found = answer(
        capsys, "run", place / "llama-model", "--embeddings", place / "rows.npy",
        "--max-new-tokens", 2, "--trace", place / "trace-embedded",
    )  # fmt: skip
    assert found["tokens"] == [-1] * 4
    assert len(found["new_tokens"]) == 2
    shown = answer(capsys, "trace", "show", place / "trace-embedded")
    assert shown["tokens"][:4] == [-1] * 4
    np.save(place / "narrow.npy", rows[:, :5])
    given = ("run", place / "llama-model", "--embeddings", place / "narrow.npy")
    assert "[T, 64] is needed" in refusal(capsys, *given)
    np.save(place / "nan.npy", np.full((1, 64), np.nan))
    given = ("run", place / "llama-model", "--embeddings", place / "nan.npy")
    assert "no number" in refusal(capsys, *given)
    given = ("run", place / "llama-model", "--embeddings", place / "rows.npy", "--positions")
    np.save(place / "places.npy", np.zeros((3, 4), dtype=np.int64))
    assert "multi-axis" in refusal(capsys, *given, place / "places.npy")


@pytest.mark.parametrize("option", ["--embeddings", "--positions"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"PK\x03\x04" + b"\0" * 40,
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00\xff\xff{",
        b"\x93NUMPY\x01\x00\x06\x00{'a':(\n",
        b"\x93NUMPY\x01\x00\x06\x00{[]:1}",
        b"\x93NUMPY\x01\x00\x04\x00\x00\x01((",
        b"\x93NUMPY\x01\x00\x40\x00"
        + b"{'descr': 7, 'fortran_order': 0, 'shape': (1, 2)}".ljust(64),
        b"\x93NUMPY\x01\x00\x50\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 64)}".ljust(80),
        b"\x93NUMPY\x01\x00\x50\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 64)}".ljust(80) + b"\0" * 9,
    ],
)  # fmt: skip
def test_a_damaged_npy_file_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str], option: str, content: bytes
) -> None:
    np.save(place / "fine.npy", np.zeros((4, 64)))
    (place / "damaged.npy").write_bytes(content)
    given = {"--embeddings": place / "fine.npy", option: place / "damaged.npy"}
    parts = [part for pair in given.items() for part in pair]
    found = refusal(capsys, "run", place / "llama-model", *parts)
    assert f"{place}/damaged.npy: " in found
    assert ".npy" in found.partition(": ")[2].partition(": ")[2]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", [np.float64, np.longdouble])
def test_an_embedding_beyond_float64_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str], kind: type[np.floating[Any]]
) -> None:
    np.save(place / "great.npy", np.full((1, 64), kind("1e308")))
    given = ("run", place / "llama-model", "--embeddings", place / "great.npy")
    assert "leaves ±8388608" in refusal(capsys, *given)


def test_scores_and_similarity(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = place / "tokens.json"
    (place / "labels.json").write_text("[0, 1]")
    labelled = ("--tokens-file", tokens, "--labels-file", place / "labels.json")
    whole = answer(capsys, "eval", place / "bert", *labelled)
    mine = answer(capsys, "eval", place / "bert-model", *labelled)
    assert mine["correct"] == whole["correct"]
    assert mine["nll"] == pytest.approx(whole["nll"], rel=1e-3)
    near = answer(
        capsys, "eval", place / "bert-model", "--tokens-file", tokens, "--against", place / "bert"
    )
    assert near["cosine"] > 0.999
    given = ("eval", place / "gpt2-model", *labelled)
    assert "no classifier" in refusal(capsys, *given)
    (place / "labels.json").write_text("[0]")
    assert "1 labels for 2 sequences" in refusal(capsys, "eval", place / "bert-model", *labelled)


def test_similarity_to_another_model_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = {**CLASSIC_PRESETS["tiny-bert"], "hidden_size": 128}
    write_checkpoint(wide, place / "wide-bert")
    write_checkpoint("tiny-bert", place / "other-bert", seed=1)
    given = ("eval", place / "bert-model", "--tokens-file", place / "tokens.json", "--against")
    for name, reason in [
        ("gpt2", "the model is a bert, the checkpoint a gpt2"),
        ("wide-bert", "the model's width is 64, the checkpoint's 128"),
        ("other-bert", "not those of the model's source_digest"),
    ]:
        found = refusal(capsys, *given, place / name)
        assert str(place / name) in found
        assert reason in found


def test_calibration_writes_a_model_that_runs(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(
        capsys, "calibrate", place / "gpt2-model", "--tokens-file", place / "tokens.json",
        "-o", place / "calibrated", "--rounding", "multiple",
    )  # fmt: skip
    for normal, outlier in found["thresholds"].values():
        assert outlier % normal == 0
    shown = answer(capsys, "run", place / "calibrated", "--tokens", "5,6", "--max-new-tokens", 1)
    assert shown["counters"]["total"]["saturations"] == 0
    config = json.loads((place / "calibrated" / "config.json").read_text())
    assert config["profile"]["thresholds"] == "calibrated"
    assert config["profile"]["name"] == "las+calibrated"


def test_ablations(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "few.json").write_text("[[5, 6, 7]]")
    found = answer(capsys, "ablate", place / "gpt2", "--tokens-file", place / "few.json")
    rows = found["rows"]
    assert [row["steps"] for row in rows if row["kind"] == "steps"] == [16, 15, 14, 13, 12, 11, 10]
    levels = [row for row in rows if row["kind"] == "levels"]
    assert [row["levels"] for row in levels] == [1, 3, 5, 7, 10, 12, 15]
    spikes = [row["spikes_per_neuron"] for row in levels]
    assert spikes == sorted(spikes, reverse=True)
    assert {row["thresholds"] for row in rows if row["kind"] == "one neuron"} == {"single"}
    # The rule of NEUR-2 on normal inputs, worked out beforehand in floating point.
    expected = {1: 1.0, 3: 0.608, 5: 0.514, 7: 0.467, 10: 0.429, 12: 0.415, 15: 0.395}
    curve = {row["levels"]: row["relative_spikes"] for row in found["level_curve"]}
    assert curve.keys() == expected.keys()
    assert all(abs(curve[n] - expected[n]) < 0.005 for n in expected)


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama"])
def test_widths(place: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    tokens = place / "tokens.json"
    signals = answer(capsys, "widths", place / f"{name}-model", "--tokens-file", tokens)["signals"]
    members = {
        "layer", "op", "signal", "proven_bits", "observed_min", "observed_max", "observed_bits",
    }  # fmt: skip
    assert all(set(signal) == members for signal in signals)
    assert {signal["layer"] for signal in signals} == {-1, 0, 1, 2}
    assert all(signal["observed_bits"] <= signal["proven_bits"] for signal in signals)
    assert main(["widths", str(place / f"{name}-model")]) == 0
    title, *rows = capsys.readouterr().out.splitlines()
    assert len(rows) == len(signals)
    assert all(row.rindex(" ") > title.index("proven") for row in rows)


def test_export_pkg(place: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "package"
    got = answer(capsys, "export-pkg", place / "bert-model", "-o", target, "--layers", "1")
    assert got["profile"] == "las"
    present = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert present == set(got["files"])
    assert {"spikeref_pkg.sv", "layers/1/units.mem", "tables/tanh/pieces.bin"} <= present
    assert "layer 2" in refusal(
        capsys, "export-pkg", place / "bert-model", "-o", tmp_path / "other", "--layers", "2"
    )

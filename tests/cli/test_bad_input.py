"""Bad input: exit status 2, one line that names the culprit, and nothing left behind."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spikeref.cli.program import COMMANDS
from tests.cli.command_line import Program, names_below


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory,
    checkpoint: Path,
    model: Path,
    traces: dict[str, Path],
    token_file: Path,
) -> Path:
    """A folder of good and broken things, to run the program on."""
    folder = tmp_path_factory.mktemp("bad-input")
    for source in (checkpoint, model, traces["dense"], traces["other"]):
        shutil.copytree(source, folder / source.name)
    shutil.copy(token_file, folder / "tokens.json")
    (folder / "file").write_text("a file")
    _break_checkpoints(folder)
    _break_models(folder)
    _write_token_files(folder)
    return folder


@pytest.fixture(autouse=True)
def nothing_left(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run inside the folder and require it unchanged."""
    monkeypatch.chdir(place)
    before = names_below(place)
    yield
    assert names_below(place) == before


def _break_checkpoints(folder: Path) -> None:
    for name in ("cut-weights", "list-config", "no-weights", "unknown-family", "long-activation"):
        shutil.copytree(folder / "checkpoint", folder / name)
    weights = folder / "cut-weights" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    (folder / "list-config" / "config.json").write_text("[]")
    (folder / "no-weights" / "model.safetensors").unlink()
    config = folder / "unknown-family" / "config.json"
    config.write_text(config.read_text().replace("LlamaForCausalLM", "OtherForCausalLM"))

    config = folder / "long-activation" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"hidden_act": "x" * 3000}))


def _break_models(folder: Path) -> None:
    for name in ("cut-model", "flipped-model", "no-config", "half-config", "no-tokenizer"):
        shutil.copytree(folder / "model", folder / name)
    shard = folder / "cut-model" / "model-00001-of-00003.safetensors"
    shard.write_bytes(shard.read_bytes()[:-100])
    shard = folder / "flipped-model" / "model-00002-of-00003.safetensors"
    content = bytearray(shard.read_bytes())
    content[-50] ^= 1
    shard.write_bytes(content)
    (folder / "no-config" / "config.json").unlink()
    (folder / "half-config" / "config.json").write_text("{")
    (folder / "no-tokenizer" / "tokenizer.json").unlink()
    shutil.copytree(folder / "model", folder / "fraction-in-tensors")
    config = folder / "fraction-in-tensors" / "config.json"
    members = json.loads(config.read_text())
    next(iter(members["tensors"].values()))["shape"] = [0.5]
    config.write_text(json.dumps(members))


def _write_token_files(folder: Path) -> None:
    texts = {
        "half.json": "[1, 2",
        "negative.json": "[[-1, 2]]",
        "fraction.json": "[1.5, 2]",
        "empty.json": "[]",
        "single.json": "[[1]]",
        "too-large.json": "[[1, 288]]",
        "huge.json": f"[[1, {10**30}]]",
        "too-long.json": str([7] * 257),
        "no-list.json": '{"tokens": [1]}',
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "no-text.json").write_bytes(b"\xff\xfe[1]")


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        # What to read is missing or broken.
        ("compile missing -o out", "missing"),
        ("compile file -o out", "file"),
        ("compile cut-weights -o out", "cut-weights/model.safetensors"),
        ("compile list-config -o out", "list-config/config.json"),
        ("compile no-weights -o out", "no-weights"),
        ("compile unknown-family -o out", "OtherForCausalLM"),
        ("compile model -o out", "model/config.json: a compiled model already"),
        ("ablate model --tokens-file tokens.json", "model/config.json: a compiled model already"),
        ("energy --model model", "model/config.json: a compiled model already"),
        ("export-pkg model -o out --layers 1_0", "--layers: '1_0' is not a list like 1,2,3"),
        ("report trace-dense -o out.html --layers 1_0", "--layers: '1_0' is not a list"),
        (
            "compare model --tokens-file tokens.json",
            "a compiled model already; give the checkpoint",
        ),
        ("run fraction-in-tensors --tokens 1", "fraction-in-tensors/config.json: canonical JSON"),
        ("run missing --tokens 1", "missing"),
        ("run file --tokens 1", "file"),
        ("run checkpoint --tokens 1", "checkpoint/config.json"),
        ("run cut-model --tokens 1", "model-00001-of-00003.safetensors"),
        ("run flipped-model --tokens 1", "model-00002-of-00003.safetensors"),
        ("run no-config --tokens 1", "no-config/config.json"),
        ("run half-config --tokens 1", "half-config/config.json"),
        ("run no-tokenizer --prompt x", "no-tokenizer/tokenizer.json"),
        ("eval missing --tokens-file tokens.json", "missing"),
        ("eval file --tokens-file tokens.json", "file"),
        ("compare missing --tokens-file tokens.json", "missing"),
        ("compare model --tokens-file tokens.json", "model/config.json"),
        ("calibrate missing --tokens-file tokens.json -o out", "missing"),
        ("calibrate checkpoint --tokens-file tokens.json -o out", "checkpoint/config.json"),
        ("widths missing", "missing"),
        ("functions --profile other", "other"),
        ("functions --profile sdllm-w4a4kv4", "sdllm-w4a4kv4"),
        ("functions --steps 9", "9"),
        ("functions --steps 17 --profile sdllm-hg-w4a4kv4", "17"),
        ("trace show missing", "missing"),
        ("trace show model", "model/manifest.json"),
        ("trace diff trace-dense missing", "missing"),
        ("trace diff trace-dense trace-other", "different models"),
        ("trace export missing -o events", "missing"),
        # Profiles and their parameters.
        ("compile checkpoint -o out --profile unheard-of", "'unheard-of'"),
        ("compile checkpoint -o out --weight-bits 1", "weight bits: 1"),
        ("compile checkpoint -o out --weight-bits 9", "weight bits: 9"),
        ("compile checkpoint -o out --act-bits 0", "count bits: 0"),
        ("compile checkpoint -o out --kv-bits 9", "count bits: 9"),
        ("compile checkpoint -o out --kv-bits x", "--kv-bits"),
        ("compile checkpoint -o out --clip-ratio 0", "clip ratio: 0"),
        ("compile checkpoint -o out --clip-ratio 2", "clip ratio: 2"),
        ("compile checkpoint -o out --clip-ratio 1/0", "'1/0'"),
        ("compile checkpoint -o out --clip-ratio nan", "'nan'"),
        ("compile checkpoint -o out --clip-ratio 1e-99999999", "'1e-99999999'"),
        ("compile checkpoint -o out --clip-ratio 1e-33", "'1e-33'"),
        ("compile checkpoint -o out --clip-ratio 1E_", "'1E_'"),
        (f"compile checkpoint -o out --clip-ratio 0.{'9' * 63}", "65 characters"),
        (f"compile checkpoint -o out --clip-ratio 1e{'9' * 5000}", "5002 characters"),
        (f"compile checkpoint -o out --clip-ratio 1e-{'1_0' * 9}", "1_0"),
        ("energy --model checkpoint --spikes-per-neuron 1e400", "'1e400'"),
        ("energy --model checkpoint --weight-bits 4 --act-bits 4 --steps 1e400", "'1e400'"),
        ("energy --model checkpoint --firing-rate 1e-400", "'1e-400'"),
        ("energy --model checkpoint --mac-pj 1e-4000000", "'1e-4000000'"),
        ("energy --model checkpoint --ac-pj 1e4000000", "'1e4000000'"),
        ("calibrate model --tokens-file tokens.json -o out --quantile 1e-400", "'1e-400'"),
        ("calibrate model --tokens-file tokens.json -o out --decay 1e-400", "'1e-400'"),
        ("compile checkpoint -o out --ties up", "--ties"),
        ("compile checkpoint -o out --acc-bits 5", "layer 0, q"),
        ("compare checkpoint --tokens-file tokens.json --profiles a,b", "'a'"),
        ("compare checkpoint --tokens-file tokens.json --profiles=", "profile ''"),
        ("calibrate model --tokens-file tokens.json -o out --quantile 2", "--quantile"),
        ("calibrate model --tokens-file tokens.json -o out --quantile x", "'x'"),
        ("calibrate model --tokens-file tokens.json -o out --decay 1", "--decay"),
        ("calibrate model --tokens-file tokens.json -o out --groups head", "--groups"),
        ("calibrate model --tokens-file tokens.json -o out --groups=", "--groups"),
        ("calibrate model --tokens-file tokens.json -o out --quantile=", "''"),
        # Tokens.
        ("run model --prompt=", "prompt is empty"),
        ("run model --tokens=", "prompt is empty"),
        ("run model --tokens a,b", "'a,b'"),
        ("run model --tokens 1.5", "'1.5'"),
        ("run model --tokens 1,,2", "'1,,2'"),
        ("run model --tokens 1_0", "'1_0'"),
        ("run model --tokens 1,", "'1,'"),
        ("run model --tokens=-1", "token -1 at position 0"),
        ("run model --tokens 1,288", "token 288 at position 1"),
        ("run model --tokens-file missing.json", "missing.json"),
        ("run model --tokens-file model", "model"),
        ("run model --tokens-file half.json", "half.json"),
        ("run model --tokens-file negative.json", "token -1"),
        ("run model --tokens-file fraction.json", "fraction.json"),
        ("run model --tokens-file empty.json", "empty.json"),
        ("run model --tokens-file no-list.json", "no-list.json"),
        ("run model --tokens-file no-text.json", "no-text.json"),
        ("run model --tokens-file huge.json", "token"),
        ("run model --tokens-file too-long.json", "257 tokens"),
        ("run model --tokens-file tokens.json", "one sequence, found 2"),
        ("run model --tokens 1 --max-new-tokens -1", "--max-new-tokens"),
        ("eval model --tokens-file single.json", "at least two tokens"),
        ("eval checkpoint --tokens-file single.json", "at least two tokens"),
        ("eval model --tokens-file too-large.json", "288"),
        ("eval checkpoint --tokens-file too-large.json", "288"),
        ("eval model --tokens-file tokens.json --window 257", "--window: 257"),
        ("eval checkpoint --tokens-file tokens.json --window 1", "--window: 1"),
        ("eval model --tokens-file tokens.json --window 8 --stride 8", "--stride: 8"),
        ("eval checkpoint --tokens-file tokens.json --stride 0", "--stride: 0"),
        ("compare checkpoint --tokens-file too-large.json --profiles rtn-w4a4kv4", "288"),
        ("calibrate model --tokens-file too-large.json -o out", "288"),
        ("widths model --tokens-file too-large.json", "288"),
        # Engines and rasters.
        ("run model --tokens 1 --engine fast", "'fast'"),
        ("run model --tokens 1 --arrival reversed", "engine dense"),
        ("run model --tokens 1 --engine async --arrival shuffled", "--arrival"),
        ("run model --tokens 1 --trace-level full", "--trace-level: goes with --trace"),
        pytest.param(
            f"run model --tokens 1 --engine async --arrival shuffled:{'7' * 5000}",
            "5000 digits",
            id="arrival of many digits",
        ),
        ("trace show trace-dense --token 99", "token 99"),
        ("trace show trace-dense --layer 9", "layer 9"),
        ("trace show trace-dense --neurons 5", "--neurons 5"),
        ("trace show trace-dense --neurons 9:5", "9:5"),
        ("trace show trace-dense --neurons 64:70", "64:70"),
        # Where to write.
        ("demo --out file", "file"),
        ("demo --out model", "model"),
        ("demo --out file/below", "file/below"),
        ("compile checkpoint -o model", "model: exists"),
        ("compile checkpoint -o file", "file: exists"),
        ("compile checkpoint -o file/below", "file/below"),
        ("calibrate model --tokens-file tokens.json -o model", "model: exists"),
        ("run model --tokens 1 --trace trace-dense", "trace-dense: exists"),
        ("run model --tokens 1 --trace file", "file: exists"),
        ("run model --tokens 1 --output logits.txt", "logits.txt must end in .npy"),
        ("run model --tokens 1 --output file/logits.npy", "file/logits.npy"),
        ("run model --tokens 1 --trace new --output logits.txt", "logits.txt"),
        ("run model --tokens 1 --trace new --output file/logits.npy", "file/logits.npy"),
        ("trace export trace-dense -o model", "model: is a folder"),
        ("trace export trace-dense -o file/events", "file/events"),
        # Usage.
        ("", "COMMAND"),
        ("unheard-of", "'unheard-of'"),
        ("demo extra", "extra"),
        ("run model", "--prompt --tokens --tokens-file"),
        ("run model --prompt x --tokens 1", "--tokens"),
        ("trace", "show|diff|export"),
        ("trace diff trace-dense", "GOT"),
    ],
)
def test_one_line_names_the_culprit(spikeref: Program, arguments: str, culprit: str) -> None:
    assert culprit in spikeref(*arguments.split()).refusal()


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_json_does_not_change_a_refusal(spikeref: Program, command: str) -> None:
    refused = {
        "demo": "demo --out file",
        "compile": "compile missing -o out",
        "run": "run missing --tokens 1",
        "eval": "eval missing --tokens-file tokens.json",
        "compare": "compare missing --tokens-file tokens.json",
        "calibrate": "calibrate missing --tokens-file tokens.json -o out",
        "ablate": "ablate missing --tokens-file tokens.json",
        "widths": "widths missing",
        "functions": "functions --profile other",
        "energy": "energy --trace missing",
        "trace": "trace show missing",
        "report": "report missing -o page.html",
        "export-pkg": "export-pkg missing -o out",
        "serve": "serve missing",
        "vectors": "vectors verify missing",
        "check": "check missing missing",
        "conform": "conform missing -- true",
        "mutants": "mutants --suite missing",
    }[command]
    plain = spikeref(*refused.split()).refusal()
    assert spikeref(*refused.split(), "--json").refusal() == plain


@pytest.mark.parametrize(
    "arguments",
    [
        "run model --tokens {}",
        "run model --tokens 1 --engine {}",
        "compile checkpoint -o out --profile {}",
        "compile long-activation -o out",
    ],
)
def test_long_foreign_text_is_quoted_in_part(spikeref: Program, arguments: str) -> None:
    refusal = spikeref(*arguments.format("x" * 3000).split()).refusal()
    assert "xxx … " in refusal
    assert len(refusal) < 1200


def test_text_that_is_not_utf8_is_refused(spikeref: Program) -> None:
    assert "--prompt" in spikeref("run", "model", "--prompt", "a\udcff").refusal()


def test_a_line_break_in_a_path_stays_off_the_message(spikeref: Program) -> None:
    assert "two lines" in spikeref("widths", "two\nlines").refusal()


@pytest.mark.skipif(sys.platform != "linux", reason="there even root may not write")
@pytest.mark.parametrize("forbidden", ["/sys", "/proc"])
@pytest.mark.parametrize(
    "arguments",
    [
        "demo --out {}/out",
        "compile checkpoint -o {}/out",
        "calibrate model --tokens-file tokens.json -o {}/out",
        "run model --tokens 1 --trace {}/out",
        "run model --tokens 1 --output {}/out.npy",
        "trace export trace-dense -o {}/out",
    ],
)
def test_a_forbidden_place_is_refused(spikeref: Program, arguments: str, forbidden: str) -> None:
    assert forbidden in spikeref(*arguments.format(forbidden).split()).refusal()

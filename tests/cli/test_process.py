"""The program as a process: Ctrl-C, a full disk, and what stdout is."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.command_line import REPOSITORY, Called, names_below, run_apart, start
from tools.synthetic_checkpoint import PRESETS, write_checkpoint

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and limits")


@pytest.fixture(scope="module")
def deep_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough layers that compiling them outlasts the wait for the first file."""
    shape = {
        **PRESETS["tiny-llama"],
        "hidden_size": 256,
        "intermediate_size": 1024,
        "num_hidden_layers": 24,
    }
    return write_checkpoint(shape, tmp_path_factory.mktemp("deep") / "checkpoint")


@posix_only
def test_ctrl_c_while_compiling_leaves_nothing(deep_checkpoint: Path, tmp_path: Path) -> None:
    target = tmp_path / "below" / "model"
    called = _interrupted(
        ["compile", deep_checkpoint, "-o", target, "--json"],
        lambda: any(tmp_path.rglob("model-00002-of-*.safetensors")),
    )
    assert names_below(tmp_path) == set()
    assert called == Called(130, "", "spikeref compile: interrupted; nothing unfinished was kept\n")


@posix_only
def test_ctrl_c_while_compiling_to_resume_keeps_whole_shards(
    deep_checkpoint: Path, tmp_path: Path
) -> None:
    target = tmp_path / "model"
    arguments: list[str | Path] = ["compile", deep_checkpoint, "-o", target, "--resume", "--json"]
    called = _interrupted(arguments, lambda: any(tmp_path.rglob("model-00003-of-*.safetensors")))
    assert (called.status, called.out) == (130, "")
    assert called.err.startswith("spikeref compile: interrupted; ")
    assert called.err.endswith(
        f" of 25 shards are kept beside {target}; the same command goes on from there\n"
    )
    (kept,) = tmp_path.iterdir()
    assert kept.name.startswith(".model.unfinished-")
    done = run_apart(*arguments)
    assert (done.status, done.err) == (0, "")
    plain = run_apart("compile", deep_checkpoint, "-o", tmp_path / "plain", "--json")
    assert done.json()["model_digest"] == plain.json()["model_digest"]
    assert {path.name for path in tmp_path.iterdir()} == {"model", "plain"}


@posix_only
def test_ctrl_c_while_running_leaves_no_trace(model: Path, tmp_path: Path) -> None:
    arguments = ["--tokens", "1", "--max-new-tokens", "250", "--engine", "async", "--trace"]
    called = _interrupted(
        ["run", model, *arguments, tmp_path / "trace"],
        lambda: any(path.stat().st_size for path in tmp_path.rglob("payload*")),
    )
    assert names_below(tmp_path) == set()
    assert called == Called(130, "", "spikeref run: interrupted; nothing unfinished was kept\n")


@posix_only
def test_ctrl_c_in_the_demo_leaves_no_folder(tmp_path: Path) -> None:
    called = _interrupted(
        ["demo", "--out", tmp_path / "out"], lambda: any(tmp_path.rglob("payload*"))
    )
    assert names_below(tmp_path) == set()
    assert called == Called(130, "", "spikeref demo: interrupted; nothing unfinished was kept\n")


@posix_only
@pytest.mark.parametrize(
    "arguments",
    [
        "run {model} --tokens-file {tokens} --trace {out}",
        "run {model} --tokens-file {tokens} --output {out}.npy",
        "run {model} --tokens-file {tokens} --trace {out}-first --output {out}.npy",
    ],
)
def test_a_full_disk_is_refused(model: Path, tmp_path: Path, arguments: str) -> None:
    tokens, target = tmp_path / "tokens.json", tmp_path / "target"
    tokens.write_text(json.dumps([7] * 60))
    target.mkdir()
    # The limit on a file's size, 16 blocks of 512 or 1024 bytes, stands for a disk that fills.
    command = arguments.format(model=model, tokens=tokens, out=target / "out")
    limited = f"ulimit -f 16; exec {shlex.quote(sys.executable)} -m spikeref {command}"
    done = subprocess.run(
        ["sh", "-c", limited], cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=False
    )
    assert "no space left" in Called(done.returncode, done.stdout, done.stderr).refusal()
    assert names_below(target) == set()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_stdout_that_takes_nothing_is_refused(model: Path) -> None:
    with Path("/dev/full").open("w") as full:
        called = run_apart("run", model, "--tokens", "1", "--json", stdout=full)
    assert "standard output" in called.refusal()


@posix_only
def test_a_reader_that_has_gone_is_no_error(model: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        called = run_apart("run", model, "--tokens", "1", stdout=writer)
    finally:
        os.close(writer)
    assert (called.status, called.err) == (0, "")


@posix_only
def test_a_simulator_that_has_gone_is_no_error(model: Path) -> None:
    """The server's first answer finds nobody, and it ends as if asked to."""
    reader, writer = os.pipe()
    os.close(reader)
    requests, sent = os.pipe()
    os.write(sent, b'{"id": 1, "operation": "describe"}\n' * 3)
    os.close(sent)
    try:
        called = run_apart("serve", model, stdin=requests, stdout=writer)
    finally:
        os.close(writer)
        os.close(requests)
    assert (called.status, called.err) == (0, "")


@pytest.mark.parametrize("command", ["eval", "conform"])
def test_help_is_shown_in_any_encoding(command: str) -> None:
    called = run_apart(command, "--help", environment={"PYTHONIOENCODING": "ascii"})
    assert (called.status, called.err) == (0, "")
    assert called.out.startswith(f"usage: spikeref {command}")


def test_text_outside_the_encoding_of_stdout_is_escaped(model: Path) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    called = run_apart("run", model, "--tokens", "195,169", environment=ascii_only)
    assert (called.status, called.err) == (0, "")
    assert called.out.startswith("\\xe9\n")


def test_no_progress_bar_where_stderr_is_no_terminal(checkpoint: Path, tmp_path: Path) -> None:
    called = run_apart("compile", checkpoint, "-o", tmp_path / "model", "--json")
    assert (called.status, called.err) == (0, "")
    assert called.json()["family"] == "llama"


def _interrupted(arguments: list[str | Path], begun: Callable[[], bool]) -> Called:
    """Start the program, send Ctrl-C once `begun` says that it writes, and return how it ended."""
    with start(arguments) as process:
        while not begun():
            assert process.poll() is None, "it ended before it could be interrupted"
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=300)
    return Called(process.returncode, out, err)

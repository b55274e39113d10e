"""`spikeref demo` on the shipped model: its bits are pinned in golden/demo.json."""

import json
from pathlib import Path
from typing import Any

import pytest

from spikeref.cli.demo import ENGINES, NEW_TOKENS, PROMPT
from spikeref.model.folder import load_model
from spikeref.model.groups import GROUPS
from spikeref.trace.reader import read_trace
from tests.cli.command_line import Called, run_apart

GOLDEN = Path(__file__).parent / "golden" / "demo.json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo leaves its model and its trace."""
    return tmp_path_factory.mktemp("demo") / "out"


@pytest.fixture(scope="module")
def called(folder: Path) -> Called:
    """The demo, run once in a process of its own."""
    return run_apart("demo", "--out", folder, "--json")


@pytest.fixture(scope="module")
def shown(called: Called) -> dict[str, Any]:
    """Its JSON object."""
    assert (called.status, called.err) == (0, "")
    return called.json()


def test_digests_are_the_pinned_ones(shown: dict[str, Any]) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    got = {name: shown[name] for name in ("model_digest", "trace_digest")}
    assert got == {name: golden[name] for name in got}


def test_the_three_engines_agree(shown: dict[str, Any]) -> None:
    assert shown["engines"] == dict.fromkeys(ENGINES, shown["trace_digest"])
    assert set(ENGINES) == {"dense", "sync", "async"}


def test_every_field_of_the_contract_is_there(shown: dict[str, Any]) -> None:
    assert shown.keys() >= {
        "text", "model_digest", "trace_digest", "engines", "firing_rate", "counters", "energy_j",
        "seconds",
    }  # fmt: skip
    assert shown["firing_rate"].keys() == {*GROUPS, "kv", "mean"}
    assert shown["counters"]["total"]["synaptic_additions"] > 0
    assert shown["energy_j"] > 0
    assert shown["seconds"] > 0


def test_the_mean_firing_rate_is_that_of_symmetric_counts(shown: dict[str, Any]) -> None:
    """Symmetric 4-bit counts of real activations fire in about a quarter of the steps."""
    assert 0.2 < shown["firing_rate"]["mean"] < 0.32


def test_the_text_goes_on_from_the_prompt(shown: dict[str, Any]) -> None:
    assert shown["text"].startswith(PROMPT)
    continuation = shown["text"].removeprefix(PROMPT)
    assert len(continuation.split()) >= NEW_TOKENS // 4


def test_it_leaves_the_model_and_the_trace_it_speaks_of(
    shown: dict[str, Any], folder: Path
) -> None:
    assert load_model(folder / "model").digest == shown["model_digest"]
    manifest = read_trace(folder / "trace").manifest
    assert manifest.model_digest == shown["model_digest"]
    assert manifest.trace_digest == shown["trace_digest"]
    assert {path.name for path in folder.parent.rglob("*") if path.is_dir()} == {
        "out",
        "model",
        "trace",
    }

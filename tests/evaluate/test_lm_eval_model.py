"""A local task in EleutherAI's harness, without network, against `spikeref eval`."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from spikeref.account.any_counters import counter_sink
from spikeref.errors import UsageError
from spikeref.evaluate.choice_files import read_choices
from spikeref.evaluate.choices import Reader, choice_result
from spikeref.evaluate.scoring import score_model
from spikeref.evaluate.text_scoring import TextScorer
from spikeref.forward.text import encoder_beside
from spikeref.model.layers import IntegerModel

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    lm_eval = pytest.importorskip("lm_eval", reason="needs the extra lm-eval")

pytestmark = pytest.mark.filterwarnings("ignore")

ITEMS = [
    {"query": "hello", "choices": ["you", "world of"], "gold": 1},
    {"query": "the sky is", "choices": ["blue", "a kind of bread", "x"], "gold": 2},
    {"query": "a b c", "choices": ["d", "zzz"], "gold": 0},
    {"query": "one two", "choices": ["three", "3"], "gold": 0},
]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def evaluated(model: IntegerModel, folder: Path, task: dict[str, Any]) -> dict[str, Any]:
    """Run one task that a file describes; return its results."""
    from lm_eval.tasks import TaskManager

    from spikeref.evaluate.lm_eval_model import SpikerefLM

    lines = "".join(json.dumps(item) + "\n" for item in ITEMS)
    (folder / "items.jsonl").write_text(lines)
    tasks = folder / "tasks"
    tasks.mkdir()
    described = {
        "task": "local",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(folder / "items.jsonl")}},
        "test_split": "test",
        **task,
    }
    # JSON is YAML.
    (tasks / "local.yaml").write_text(json.dumps(described))
    done = lm_eval.simple_evaluate(
        model=SpikerefLM(model.folder, batch_size=1),
        tasks=["local"],
        task_manager=TaskManager(include_path=str(tasks), include_defaults=False),
        bootstrap_iters=0,
    )
    found: dict[str, Any] = done["results"]["local"]
    return found


def metric(name: str, aggregation: str = "mean") -> dict[str, Any]:
    return {"metric": name, "aggregation": aggregation, "higher_is_better": True}


def test_multiple_choice_is_that_of_eval(tiny_model: IntegerModel, tmp_path: Path) -> None:
    found = evaluated(
        tiny_model,
        tmp_path,
        {
            "output_type": "multiple_choice",
            "doc_to_text": "{{query}}",
            "doc_to_choice": "{{choices}}",
            "doc_to_target": "gold",
            "metric_list": [metric("acc"), metric("acc_norm")],
        },
    )
    reader = Reader(
        positions=tiny_model.config.shape.positions,
        vocab=tiny_model.config.shape.vocab,
        encode=encoder_beside(tiny_model.folder),
        first_token=None,
    )
    made = [reader.stretches(item) for item in read_choices(tmp_path / "items.jsonl")]
    scores = score_model(tiny_model, [s for one in made for s in one.stretches])
    own = choice_result(made, scores)
    assert found["acc,none"] == pytest.approx(own.correct / 4)
    assert found["acc_norm,none"] == pytest.approx(own.correct_normalised / 4)


def test_byte_perplexity(tiny_model: IntegerModel, tmp_path: Path) -> None:
    found = evaluated(
        tiny_model,
        tmp_path,
        {
            "output_type": "loglikelihood_rolling",
            "doc_to_text": "",
            "doc_to_target": "{{query}}",
            "metric_list": [
                {
                    "metric": "byte_perplexity",
                    "aggregation": "weighted_perplexity",
                    "higher_is_better": False,
                }
            ],
        },
    )
    scorer = TextScorer(tiny_model)
    texts = [str(item["query"]) for item in ITEMS]
    total = sum(scorer.rolling(text) for text in texts)
    size = sum(len(text.encode()) for text in texts)
    assert found["byte_perplexity,none"] == pytest.approx(2.718281828459045 ** (-total / size))


def test_requests(tiny_model: IntegerModel) -> None:
    from lm_eval.api.instance import Instance

    from spikeref.evaluate.lm_eval_model import SpikerefLM

    lm = SpikerefLM.create_from_arg_string(f"model={tiny_model.folder}", {"batch_size": 1})
    scorer = TextScorer(tiny_model, counter_sink(tiny_model))

    def requests(kind: Any, *arguments: Any) -> list[Instance]:
        return [Instance(kind, {}, one, i) for i, one in enumerate(arguments)]

    pairs = [("hello", " you"), ("", "a")]
    expected = [scorer.likelihood(*pair) for pair in pairs]
    found = lm.loglikelihood(requests("loglikelihood", *pairs))
    assert found == [(one.logprob, one.greedy) for one in expected]
    options = {"until": ["zq"], "max_gen_toks": 5}
    made = lm.generate_until(requests("generate_until", ("hello", options)))
    assert made == [scorer.continuation("hello", ["zq"], 5)]
    assert lm.counters.firing_rates()["mean"][0] > 0
    with pytest.raises(UsageError, match="greedy"):
        lm.generate_until(requests("generate_until", ("a", {"do_sample": True})))

"""Compiled models for EleutherAI's lm-evaluation-harness (extra `lm-eval`).

import lm_eval
from spikeref.evaluate.lm_eval_model import SpikerefLM

lm_eval.simple_evaluate(model=SpikerefLM("./model"), tasks=["lambada_openai"])
"""

from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.registry import register_model
from tqdm import tqdm

from spikeref.account.any_counters import counter_sink
from spikeref.errors import UsageError
from spikeref.evaluate.text_scoring import TextScorer
from spikeref.model.folder import load_model

DEFAULT_NEW_TOKENS = 256
"""Where a task does not say; of a model of few positions half of them."""


@register_model("spikeref")  # type: ignore[untyped-decorator, unused-ignore]
class SpikerefLM(LM):  # type: ignore[misc, unused-ignore]
    """A compiled decoder of either system; `counters` holds what all requests fired."""

    def __init__(self, model: str | Path, **ignored: Any) -> None:
        """Load a compiled model's folder.

        ignored: batch size and device, which the harness passes to every model. ModelError: no
        such model, or one without tokenizer; UsageError: an encoder, at the first request.
        """
        super().__init__()
        loaded = load_model(model)
        self.counters = counter_sink(loaded)
        self._scorer = TextScorer(loaded, self.counters)
        self._new_tokens = min(DEFAULT_NEW_TOKENS, loaded.config.shape.positions // 2)

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """Return ln p of each continuation, and whether greedy decoding would give it."""
        found = []
        for request in self._shown(requests):
            context, continuation = request.args
            one = self._scorer.likelihood(context, continuation)
            found.append((one.logprob, one.greedy))
        return found

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        """Return ln p of each text."""
        return [self._scorer.rolling(request.args[0]) for request in self._shown(requests)]

    def generate_until(self, requests: list[Instance]) -> list[str]:
        """Return greedy continuations; UsageError for sampling."""
        found = []
        for request in self._shown(requests):
            context, options = request.args
            if options.get("do_sample"):
                raise UsageError("do_sample: decoding is greedy")
            until = options.get("until") or []
            stops = [until] if isinstance(until, str) else list(until)
            most = int(options.get("max_gen_toks", self._new_tokens))
            found.append(self._scorer.continuation(context, stops, most))
        return found

    def _shown(self, requests: list[Instance]) -> Any:
        return tqdm(requests, desc="lm-eval", unit="request", disable=None, leave=False)

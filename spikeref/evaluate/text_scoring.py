"""Log-likelihoods and greedy continuations of texts, as evaluation harnesses ask for them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spikeref.engine.choice import EngineChoice
from spikeref.errors import ModelError, TokenError, UsageError
from spikeref.evaluate.choices import encode_pair
from spikeref.evaluate.scoring import logit_nll
from spikeref.evaluate.stretches import Stretch
from spikeref.forward.generate import decoding_step
from spikeref.forward.text import decode_tokens, encoder_beside
from spikeref.forward.tokens import token_array
from spikeref.model.any_model import AnyModel
from spikeref.trace.sinks import Sink, discard


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihood:
    """ln p of a continuation, and whether greedy decoding would give it."""

    logprob: float
    greedy: bool


class TextScorer:
    """A compiled decoder with its tokenizer; dense engine."""

    def __init__(self, model: AnyModel, sink: Sink = discard) -> None:
        """Use a model; `sink` sees every record. ModelError where it has no tokenizer."""
        encode = encoder_beside(model.folder)
        if encode is None:
            raise ModelError(f"{model.folder}: has no tokenizer.json, which texts need")
        self._encode = encode
        self._model = model
        self._sink = sink

    def likelihood(self, context: str, continuation: str) -> Likelihood:
        """Score a continuation; the oldest tokens of a context that does not fit are dropped.

        TokenError: a continuation without tokens, or with too many for the positions.
        """
        before, given = encode_pair(self._encode, context, continuation)
        before = before or [self._prefix()]
        positions = self._model.config.shape.positions
        if not 0 < len(given) < positions:
            raise TokenError(
                f"a continuation of {len(given)} tokens cannot be scored; 1 to {positions - 1} can"
            )
        kept = before[-(positions - len(given)) :]
        return self._score(Stretch(tokens=(*kept, *given), first=len(kept)))

    def rolling(self, text: str) -> float:
        """Return ln p of a whole text behind the first token, each of its tokens scored once.

        A text that does not fit is cut; its last piece has the whole positions for its context.
        """
        tokens = self._encode(text)
        prefix = self._prefix()
        if tokens[:1] != [prefix]:
            tokens = [prefix, *tokens]
        positions = self._model.config.shape.positions
        total, scored = 0.0, 1
        while scored < len(tokens):
            end = min(len(tokens), scored + positions - 1)
            start = max(0, end - positions)
            piece = Stretch(tokens=tuple(tokens[start:end]), first=scored - start)
            total += self._score(piece).logprob
            scored = end
        return total

    def continuation(self, context: str, until: Sequence[str], max_new_tokens: int) -> str:
        """Decode greedily until one of the texts `until`, which is cut off, or a last token."""
        positions = self._model.config.shape.positions
        room = positions - max_new_tokens
        if room < 1 or max_new_tokens < 1:
            raise UsageError(f"{max_new_tokens} new tokens do not fit {positions} positions")
        prompt = (self._encode(context) or [self._prefix()])[-room:]
        step = decoding_step(self._model, EngineChoice(), self._sink)
        logits = step(token_array(prompt))
        made: list[int] = []
        text = ""
        while len(made) < max_new_tokens:
            token = int(np.argmax(logits[-1]))
            if token in self._model.config.eos_token_ids:
                break
            made.append(token)
            text = decode_tokens(self._model.folder, made) or ""
            ends = [text.index(stop) for stop in until if stop and stop in text]
            if ends:
                return text[: min(ends)]
            if len(made) < max_new_tokens:
                logits = step(token_array([token]))
        return text

    def _score(self, stretch: Stretch) -> Likelihood:
        tokens = token_array(stretch.tokens)
        logits = decoding_step(self._model, EngineChoice(), self._sink)(tokens)
        own, targets = logits[stretch.first - 1 : -1], tokens[stretch.first :]
        return Likelihood(
            logprob=-float(logit_nll(own, targets).sum(dtype=np.float64)),
            greedy=bool(np.array_equal(np.argmax(own, axis=1), targets)),
        )

    def _prefix(self) -> int:
        """What stands before a text: the first token of the model, or else its last."""
        config = self._model.config
        known = [*([] if config.bos_token_id is None else [config.bos_token_id])]
        known += config.eos_token_ids
        if not known:
            raise UsageError(f"{self._model.folder}: has no token to begin a text with")
        return known[0]

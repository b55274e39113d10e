"""Multiple choice: which continuation of a query is likeliest."""

from collections.abc import Sequence
from dataclasses import dataclass

from spikeref.errors import TokenError
from spikeref.evaluate.choice_files import Item, Part
from spikeref.evaluate.scoring import Score
from spikeref.evaluate.stretches import Stretch, check_ids
from spikeref.forward.text import Encode


def encode_pair(encode: Encode, context: str, continuation: str) -> tuple[list[int], list[int]]:
    """Return the tokens of a context and of what follows it.

    White space at the border goes to the continuation, for tokenizers put it before a word. Both
    are encoded together: the tokens beyond the context's own number are the continuation's.
    """
    head = context.rstrip()
    before = encode(head)
    return before, encode(context + continuation)[len(before) :]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceStretches:
    """The stretches of one item, one for each choice."""

    stretches: tuple[Stretch, ...]
    lengths: tuple[int, ...]
    """What the log-likelihood of each choice is divided by for acc_norm."""
    gold: int
    shortened: bool
    """Whether the query lost tokens at its beginning to fit the positions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceResult:
    """How often the likeliest choice is the right one."""

    correct: int
    """By the sum of the log-likelihoods of a choice's tokens."""
    correct_normalised: int
    """By that sum over the choice's bytes, or tokens where ids are given."""
    items: int
    shortened: int
    """Items whose query did not fit the positions whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What turns an item into tokens: the model's limits and its tokenizer."""

    positions: int
    vocab: int
    encode: Encode | None
    """None where there is no tokenizer."""
    first_token: int | None
    """What an empty query is replaced by, where the model has one."""

    def stretches(self, item: Item) -> ChoiceStretches:
        """Return an item's stretches; TokenError names its line."""
        made = [self._stretch(item, choice) for choice in item.choices]
        return ChoiceStretches(
            stretches=tuple(stretch for stretch, _ in made),
            lengths=tuple(_length(choice) for choice in item.choices),
            gold=item.gold,
            shortened=any(shortened for _, shortened in made),
        )

    def _stretch(self, item: Item, choice: Part) -> tuple[Stretch, bool]:
        query, given = self._tokens(item, choice)
        if not query:
            if self.first_token is None:
                raise TokenError(f"{item.where}: the query is empty, and the model has no token to"
                                 " begin with")  # fmt: skip
            query = [self.first_token]
        if not given:
            raise TokenError(f"{item.where}: a choice has no token of its own after the query")
        check_ids(item.where, [*query, *given], self.vocab)
        room = self.positions - len(given)
        if room < 1:
            raise TokenError(
                f"{item.where}: a choice of {len(given)} tokens leaves no room for a query in the"
                f" model's {self.positions} positions"
            )
        kept = query[-room:]
        tokens = (*kept, *given)
        return Stretch(tokens=tokens, first=len(kept)), len(kept) < len(query)

    def _tokens(self, item: Item, choice: Part) -> tuple[list[int], list[int]]:
        """Return the tokens of query and choice; two texts are encoded together."""
        query = item.query
        if isinstance(query, str) and isinstance(choice, str):
            apart = query and not query[-1].isspace() and not choice[:1].isspace()
            rest = (" " if apart else "") + choice
            return encode_pair(lambda text: self._encoded(item, text), query, rest)
        first = self._encoded(item, query) if isinstance(query, str) else list(query)
        rest_ids = self._encoded(item, choice) if isinstance(choice, str) else list(choice)
        return first, rest_ids

    def _encoded(self, item: Item, text: str) -> list[int]:
        if self.encode is None:
            raise TokenError(f"{item.where}: text, but no tokenizer.json lies beside the model;"
                             " give token ids")  # fmt: skip
        return self.encode(text)


def choice_result(items: Sequence[ChoiceStretches], scores: Sequence[Score]) -> ChoiceResult:
    """Return how often the right choice won; of equals the first wins.

    scores: of every stretch of every item, in order.
    """
    correct = normalised = start = 0
    for item in items:
        own = scores[start : start + len(item.stretches)]
        start += len(item.stretches)
        sums = [-score.nll for score in own]
        means = [total / length for total, length in zip(sums, item.lengths, strict=True)]
        correct += sums.index(max(sums)) == item.gold
        normalised += means.index(max(means)) == item.gold
    return ChoiceResult(
        correct=correct,
        correct_normalised=normalised,
        items=len(items),
        shortened=sum(item.shortened for item in items),
    )


def _length(choice: Part) -> int:
    return len(choice.encode("utf-8")) if isinstance(choice, str) else len(choice)

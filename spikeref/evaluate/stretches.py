"""What is scored in one pass: a stretch of tokens, the first of which are context only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from spikeref.errors import TokenError, UsageError
from spikeref.forward.tokens import token_array
from spikeref.storage.canonical import sha256_hex, tensor_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Tokens that pass a decoder together, from position 0 on."""

    tokens: tuple[int, ...]
    first: int
    """tokens[first:] are scored, each on all before it; first >= 1."""

    @property
    def scored(self) -> int:
        """How many tokens are scored."""
        return max(0, len(self.tokens) - self.first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A sliding window as asked for: its size W and stride S; None takes the default."""

    size: int | None = None
    """None: the model's positions."""
    stride: int | None = None
    """None: half the size."""

    def fitted(self, positions: int) -> "FittedWindow":
        """Return the window for a model; UsageError for 2 <= W <= positions, 1 <= S < W broken."""
        size = positions if self.size is None else self.size
        if self.size is not None and not 2 <= size <= positions:
            raise UsageError(f"--window: {size} given, 2 to the model's {positions} are possible")
        stride = max(1, size // 2) if self.stride is None else self.stride
        if self.stride is not None and not 1 <= stride < size:
            raise UsageError(
                f"--stride: {stride} given, 1 to {size - 1} are possible, one below the window's"
                f" {size}"
            )
        return FittedWindow(size=size, stride=stride)


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedWindow:
    """A window that a model can take."""

    size: int
    stride: int

    def stretches(self, sequence: Sequence[int]) -> Iterator[Stretch]:
        """Yield stretches that score each token of a sequence once, from its second on.

        Window k holds tokens k·S to k·S + W − 1 and scores those that no window before it held, so
        each is scored on at least W − S tokens, but those that the first window holds: on all
        before them. A sequence of at most W tokens is one stretch.
        """
        start, scored = 0, 1
        while True:
            tokens = tuple(sequence[start : start + self.size])
            yield Stretch(tokens=tokens, first=scored - start)
            scored = start + len(tokens)
            if scored >= len(sequence):
                return
            start += self.stride


def cut(
    sequences: Sequence[Sequence[int]], window: Window, positions: int, vocab: int
) -> list[Stretch]:
    """Return the stretches of independent sequences, in order.

    TokenError: an id that is none of the vocabulary's, or nothing to score; UsageError: a window
    that the model cannot take.
    """
    fitted = window.fitted(positions)
    if sum(len(sequence) - 1 for sequence in sequences) < 1:
        raise TokenError("nothing to score: a sequence needs at least two tokens")
    for number, sequence in enumerate(sequences):
        check_ids(f"sequence {number}", sequence, vocab)
        if len(sequence) > fitted.size < 2:
            raise TokenError(f"sequence {number}: a model of one position scores no token")
    return [stretch for sequence in sequences for stretch in fitted.stretches(sequence)]


def check_ids(where: str, sequence: Sequence[int], vocab: int) -> None:
    """Refuse, with `where` in front, what is no token id of a vocabulary: TokenError."""
    tokens = token_array(sequence)
    for index in np.flatnonzero((tokens < 0) | (tokens >= vocab))[:1]:
        raise TokenError(
            f"{where}: token {int(tokens[index])} at position {int(index)} is out of range; the"
            f" vocabulary has ids 0 to {vocab - 1}"
        )


def stretches_digest(stretches: Sequence[Stretch]) -> str:
    """Return the SHA-256 of which tokens are scored on which: of all tokens, lengths and firsts."""
    tokens = [token for stretch in stretches for token in stretch.tokens]
    sizes = [size for stretch in stretches for size in (len(stretch.tokens), stretch.first)]
    return sha256_hex(
        tensor_digest(np.array(tokens, dtype=np.int64)).encode("ascii")
        + tensor_digest(np.array(sizes, dtype=np.int64)).encode("ascii")
    )

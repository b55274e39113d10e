"""Text to token ids and back, with the tokenizer that lies beside the model."""

from collections.abc import Callable
from pathlib import Path

from tokenizers import Tokenizer

from spikeref.errors import ModelError, TokenError
from spikeref.model.writer import TOKENIZER_NAME

Encode = Callable[[str], list[int]]
"""Token ids of a text, with the special tokens that the tokenizer adds itself."""


def load_tokenizer(folder: Path) -> Tokenizer:
    """Return the tokenizer of a compiled model; ModelError if there is none or it is unreadable."""
    path = folder / TOKENIZER_NAME
    if not path.is_file():
        raise ModelError(f"{path}: missing; give --tokens instead of --prompt")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as fault:  # the library raises bare Exception
        raise ModelError(f"{path}: not a tokenizer ({fault})") from fault
    # Files of encoders ask for padding and truncation to the length they were trained with.
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def encode_text(folder: Path, text: str) -> list[int]:
    """Return the token ids of `text`, with the special tokens that the tokenizer adds itself."""
    ids: list[int] = load_tokenizer(folder).encode(text).ids
    if not ids:
        raise TokenError("the prompt is empty; give at least one character")
    return ids


def encoder_beside(folder: Path) -> Encode | None:
    """Return an encoder that holds its tokenizer, or None where there is no tokenizer.

    ModelError: one that is unreadable.
    """
    if not (folder / TOKENIZER_NAME).is_file():
        return None
    tokenizer = load_tokenizer(folder)

    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text).ids
        return ids

    return encode


def decode_tokens(folder: Path, tokens: list[int]) -> str | None:
    """Return the text of token ids without special tokens, or None where there is no tokenizer."""
    if not (folder / TOKENIZER_NAME).is_file():
        return None
    text: str = load_tokenizer(folder).decode(tokens)
    return text

"""A byte-level BPE tokenizer trained on the stories."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer

BOS, EOS = "<s>", "</s>"
BOS_ID, EOS_ID = 0, 1
_TEXTS_AT_ONCE = 1000


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Train a tokenizer that covers every byte and puts ``<s>`` before each encoded text."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[BOS, EOS],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, BOS_ID)]
    )
    return tokenizer


def encode_documents(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    """Token ids of each text, from ``<s>`` to ``</s>``."""
    return [
        [*encoding.ids, EOS_ID]
        for start in range(0, len(texts), _TEXTS_AT_ONCE)
        for encoding in tokenizer.encode_batch(texts[start : start + _TEXTS_AT_ONCE])
    ]

"""What is measured on a trained model."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def mean_nll(model: nn.Module, sequences: list[list[int]]) -> float:
    """Mean negative log-likelihood in nats per predicted token over independent sequences."""
    total, count = 0.0, 0
    with torch.no_grad():
        for sequence in sequences:
            ids = torch.tensor([sequence])
            logits = model(ids[:, :-1])[0]
            total += functional.cross_entropy(logits, ids[0, 1:], reduction="sum").item()
            count += len(sequence) - 1
    return total / count


def greedy(model: nn.Module, prompt: list[int], new_tokens: int, stop: int) -> list[int]:
    """The prompt and its most likely continuation, up to ``stop`` or ``new_tokens`` tokens."""
    ids = list(prompt)
    with torch.no_grad():
        for _ in range(new_tokens):
            following = int(model(torch.tensor([ids]))[0, -1].argmax())
            if following == stop:
                break
            ids.append(following)
    return ids


def count_right(model: nn.Module, sequences: list[list[int]], labels: list[int]) -> int:
    """How many sequences a classifier gives their label."""
    with torch.no_grad():
        found = [int(model(torch.tensor([sequence]))[0].argmax()) for sequence in sequences]
    return sum(a == b for a, b in zip(found, labels, strict=True))

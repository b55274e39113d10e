"""The training loop over rows of stories, resumable from a checkpoint."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm


@dataclass(frozen=True)
class Schedule:
    """Optimiser settings; ``batch`` counts rows, ``warmup`` and ``steps`` count updates."""

    steps: int
    batch: int = 8
    peak_rate: float = 5e-3
    final_share: float = 0.02
    warmup: int = 100
    weight_decay: float = 0.1
    clip: float = 1.0

    def rate(self, step: int) -> float:
        """Learning rate of an update: linear warm-up, then a cosine down to the final share."""
        if step < self.warmup:
            return self.peak_rate * (step + 1) / self.warmup
        progress = (step - self.warmup) / max(1, self.steps - self.warmup)
        cosine = 0.5 * (1 + math.cos(math.pi * progress))
        return self.peak_rate * (self.final_share + (1 - self.final_share) * cosine)


def pack_rows(documents: list[list[int]], length: int) -> Tensor:
    """Pack documents into rows ``(rows, length + 1)``.

    Each row starts with the start of a document; what does not fit at its end is dropped, so that
    the model always sees a whole prefix.
    """
    rows: list[list[int]] = []
    row: list[int] = []
    for document in documents:
        row.extend(document)
        if len(row) > length:
            rows.append(row[: length + 1])
            row = []
    return torch.tensor(rows, dtype=torch.int16)


def make_optimiser(model: nn.Module, schedule: Schedule) -> torch.optim.AdamW:
    """AdamW with weight decay on matrices only."""
    matrices = [weight for weight in model.parameters() if weight.ndim == 2]
    gains = [weight for weight in model.parameters() if weight.ndim == 1]
    groups = [
        {"params": matrices, "weight_decay": schedule.weight_decay},
        {"params": gains, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=schedule.peak_rate, betas=(0.9, 0.95))


def next_token_loss(model: nn.Module, rows: Tensor, size: int, step: int) -> Tensor:
    """Loss of predicting each token of an update's rows but the first from those before it."""
    batch = rows[batch_indices(len(rows), size, step)].long()
    logits = model(batch[:, :-1])
    return functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())


def batch_indices(rows: int, size: int, step: int) -> Tensor:
    """Which of the rows make up an update: they are taken in order, again and again."""
    return torch.arange(step * size, (step + 1) * size) % rows


def train(
    model: nn.Module,
    loss_of: Callable[[int], Tensor],
    schedule: Schedule,
    checkpoint: Path,
    *,
    resume: bool,
) -> None:
    """Run the schedule on ``model`` in place, writing ``checkpoint`` every 200 updates.

    ``loss_of`` gives the loss of the update of that number.
    """
    optimiser = make_optimiser(model, schedule)
    first = _restore(model, optimiser, schedule, checkpoint) if resume else 0
    bar = tqdm(range(first, schedule.steps), disable=not sys.stderr.isatty(), unit="step")
    for step in bar:
        loss = _update(model, optimiser, schedule, loss_of, step)
        if (step + 1) % 50 == 0:
            bar.set_postfix(loss=f"{loss:.3f}")
        if (step + 1) % 200 == 0:
            _save(model, optimiser, schedule, checkpoint, step + 1)
            if not sys.stderr.isatty():
                print(f"step {step + 1} loss {loss:.4f}", file=sys.stderr, flush=True)


def _update(
    model: nn.Module,
    optimiser: torch.optim.AdamW,
    schedule: Schedule,
    loss_of: Callable[[int], Tensor],
    step: int,
) -> float:
    for group in optimiser.param_groups:
        group["lr"] = schedule.rate(step)
    loss = loss_of(step)
    optimiser.zero_grad()
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
    optimiser.step()
    return float(loss.item())


def _save(
    model: nn.Module, optimiser: torch.optim.AdamW, schedule: Schedule, path: Path, step: int
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    state = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "schedule": asdict(schedule),
        "step": step,
    }
    torch.save(state, partial)
    partial.replace(path)


def _restore(model: nn.Module, optimiser: torch.optim.AdamW, schedule: Schedule, path: Path) -> int:
    state = torch.load(path, weights_only=True)
    if state["schedule"] != asdict(schedule):
        raise ValueError(f"{path} was written with other settings: {state['schedule']}")
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])

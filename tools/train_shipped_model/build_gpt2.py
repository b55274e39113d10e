"""Makes the GPT-2 on which the second system is tested."""

from __future__ import annotations

import math

import torch

from tools.train_shipped_model.classic_cards import Training, gpt2_card
from tools.train_shipped_model.configs import gpt2_config
from tools.train_shipped_model.data import make_shipped_data
from tools.train_shipped_model.export import Bundle, round_to_bf16, write_bundle
from tools.train_shipped_model.gpt2_network import GPT2
from tools.train_shipped_model.measure import greedy, mean_nll
from tools.train_shipped_model.run import Run
from tools.train_shipped_model.sizes import Gpt2Sizes
from tools.train_shipped_model.tokenizer import EOS_ID
from tools.train_shipped_model.train import Schedule, next_token_loss, pack_rows, train

WEIGHT_SEED = 5
USUAL_MINUTES = 5


def build_gpt2(run: Run) -> str:
    """Train the model, write its files and return its card."""
    sizes = Gpt2Sizes()
    schedule = Schedule(steps=run.steps, batch=16, peak_rate=4e-3)
    data = make_shipped_data(run.stories, sizes.positions)
    rows = pack_rows(data.training, sizes.positions)
    torch.manual_seed(WEIGHT_SEED)
    model = GPT2(sizes)
    train(
        model,
        lambda step: next_token_loss(model, rows, schedule.batch, step),
        schedule,
        run.checkpoint,
        resume=run.resume,
    )
    round_to_bf16(model)
    nll = mean_nll(model, data.heldout)
    prompt = data.tokenizer.encode("Once upon a time").ids
    ids = greedy(model, prompt, sizes.positions - len(prompt), EOS_ID)
    training = Training(run.command(), run.stories, len(rows), schedule, USUAL_MINUTES)
    card = gpt2_card(
        sizes,
        training,
        parameters=sum(weight.numel() for weight in model.parameters()),
        heldout=data.heldout,
        perplexity=math.exp(nll),
        calibration=len(data.calibration),
        sample=data.tokenizer.decode(ids),
    )
    configs = {"config.json": gpt2_config(sizes)}
    write_bundle(
        run.out, Bundle(model, configs, data.tokenizer, data.heldout, data.calibration, card)
    )
    return card

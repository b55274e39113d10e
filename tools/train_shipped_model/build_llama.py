"""Makes the model that ships inside the package."""

from __future__ import annotations

import math

import torch

from tools.train_shipped_model.card import Figures, model_card
from tools.train_shipped_model.configs import generation_config, llama_config, tokenizer_config
from tools.train_shipped_model.data import make_data
from tools.train_shipped_model.export import Bundle, round_to_bf16, write_bundle
from tools.train_shipped_model.measure import greedy, mean_nll
from tools.train_shipped_model.network import CausalLM, Shape
from tools.train_shipped_model.run import Run
from tools.train_shipped_model.tokenizer import EOS_ID
from tools.train_shipped_model.train import Schedule, next_token_loss, pack_rows, train

WEIGHT_SEED = 4
SEQUENCE_LENGTH = 192
USUAL_MINUTES = 14


def build_llama(run: Run) -> str:
    """Train the model, write its files and return its card."""
    shape = Shape()
    schedule = Schedule(steps=run.steps)
    data = make_data(run.stories, shape.vocab_size, SEQUENCE_LENGTH)
    rows = pack_rows(data.training, shape.positions)
    torch.manual_seed(WEIGHT_SEED)
    model = CausalLM(shape)
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
    figures = Figures(
        command=run.command(),
        parameters=sum(weight.numel() for weight in model.parameters()),
        stories=run.stories,
        training_rows=len(rows),
        row_length=shape.positions,
        heldout_sequences=len(data.heldout),
        heldout_tokens=sum(len(sequence) - 1 for sequence in data.heldout),
        heldout_nll=nll,
        heldout_perplexity=math.exp(nll),
        calibration_sequences=len(data.calibration),
        sample=data.tokenizer.decode(greedy(model, prompt, SEQUENCE_LENGTH, EOS_ID)),
    )
    configs = {
        "config.json": llama_config(shape),
        "generation_config.json": generation_config(),
        "tokenizer_config.json": tokenizer_config(shape.positions),
    }
    card = model_card(shape, schedule, figures, USUAL_MINUTES)
    write_bundle(
        run.out, Bundle(model, configs, data.tokenizer, data.heldout, data.calibration, card)
    )
    return card

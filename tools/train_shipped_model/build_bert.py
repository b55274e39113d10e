"""Makes the BERT on which the second system is tested."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from tools.train_shipped_model.bert_network import BertClassifier
from tools.train_shipped_model.classic_cards import Training, bert_card
from tools.train_shipped_model.configs import bert_config
from tools.train_shipped_model.data import CLASS_LENGTHS, make_labelled_data
from tools.train_shipped_model.export import Bundle, round_to_bf16, write_bundle
from tools.train_shipped_model.measure import count_right
from tools.train_shipped_model.run import Run
from tools.train_shipped_model.sizes import BertSizes
from tools.train_shipped_model.train import Schedule, batch_indices, train

WEIGHT_SEED = 6
USUAL_MINUTES = 2


def build_bert(run: Run) -> str:
    """Train the model, write its files and return its card."""
    sizes = BertSizes()
    schedule = Schedule(steps=run.steps, batch=32, peak_rate=2e-3)
    data = make_labelled_data(run.stories)
    rows = torch.tensor(data.training, dtype=torch.int16)
    labels = torch.tensor(data.training_labels)
    torch.manual_seed(WEIGHT_SEED)
    model = BertClassifier(sizes)

    def loss_of(step: int) -> Tensor:
        chosen = batch_indices(len(rows), schedule.batch, step)
        length = CLASS_LENGTHS[step % len(CLASS_LENGTHS)]
        logits = model(rows[chosen, :length].long())
        return functional.cross_entropy(logits, labels[chosen])

    train(model, loss_of, schedule, run.checkpoint, resume=run.resume)
    round_to_bf16(model)
    training = Training(run.command(), run.stories, len(rows), schedule, USUAL_MINUTES)
    card = bert_card(
        sizes,
        training,
        parameters=sum(weight.numel() for weight in model.parameters()),
        heldout=len(data.heldout),
        right=count_right(model, data.heldout, data.heldout_labels),
        calibration=len(data.calibration),
    )
    bundle = Bundle(
        model,
        {"config.json": bert_config(sizes)},
        data.tokenizer,
        data.heldout,
        data.calibration,
        card,
        data.heldout_labels,
    )
    write_bundle(run.out, bundle)
    return card

"""Command line: generate the text, train the tokenizer and the model, write the files."""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

from tools.train_shipped_model.card import Figures, model_card
from tools.train_shipped_model.corpus import stories
from tools.train_shipped_model.export import Bundle, round_to_bf16, write_bundle
from tools.train_shipped_model.network import CausalLM, Shape, greedy, mean_nll
from tools.train_shipped_model.tokenizer import EOS_ID, encode_documents, train_tokenizer
from tools.train_shipped_model.train import Schedule, pack_rows, train

TRAIN_SEED, HELDOUT_SEED, CALIBRATION_SEED, WEIGHT_SEED = 1, 2, 3, 4
HELDOUT_COUNT, CALIBRATION_COUNT, SEQUENCE_LENGTH = 24, 8, 192
TOKENIZER_STORIES = 10_000
USUAL_MINUTES = 14


@dataclass(frozen=True)
class Data:
    """The tokenizer, and token ids per story: whole for training, cut short for the others."""

    tokenizer: Tokenizer
    training: list[list[int]]
    heldout: list[list[int]]
    calibration: list[list[int]]


def make_data(story_count: int, vocab_size: int) -> Data:
    """Generate three disjoint sets of stories and encode them."""
    training = stories(TRAIN_SEED, story_count)
    heldout = stories(HELDOUT_SEED, HELDOUT_COUNT, set(training))
    calibration = stories(CALIBRATION_SEED, CALIBRATION_COUNT, {*training, *heldout})
    tokenizer = train_tokenizer(training[:TOKENIZER_STORIES], vocab_size)
    return Data(
        tokenizer,
        encode_documents(tokenizer, training),
        _cut(encode_documents(tokenizer, heldout)),
        _cut(encode_documents(tokenizer, calibration)),
    )


def _cut(documents: list[list[int]]) -> list[list[int]]:
    return [document[:SEQUENCE_LENGTH] for document in documents]


def build(
    out: Path, schedule: Schedule, story_count: int, checkpoint: Path, *, resume: bool
) -> str:
    """Train the model, write it to ``out`` and return its card."""
    shape = Shape()
    data = make_data(story_count, shape.vocab_size)
    rows = pack_rows(data.training, shape.positions)
    torch.manual_seed(WEIGHT_SEED)
    model = CausalLM(shape)
    train(model, rows, schedule, checkpoint, resume=resume)
    round_to_bf16(model)
    nll = mean_nll(model, data.heldout)
    prompt = data.tokenizer.encode("Once upon a time").ids
    figures = Figures(
        command=f"python -m tools.train_shipped_model --out {out.as_posix()}"
        f" --steps {schedule.steps} --stories {story_count} --threads {torch.get_num_threads()}",
        parameters=sum(weight.numel() for weight in model.parameters()),
        stories=story_count,
        training_rows=len(rows),
        row_length=shape.positions,
        heldout_sequences=len(data.heldout),
        heldout_tokens=sum(len(sequence) - 1 for sequence in data.heldout),
        heldout_nll=nll,
        heldout_perplexity=math.exp(nll),
        calibration_sequences=len(data.calibration),
        sample=data.tokenizer.decode(greedy(model, prompt, SEQUENCE_LENGTH, EOS_ID)),
    )
    card = model_card(shape, schedule, figures, USUAL_MINUTES)
    write_bundle(out, Bundle(model, shape, data.tokenizer, data.heldout, data.calibration, card))
    return card


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.train_shipped_model", description="Train the shipped story model."
    )
    parser.add_argument("--out", type=Path, required=True, help="directory of the model's files")
    parser.add_argument("--steps", type=int, default=2000, help="updates of the optimiser")
    parser.add_argument("--stories", type=int, default=29_000, help="training stories to generate")
    parser.add_argument("--threads", type=int, default=1, help="threads of the training loop")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=Path(tempfile.gettempdir()) / "train_shipped_model.pt",
        help="file that holds the state of an unfinished run",
    )
    parser.add_argument("--resume", action="store_true", help="continue from the checkpoint")
    return parser.parse_args()


def main() -> None:
    """Run the command line."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    schedule = Schedule(steps=arguments.steps)
    card = build(
        arguments.out, schedule, arguments.stories, arguments.checkpoint, resume=arguments.resume
    )
    print(card)


if __name__ == "__main__":
    main()

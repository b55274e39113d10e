"""The cards of the two test models, filled with the figures of the runs that made them."""

from __future__ import annotations

from dataclasses import dataclass

from tools.train_shipped_model.data import CLASS_LENGTHS
from tools.train_shipped_model.sizes import BertSizes, Gpt2Sizes
from tools.train_shipped_model.train import Schedule


@dataclass(frozen=True)
class Training:
    """How a model was trained; ``minutes`` is the usual time."""

    command: str
    stories: int
    rows: int
    schedule: Schedule
    minutes: int

    def paragraph(self, batch: str) -> str:
        """Describe the run; ``batch`` says what the rows of an update are."""
        schedule = self.schedule
        once = schedule.steps * schedule.batch <= self.rows
        return _TRAINING.format(
            command=self.command,
            minutes=self.minutes,
            steps=schedule.steps,
            batch=batch,
            rate=schedule.peak_rate,
            warmup=schedule.warmup,
            decay=schedule.weight_decay,
            clip=schedule.clip,
            passes="No story was used twice" if once else "Some stories came twice",
        )


_TRAINING = """\
    {command}

with PyTorch 2.13.0, float32, in about {minutes} minutes of one CPU core. AdamW (0.9, 0.95),
{steps:,} updates of {batch};
peak rate {rate:g} after {warmup} warm-up updates, cosine decay; weight decay {decay:g} on matrices
and tables, none on biases and norms; gradient norm clipped at {clip:g}. {passes}.

The seeds are fixed; another processor or thread count can change the last bits of the weights. The
trained weights were rounded once to bfloat16."""

_PURPOSE = """\
It is a test object: small enough to run in a reference implementation, trained far enough that
a change of arithmetic shows in its {measure}. Its text distribution is a fixed grammar, so its
{measure} says nothing about natural language, and results on it do not carry over to large
models. It is no part of the installed package."""

_GPT2 = """\
---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
---

# A GPT-2 that tells stories

A GPT-2-architecture language model of {parameters:,} parameters that tells the beginnings of very
short stories. Tests of the second system run on it.

## What it is for

{purpose}

## Shape

| | |
|---|---|
| hidden size / inner size | {hidden} / {inner} |
| layers | {layers} |
| attention heads / head size | {heads} / {head_dim} |
| vocabulary | {vocab}, the tokenizer of the shipped model; `<s>` is 0 and `</s>` is 1 |
| positions | {positions}, learned |
| norm | LayerNorm with learned gain and bias, epsilon {eps:g} |
| activation | GELU in its tanh form |
| embeddings | input and output tied |
| weights | bfloat16 |

## Data

All text is made by `tools/train_shipped_model/corpus.py`, the grammar of the shipped model.
Training saw the first {row_length} tokens of {stories:,} stories, which are longer, so the model
never saw a story end. `heldout.json` and `calibration.json` hold token ids of stories from two
other seeds; none of them occurs in training, and the two share none. A sequence starts with `<s>`
and is cut after {positions} tokens.

## Training

{training}

## Result

On `heldout.json` ({heldout} sequences, {tokens:,} predicted tokens), with the bfloat16 weights and
float32 arithmetic: a perplexity of {perplexity:.4f}.

`calibration.json` has {calibration} sequences.

Greedy continuation of "Once upon a time":

> {sample}
"""


def gpt2_card(
    sizes: Gpt2Sizes,
    training: Training,
    *,
    parameters: int,
    heldout: list[list[int]],
    perplexity: float,
    calibration: int,
    sample: str,
) -> str:
    """Write the card of GPT-2."""
    batch = f"{training.schedule.batch} stories"
    return _GPT2.format(
        parameters=parameters,
        purpose=_PURPOSE.format(measure="perplexity"),
        hidden=sizes.hidden_size,
        inner=sizes.inner_size,
        layers=sizes.layers,
        heads=sizes.heads,
        head_dim=sizes.hidden_size // sizes.heads,
        vocab=sizes.vocab_size,
        positions=sizes.positions,
        eps=sizes.norm_eps,
        row_length=sizes.positions + 1,
        stories=training.stories,
        training=training.paragraph(batch),
        heldout=len(heldout),
        tokens=sum(len(sequence) - 1 for sequence in heldout),
        perplexity=perplexity,
        calibration=calibration,
        sample=sample,
    )


_BERT = """\
---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-classification
---

# A BERT that tells stories apart

A BERT-architecture classifier of {parameters:,} parameters that says from the beginning of a very
short story which of {labels} shapes it will have. Tests of the second system run on it.

## What it is for

{purpose}

## Shape

| | |
|---|---|
| hidden size / intermediate size | {hidden} / {inner} |
| layers | {layers} |
| attention heads / head size | {heads} / {head_dim} |
| vocabulary | {vocab}, the tokenizer of the shipped model; `<s>` stands where BERT has `[CLS]` |
| positions | {positions}, learned; those from {longest} on are untrained |
| token types | {types}; only type 0 occurs |
| norm | LayerNorm with learned gain and bias, epsilon {eps:g} |
| activation | GELU in its exact form |
| head | pooler of the first token with tanh, classifier of {labels} classes |
| weights | bfloat16 |

## Data

All text is made by `tools/train_shipped_model/corpus.py`, the grammar of the shipped model; the
classes are its story shapes in their order. Training saw the beginnings of {stories:,} stories.
`heldout.json` and `calibration.json` hold token ids of the beginnings of stories from two other
seeds; none of these stories occurs in training, and the two share none. A sequence starts with
`<s>` and is cut, in turn, after {lengths} tokens: often before the story has said what
it is about, so no classifier can be right always. `heldout_labels.json` holds the class of each
held-out sequence.

## Training

{training}

## Result

On `heldout.json` ({heldout} sequences), with the bfloat16 weights and float32 arithmetic:
{right} right, an accuracy of {accuracy:.2%}.

`calibration.json` has {calibration} sequences.
"""


def bert_card(
    sizes: BertSizes,
    training: Training,
    *,
    parameters: int,
    heldout: int,
    right: int,
    calibration: int,
) -> str:
    """Write the card of BERT; ``right`` of the ``heldout`` sequences were classified rightly."""
    *first, last = CLASS_LENGTHS
    lengths = ", ".join(map(str, first)) + f" and {last}"
    batch = f"{training.schedule.batch} beginnings of one length, {lengths} in turn"
    return _BERT.format(
        parameters=parameters,
        purpose=_PURPOSE.format(measure="accuracy"),
        hidden=sizes.hidden_size,
        inner=sizes.inner_size,
        layers=sizes.layers,
        heads=sizes.heads,
        head_dim=sizes.hidden_size // sizes.heads,
        vocab=sizes.vocab_size,
        positions=sizes.positions,
        longest=last,
        types=sizes.token_types,
        eps=sizes.norm_eps,
        labels=sizes.labels,
        stories=training.stories,
        lengths=lengths,
        training=training.paragraph(batch),
        heldout=heldout,
        right=right,
        accuracy=right / heldout,
        calibration=calibration,
    )

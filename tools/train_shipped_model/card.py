"""The model card, filled with the figures of the run that made the model."""

from __future__ import annotations

from dataclasses import dataclass

from tools.train_shipped_model.network import Shape
from tools.train_shipped_model.train import Schedule


@dataclass(frozen=True)
class Figures:
    """Measurements of one run; counts are in tokens where not said otherwise."""

    command: str
    parameters: int
    stories: int
    training_rows: int
    row_length: int
    heldout_sequences: int
    heldout_tokens: int
    heldout_nll: float
    heldout_perplexity: float
    calibration_sequences: int
    sample: str


_CARD = """\
---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
---

# The shipped story model

A LLaMA-architecture language model of {parameters:,} parameters that tells very short stories.
It ships inside the package so that every example and test has a trained model without a download.

## What it is for

It is a test object: small enough to run in a reference implementation, trained far enough that
a change of arithmetic shows in its perplexity. Its text distribution is a fixed grammar, so its
perplexity says nothing about natural language, and results on it do not carry over to large
models. It is of no use as a writing tool, and it knows nothing beyond its grammar.

Its sentences are mostly grammatical, but it does not follow a story as the grammar does: it often
changes a name or a pronoun after two or three sentences, and greedy decoding repeats phrases.

## Shape

| | |
|---|---|
| hidden size / intermediate size | {hidden} / {intermediate} |
| layers | {layers} |
| attention heads / key-value heads / head size | {heads} / {kv_heads} / {head_dim} |
| vocabulary | {vocab}, byte-level BPE; `<s>` is 0 and `</s>` is 1 |
| positions | {positions}, rotary, base {theta:g} |
| norm | RMSNorm with learned gain, epsilon {eps:g} |
| embeddings | input and output tied |
| weights | bfloat16 |

## Data

All text is made by `tools/train_shipped_model/corpus.py`: a seeded grammar with fourteen story
shapes, which keeps characters, places and objects constant within a story. No other text was
used. Training saw {stories:,} stories. `heldout.json` and `calibration.json` hold token ids of
stories from two other seeds; none of them occurs in training, and the two share none. A sequence
starts with `<s>` and is cut after 192 tokens.

## Training

    {command}

with PyTorch 2.13.0, float32, in about {minutes} minutes of one CPU core. AdamW (0.9, 0.95),
{steps:,} updates of {batch} rows of {row_length} tokens, each row starting at a story's start; peak
rate {rate:g} after {warmup} warm-up updates, cosine decay; weight decay {decay:g} on matrices, none
on norm gains; gradient norm clipped at {clip:g}. {rows:,} rows were available, so {passes}. The
seeds are fixed; another processor or thread count can change the last bits of the weights. The
trained weights were rounded once to bfloat16.

## Result

On `heldout.json` ({heldout_sequences} sequences, {heldout_tokens:,} predicted tokens), with the
bfloat16 weights and float32 arithmetic: {nll:.4f} nats per token, a perplexity of
{perplexity:.4f}. `calibration.json` has {calibration_sequences} sequences.

Greedy continuation of "Once upon a time":

> {sample}
"""


def model_card(shape: Shape, schedule: Schedule, figures: Figures, minutes: int) -> str:
    """Write the card; ``minutes`` is the usual training time."""
    used = schedule.steps * schedule.batch
    return _CARD.format(
        parameters=figures.parameters,
        hidden=shape.hidden_size,
        intermediate=shape.intermediate_size,
        layers=shape.layers,
        heads=shape.heads,
        kv_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        vocab=shape.vocab_size,
        positions=shape.positions,
        theta=shape.rope_theta,
        eps=shape.rms_norm_eps,
        stories=figures.stories,
        command=figures.command,
        minutes=minutes,
        steps=schedule.steps,
        batch=schedule.batch,
        row_length=figures.row_length,
        rate=schedule.peak_rate,
        warmup=schedule.warmup,
        decay=schedule.weight_decay,
        clip=schedule.clip,
        rows=figures.training_rows,
        passes="no row was used twice" if used <= figures.training_rows else "some came twice",
        heldout_sequences=figures.heldout_sequences,
        heldout_tokens=figures.heldout_tokens,
        nll=figures.heldout_nll,
        perplexity=figures.heldout_perplexity,
        calibration_sequences=figures.calibration_sequences,
        sample=figures.sample,
    )

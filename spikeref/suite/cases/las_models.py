"""Whole passes of tiny LAS models of every family (chapters 20 and 21)."""

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from spikeref.operations.operation import Parameters
from spikeref.storage.canonical import sha256_hex
from spikeref.suite.build import accepted
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.tiny_las_model import TinyLasModel, las_parameters_of, las_tensors_of
from spikeref.suite.tiny_tables import TinyTables
from spikeref.vectors.case import Case

PROMPT = (3, 1, 6)
TYPES = (0, 1, 1)

BERT = TinyLasModel(
    tables=TinyTables(activation="gelu"),
    placement="post",
    causal=0,
    pooler=1,
    classes=3,
    token_types=2,
    windows=(0,),
    embedding_norm=True,
    final_norm=False,
)
"""An encoder with norms behind the residual additions, a pooler and a classifier."""

DECODED: Mapping[str, tuple[TinyLasModel, str, str]] = {
    "bert": (BERT, "", "norms behind the additions, token types, a pooler and a classifier"),
    "gpt2": (
        TinyLasModel(
            tables=TinyTables(activation="gelu-tanh", steps=16),
            steps=16,
            tied=1,
            position_offset=2,
            biased=False,
        ),
        "1,2",
        "two layers with norms before the operators, sixteen steps, positions from row 2 on and a"
        " tied head",
    ),
    "llama": (
        TinyLasModel(
            tables=TinyTables(activation="silu", expansions=("exp",)),
            norm="rms",
            mlp="gated",
            position="rotary",
            kv_heads=1,
            windows=(2,),
            levels=3,
            rule="at-most",
            gate="at-most",
            weight_bits=12,
            ties="half-up",
            biased=False,
        ),
        "",
        "a gated feed-forward, turned and grouped heads, a window, three levels, the other rules"
        " and a table of ten steps",
    ),
    "published": (
        TinyLasModel(
            tables=TinyTables(activation="relu"),
            placement="post",
            causal=0,
            windows=(0,),
            rule="at-most",
            gate="at-most",
            published_norm=1,
            published_softmax=1,
            biased=False,
            embedding_norm=True,
            final_norm=False,
        ),
        "",
        "norm and softmax of the published program, an encoder without a pooler",
    ),
}
"""Name -> model, chunks, what is particular."""


def las_model_cases() -> Iterator[Case]:
    """Yield the cases of `las_decode` that give outputs."""
    for name, (model, chunks, what) in DECODED.items():
        parameters, inputs = las_case_of(f"las-decode-{name}", model, chunks)
        yield accepted(
            f"las-decode-{name}",
            "las_decode",
            f"A whole LAS model with {what}: catches whatever is wrong between the operators, and"
            " gives the digest of every signal to find it by.",
            parameters,
            inputs,
            clauses=clauses_of(model),
        )


def las_case_of(
    identity: str, model: TinyLasModel, chunks: str
) -> tuple[Parameters, dict[str, NDArray[Any]]]:
    """Return parameters and inputs of a case that passes PROMPT, with types where there are."""
    given = {"tokens": tensor(PROMPT, "i64")}
    if model.token_types:
        given["types"] = tensor(TYPES, "i64")
    parameters = las_parameters_of(model, sha256_hex(identity.encode()))
    tensors = las_tensors_of(model, Draw(identity))
    return {**parameters, "chunks": chunks}, {**given, **tensors}


def clauses_of(model: TinyLasModel) -> tuple[str, ...]:
    """Return the clauses that a model exercises beside those that every one does."""
    published = bool(model.published_norm or model.published_softmax)
    return (*(("LAS-16",) if published else ()), "HG-1", "HG-4", "NEUR-3", "NEUR-8")

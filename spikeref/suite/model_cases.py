"""Cases of one compiled model: decoding it whole, and its operators with golden inputs."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.dense import DENSE
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.forward.tokens import check_tokens, token_array
from spikeref.model.layers import IntegerModel
from spikeref.operations.operation import Parameters
from spikeref.suite.build import accepted, causal_place
from spikeref.suite.model_layer import Layer, Records, layer_cases, norm_cases, records_of
from spikeref.vectors.case import Case

FEW_TOKENS = 16
"""Up to so many tokens a case holds the counts of single layers; digests serve for more."""

CHUNKED = 3
"""Tokens of the first chunk, where there are so many."""


def model_cases(
    model: IntegerModel,
    folder: Path,
    layers: tuple[int, ...],
    tokens: tuple[int, ...],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Case]:
    """Yield the cases of a model that lies in `folder`/model, in causal order.

    layers: those whose operators get cases of their own. TokenError for tokens that it cannot take.
    """
    ids = token_array(tokens)
    check_tokens(model.config.shape, ids, 0)
    records: list[Any] = []
    forward(model, ids, Cache(model.config.shape), DENSE, records.append)
    found = records_of(records)
    cases = [*_outer(model, found, ids), *_decoded(folder, ids, layers)]
    progress(1, len(layers) + 1)
    for number, layer in enumerate(layers, start=2):
        cases += layer_cases(Layer(model=model, records=found, index=layer))
        progress(number, len(layers) + 1)
    yield from sorted(cases, key=causal_place)


def _outer(model: IntegerModel, records: Records, tokens: NDArray[np.int64]) -> Iterator[Case]:
    """Yield embedding and logits, their tables cut to the rows of the tokens."""
    ties = {"ties": model.config.profile.ties.value}
    rows = np.unique(tokens)
    yield accepted(
        "model-embedding",
        "embedding",
        "The rows of these tokens in the model's own table, numbered anew from 0.",
        ties,
        {
            "tokens": np.searchsorted(rows, tokens).astype(np.int64),
            "mantissas": np.array(model.embedding.mantissas[rows]),
            "exponents": np.array(model.embedding.exponents[rows]),
        },
        provenance="model",
    )
    last = Layer(model=model, records=records, index=model.config.shape.layers - 1)
    x = last.record("mlp_residual").residual
    yield from norm_cases(last, "final-norm", x, model.final_gamma)
    u = last.normed(x, model.final_gamma)
    yield accepted(
        "model-logits",
        "logits",
        "The final norm's output against the head's rows of these tokens.",
        ties,
        {
            "u": u.values,
            "exponent": u.exponent.astype(np.int32),
            "mantissas": np.array(model.head.mantissas[rows]),
            "exponents": np.array(model.head.exponents[rows]),
        },
        provenance="model",
    )


def _decoded(folder: Path, tokens: NDArray[np.int64], layers: tuple[int, ...]) -> Iterator[Case]:
    count = len(tokens)
    if count <= FEW_TOKENS:
        yield accepted(
            "model-decode-counts",
            "decode",
            "The whole prompt at once, with the counts and scales of the chosen layers.",
            {"model": "model", "chunks": "", "record_layers": ",".join(map(str, layers))},
            {"tokens": tokens},
            provenance="model",
            clauses=("TRACE-6",),
            folder=folder,
        )
    first = min(CHUNKED, count)
    chunked = ",".join(map(str, [first] if first == count else [first, count - first]))
    for name, chunks, comment in (
        ("one-pass", "", "The whole prompt at once, every signal by its digest."),
        ("in-chunks", chunked, "The same tokens in chunks over the cache: the same digests."),
        ("token-by-token", ",".join(["1"] * count), "The same tokens one by one."),
    ):
        parameters: Parameters = {"model": "model", "chunks": chunks}
        yield accepted(
            f"model-decode-{name}",
            "decode",
            comment,
            parameters,
            {"tokens": tokens},
            provenance="model",
            folder=folder,
        )

"""Cases of one compiled LAS model: passing it whole, and its operators with golden inputs."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.las_dense import LAS_DENSE
from spikeref.forward.las import las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.forward.tokens import check_tokens, token_array
from spikeref.model.las_config import Placement
from spikeref.model.las_layers import LasModel
from spikeref.operations.operation import Parameters
from spikeref.ops.las_linear import HEAD_BITS
from spikeref.suite.build import accepted, causal_place
from spikeref.suite.las_model_forms import code_parameters, spike_inputs
from spikeref.suite.las_model_layer import (
    LasPlace,
    las_layer_cases,
    norm_case,
    saw_case,
    spikes_case,
)
from spikeref.suite.model_cases import CHUNKED, FEW_TOKENS
from spikeref.suite.model_layer import Records, records_of
from spikeref.vectors.case import Case


def las_model_cases(
    model: LasModel,
    folder: Path,
    layers: tuple[int, ...],
    tokens: tuple[int, ...],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Case]:
    """Yield the cases of a LAS model that lies in `folder`/model, in causal order.

    layers: those whose operators get cases of their own. TokenError for tokens that it cannot take.
    """
    ids = token_array(tokens)
    check_tokens(model.config.shape, ids, 0)
    records: list[Any] = []
    las_forward(model, ids, LasCache(model.config), LAS_DENSE, records.append)
    found = records_of(records)
    cases = [*_embedding(model, found, ids), *_output(model, found, ids)]
    cases += _decoded(model, folder, ids, layers)
    progress(1, len(layers) + 1)
    for number, layer in enumerate(layers, start=2):
        cases += las_layer_cases(LasPlace(model=model, records=found, index=layer))
        progress(number, len(layers) + 1)
    yield from sorted(cases, key=causal_place)


def _embedding(model: LasModel, records: Records, tokens: NDArray[np.int64]) -> Iterator[Case]:
    place = LasPlace(model=model, records=records, index=-1)
    rows = np.unique(tokens)
    offset = model.config.structure.position_offset
    inputs: dict[str, NDArray[Any]] = {
        "tokens": np.searchsorted(rows, tokens).astype(np.int64),
        "mantissas": np.array(model.embedding.mantissas[rows]),
        "exponents": np.array(model.embedding.exponents[rows]),
    }
    if model.positions is not None:
        some = slice(0, offset + len(tokens))
        inputs["position_mantissas"] = np.array(model.positions.mantissas[some])
        inputs["position_exponents"] = np.array(model.positions.exponents[some])
    if model.types is not None:
        inputs["types"] = np.zeros(len(tokens), dtype=np.int64)
        inputs["type_mantissas"] = np.array(model.types.mantissas)
        inputs["type_exponents"] = np.array(model.types.exponents)
    parameters = {"position_offset": offset, **place.ties}
    yield accepted(
        "model-embedding",
        "las_embedding",
        "The rows of these tokens in the model's own tables, those of tokens numbered anew from 0.",
        parameters,
        inputs,
        provenance="model",
    )
    if model.embedding_norm is not None:
        x = place.record("embedding").residual
        yield from norm_case(place, "embedding-norm", x, model.embedding_norm)


def _output(model: LasModel, records: Records, tokens: NDArray[np.int64]) -> Iterator[Case]:
    """Yield final norm, logits, pooler and classifier (LAS-15)."""
    place = LasPlace(model=model, records=records, index=model.config.shape.layers)
    last = place.index - 1
    if model.final_norm is not None:
        x = records["las_mlp_residual", last].residual
        if model.config.structure.placement is Placement.POST:
            x = records["las_post_mlp_norm", last].output
        yield from norm_case(place, "final-norm", x, model.final_norm)
    if model.head is not None:
        yield spikes_case(place, "head_input", model.head_code)
        yield _logits(place, tokens)
    if model.pooler is not None and model.tables.tanh is not None:
        yield spikes_case(place, "head_input", model.head_code)
        code = model.head_code
        yield from saw_case(place, "pooler", model.pooler, "head_input", code, HEAD_BITS)
        x = place.record("pooler").output[0].astype(np.int32)
        inputs = {"x": x, **place.pieces(model.tables.tanh)}
        yield place.case("pooled", "las_activation", place.functions, inputs)
    if model.classifier is not None:
        code = model.classifier_code
        yield spikes_case(place, "classifier_input", code)
        given = (model.classifier, "classifier_input", code, HEAD_BITS)
        yield from saw_case(place, "classifier", *given)


def _logits(place: LasPlace, tokens: NDArray[np.int64]) -> Case:
    """Return the logits of these tokens' rows, and of the row of the largest sum."""
    head = place.model.head
    assert head is not None
    sums = np.abs(head.mantissas.astype(np.int64)).sum(axis=1, dtype=np.int64)
    rows = np.unique(np.append(tokens, np.argmax(sums)))
    return place.case(
        "logits",
        "las_logits",
        {**place.trains, **code_parameters(place.model.head_code), **place.ties},
        {
            **spike_inputs(place.record("head_input")),
            "mantissas": np.array(head.mantissas[rows]),
            "exponents": np.array(head.exponents[rows]),
        },
    )


def _decoded(
    model: LasModel, folder: Path, tokens: NDArray[np.int64], layers: tuple[int, ...]
) -> Iterator[Case]:
    """Yield whole passes; an encoder sees all its tokens at once."""
    count = len(tokens)
    ways = [("one-pass", "", "The whole prompt at once, every signal by its digest.")]
    if model.config.structure.causal:
        first = min(CHUNKED, count)
        chunked = [first] if first == count else [first, count - first]
        ways += [
            ("in-chunks", _joined(chunked), "The same tokens in chunks over the cache."),
            ("token-by-token", _joined([1] * count), "The same tokens one by one."),
        ]
    if count <= FEW_TOKENS:
        ways.append(("counts", "", "The whole prompt, with the counts of the chosen layers."))
    for name, chunks, comment in ways:
        parameters: Parameters = {"model": "model", "chunks": chunks}
        if name == "counts":
            parameters = {**parameters, "record_layers": _joined(layers)}
        yield accepted(
            f"model-decode-{name}",
            "las_decode",
            comment,
            parameters,
            {"tokens": tokens},
            provenance="model",
            folder=folder,
        )


def _joined(numbers: list[int] | tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))

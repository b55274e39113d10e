"""The dense engine on two layers of LLaMA-2-7B's shape, against PyTorch and its own products."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from spikeref.arith import compiled
from spikeref.arith.byte_products import installed
from spikeref.arith.compiled import suits_loops
from spikeref.arith.dot import dot_in_numpy
from spikeref.engine.dense import DENSE
from spikeref.engine.products import Engine, Synaptic
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import decoder_layers
from spikeref.model.config import ModelShape
from spikeref.model.layers import IntegerModel
from spikeref.neurons.counts import Encoder
from spikeref.ops.embedding import embed
from spikeref.trace.sinks import discard
from tools.bench.float_layers import ABSENT, float_layers
from tools.bench.plan import Measurement, Plan
from tools.bench.random_model import random_model
from tools.bench.report import Figure, Row, Target, Unmeasured
from tools.bench.timing import interleave, ratio, spread, timed

TOKENS = 128

SHAPE = ModelShape(
    vocab=TOKENS,
    hidden=4096,
    intermediate=11008,
    layers=2,
    heads=32,
    kv_heads=32,
    head_dim=128,
    positions=TOKENS,
    sliding_windows=(None, None),
)

DENSE_TARGET = Target(relation="<=", value=1.0)
PRODUCTS_TARGET = Target(relation="<=", value=1.5)

PEER = "PyTorch float32"

IN_NUMPY = "dense in NumPy"


@dataclass(frozen=True, slots=True)
class Product:
    """One spike-driven product of a pass, and how many multiplications and additions it has."""

    call: Callable[[Engine], NDArray[Any]]
    operations: int


def measure(plan: Plan) -> list[Row]:
    """Return the rows `dense` and `products`, from one interleaved run."""
    model = random_model(SHAPE)
    x = embed(np.arange(TOKENS), model.embedding, model.config.profile.ties).values
    products = recorded_products(model, x)
    calls: dict[str, Callable[[], float]] = {}
    for name, way in ways().items():
        calls[name] = timed(partial(way, partial(_decode, model, x)))
        calls[_products_of(name)] = timed(partial(way, partial(_multiply, products)))
    peer = float_layers(SHAPE, TOKENS, plan.threads)
    if peer is not None:
        calls[PEER] = timed(peer)
    return _rows(interleave(calls, plan.rounds(7, 3)), products)


Way = Callable[[Callable[[Engine], None]], None]
"""Calls its argument with an engine."""


def ways() -> dict[str, Way]:
    """Return by name how the dense engine runs: as installed, and where only NumPy is."""
    if not installed() and not suits_loops(1 << 62):
        return {"dense": _as_installed}
    return {"dense": _as_installed, IN_NUMPY: _in_numpy}


def _as_installed(call: Callable[[Engine], None]) -> None:
    call(DENSE)


def _in_numpy(call: Callable[[Engine], None]) -> None:
    with patch.object(compiled, "_compiler", lambda: None):
        call(replace(DENSE, project=_project_in_numpy))


def recorded_products(model: IntegerModel, x: NDArray[np.int64]) -> list[Product]:
    """Return every product that the engine computes while x [T, N] passes the layers."""
    products: list[Product] = []

    def keep(name: str, columns: int, counted: NDArray[Any], *arguments: Any) -> NDArray[Any]:
        def call(engine: Engine) -> NDArray[Any]:
            result: NDArray[Any] = getattr(engine, name)(*arguments)
            return result

        products.append(Product(call, 2 * counted.size * columns))
        return call(DENSE)

    def project(counts: NDArray[Any], synaptic: Synaptic, encoder: Encoder) -> NDArray[Any]:
        columns = synaptic.weights.shape[1]
        return keep("project", columns, counts, counts, synaptic, encoder)

    def score(queries: NDArray[Any], counts: NDArray[Any], encoder: Encoder) -> NDArray[Any]:
        return keep("score", len(counts), queries, queries, counts, encoder)

    def mix(addends: NDArray[Any], counts: NDArray[Any], encoder: Encoder) -> NDArray[Any]:
        return keep("mix", counts.shape[2], addends, addends, counts, encoder)

    _decode(model, x, replace(DENSE, project=project, score=score, mix=mix))
    return products


def _decode(model: IntegerModel, x: NDArray[np.int64], engine: Engine) -> None:
    decoder_layers(model, x, Cache(model.config.shape), engine, discard)


def _multiply(products: list[Product], engine: Engine) -> None:
    for product in products:
        product.call(engine)


def _project_in_numpy(counts: NDArray[Any], synaptic: Synaptic, encoder: Encoder) -> NDArray[Any]:
    return dot_in_numpy(
        counts,
        synaptic.weights,
        a_max=encoder.largest_count,
        b_max=synaptic.largest,
        sum_max=synaptic.accumulator_bound,
    )


def _products_of(name: str) -> str:
    return name.replace("dense", "products")


def _rows(seconds: dict[str, list[float]], products: list[Product]) -> list[Row]:
    operations = sum(product.operations for product in products)
    rates = {name: operations / spread(values).median / 1e9 for name, values in seconds.items()}
    whole: list[Figure | Unmeasured] = []
    parts: list[Figure | Unmeasured] = []
    for name in ways():
        alone = _products_of(name)
        whole.append(_over(name, PEER, seconds, DENSE_TARGET))
        parts.append(_over(name, alone, seconds, PRODUCTS_TARGET))
        parts.append(_over(alone, PEER, seconds, None, {"GFLOP/s": rates[alone]}))
    return [Row(name="dense", figures=whole), Row(name="products", figures=parts)]


def _over(
    name: str,
    other: str,
    seconds: dict[str, list[float]],
    target: Target | None,
    beside: Mapping[str, float] = MappingProxyType({}),
) -> Figure | Unmeasured:
    """Return the ratio of the seconds of two calls that ran in the same rounds."""
    if other not in seconds:
        return Unmeasured(name=f"{name} / {other}", reason=ABSENT, target=target)
    medians = {f"{side} s": spread(seconds[side]).median for side in (name, other)}
    return Figure(
        name=f"{name} / {other}",
        spread=ratio(seconds[name], seconds[other]),
        target=target,
        beside={**medians, **beside},
    )


MEASUREMENT = Measurement(
    rows={"dense": DENSE_TARGET, "products": PRODUCTS_TARGET}, measure=measure
)

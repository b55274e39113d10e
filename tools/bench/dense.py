"""The dense engine on two layers of LLaMA-2-7B's shape, against PyTorch and its own products."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.byte_products import installed
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

Product = tuple[NDArray[Any], Synaptic, Encoder]
"""The arguments of one spike-driven product of a linear operator."""


def measure(plan: Plan) -> list[Row]:
    """Return the rows `dense` and `products`, from one interleaved run."""
    model = random_model(SHAPE)
    x = embed(np.arange(TOKENS), model.embedding, model.config.profile.ties).values
    products = recorded_products(model, x)
    calls: dict[str, Callable[[], float]] = {}
    for name, engine in ways().items():
        calls[name] = timed(partial(_decode, model, x, engine))
        calls[_products_of(name)] = timed(partial(_multiply, products, engine))
    peer = float_layers(SHAPE, TOKENS, plan.threads)
    if peer is not None:
        calls[PEER] = timed(peer)
    return _rows(interleave(calls, plan.rounds(7, 3)), products)


def ways() -> dict[str, Engine]:
    """Return the dense engine as installed, and as it is without ONNX Runtime, by name."""
    in_numpy = {IN_NUMPY: replace(DENSE, project=_project_in_numpy)}
    return {"dense": DENSE, **in_numpy} if installed() else in_numpy


def recorded_products(model: IntegerModel, x: NDArray[np.int64]) -> list[Product]:
    """Return the arguments of every linear operator's product while x [T, N] passes the layers."""
    products: list[Product] = []

    def record(counts: NDArray[Any], synaptic: Synaptic, encoder: Encoder) -> NDArray[Any]:
        products.append((counts, synaptic, encoder))
        return DENSE.project(counts, synaptic, encoder)

    _decode(model, x, replace(DENSE, project=record))
    return products


def _decode(model: IntegerModel, x: NDArray[np.int64], engine: Engine) -> None:
    decoder_layers(model, x, Cache(model.config.shape), engine, discard)


def _multiply(products: list[Product], engine: Engine) -> None:
    for counts, synaptic, encoder in products:
        engine.project(counts, synaptic, encoder)


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
    operations = sum(2 * counts.size * s.weights.shape[1] for counts, s, _ in products)
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

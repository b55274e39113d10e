"""The dense engine on two layers of LLaMA-2-7B's shape, against PyTorch and its own products."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.engine.dense import DENSE
from spikeref.engine.products import Synaptic
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

Product = tuple[NDArray[Any], Synaptic, Encoder]
"""The arguments of one spike-driven product of a linear operator."""


def measure(plan: Plan) -> list[Row]:
    """Return the rows `dense` and `products`, from one interleaved run."""
    model = random_model(SHAPE)
    x = embed(np.arange(TOKENS), model.embedding, model.config.profile.ties).values
    products = recorded_products(model, x)

    def decode() -> None:
        decoder_layers(model, x, Cache(SHAPE), DENSE, discard)

    def multiply() -> None:
        for counts, synaptic, encoder in products:
            DENSE.project(counts, synaptic, encoder)

    calls = {"dense": timed(decode), "products": timed(multiply)}
    peer = float_layers(SHAPE, TOKENS, plan.threads)
    if peer is not None:
        calls["float32"] = timed(peer)
    return _rows(interleave(calls, plan.rounds(7, 3)), products)


def recorded_products(model: IntegerModel, x: NDArray[np.int64]) -> list[Product]:
    """Return the arguments of every linear operator's product while x [T, N] passes the layers."""
    products: list[Product] = []

    def record(counts: NDArray[Any], synaptic: Synaptic, encoder: Encoder) -> NDArray[Any]:
        products.append((counts, synaptic, encoder))
        return DENSE.project(counts, synaptic, encoder)

    decoder_layers(model, x, Cache(model.config.shape), replace(DENSE, project=record), discard)
    return products


def _rows(seconds: dict[str, list[float]], products: list[Product]) -> list[Row]:
    beside = {f"{name} s": spread(values).median for name, values in seconds.items()}
    operations = sum(2 * counts.size * s.weights.shape[1] for counts, s, _ in products)
    beside["products GFLOP/s"] = operations / beside["products s"] / 1e9
    over_products = Figure(
        name="dense / its products",
        spread=ratio(seconds["dense"], seconds["products"]),
        target=PRODUCTS_TARGET,
        beside=beside,
    )
    if "float32" not in seconds:
        return [
            Row(
                name="dense",
                figures=[Unmeasured(name="dense / PyTorch", reason=ABSENT, target=DENSE_TARGET)],
            ),
            Row(
                name="products",
                figures=[over_products, Unmeasured(name="products / PyTorch", reason=ABSENT)],
            ),
        ]
    over_peer = Figure(
        name="dense / PyTorch float32",
        spread=ratio(seconds["dense"], seconds["float32"]),
        target=DENSE_TARGET,
        beside=beside,
    )
    products_over_peer = Figure(
        name="products / PyTorch float32", spread=ratio(seconds["products"], seconds["float32"])
    )
    return [
        Row(name="dense", figures=[over_peer]),
        Row(name="products", figures=[over_products, products_over_peer]),
    ]


MEASUREMENT = Measurement(
    rows={"dense": DENSE_TARGET, "products": PRODUCTS_TARGET}, measure=measure
)

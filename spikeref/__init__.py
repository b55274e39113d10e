"""spikeref: the bit-exact reference for spike-driven large language models.

import spikeref as sr
model = sr.compile_model("path/to/checkpoint", "out-dir", profile="sdllm-w4a4kv4")
out = sr.run(model, tokens, engine="async")
"""

from spikeref.api import (
    RunResult,
    compile_model,
    encode_counts,
    find_engine,
    run,
    sparse_add,
    unfold,
)
from spikeref.arith.hadamard import hadamard
from spikeref.errors import (
    CheckpointError,
    DeliveryError,
    HeadroomError,
    InputError,
    ModelError,
    RangeError,
    SpikerefError,
    TokenError,
    TraceError,
    UsageError,
)
from spikeref.model.folder import load_model
from spikeref.model.layers import IntegerModel
from spikeref.neurons.counts import Counts

__all__ = [
    "CheckpointError",
    "Counts",
    "DeliveryError",
    "HeadroomError",
    "InputError",
    "IntegerModel",
    "ModelError",
    "RangeError",
    "RunResult",
    "SpikerefError",
    "TokenError",
    "TraceError",
    "UsageError",
    "compile_model",
    "encode_counts",
    "find_engine",
    "hadamard",
    "load_model",
    "run",
    "sparse_add",
    "unfold",
]

__version__ = "0.1.0"

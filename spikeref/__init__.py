"""spikeref: the bit-exact reference for spike-driven large language models.

import spikeref as sr
model = sr.compile_model("path/to/checkpoint", "out-dir", profile="sdllm-w4a4kv4")
out = sr.run(model, tokens, engine="async")
"""

from spikeref.api import (
    EmbedResult,
    RunResult,
    compile_model,
    embed,
    encode_counts,
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
from spikeref.forward.embedded import Embedded
from spikeref.model.folder import load_model
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.neurons.counts import Counts

__all__ = [
    "CheckpointError",
    "Counts",
    "DeliveryError",
    "EmbedResult",
    "Embedded",
    "HeadroomError",
    "InputError",
    "IntegerModel",
    "LasModel",
    "ModelError",
    "RangeError",
    "RunResult",
    "SpikerefError",
    "TokenError",
    "TraceError",
    "UsageError",
    "compile_model",
    "embed",
    "encode_counts",
    "hadamard",
    "load_model",
    "run",
    "sparse_add",
    "unfold",
]

__version__ = "0.1.0"

"""A model's HG neurons as inputs of operations (CONF-9)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.functions.tables import FunctionTables
from spikeref.model.las_tables import neuron_tensors
from spikeref.neurons.expansion import Expansion
from spikeref.neurons.hierarchical import HgNeuron


def function_inputs(tables: FunctionTables) -> dict[str, NDArray[Any]]:
    """Return the thresholds of each function of one piece by name; fitted ones have none."""
    neurons = {
        "exp": tables.exp,
        "reciprocal": tables.reciprocal,
        "rsqrt": tables.rsqrt,
        "sqrt": tables.square_root,
        "square": tables.square,
    }
    subs = {name: neuron.pieces[0].neuron for name, neuron in neurons.items()}
    return {name: sub.thresholds for name, sub in subs.items() if isinstance(sub, Expansion)}


def piece_inputs(neuron: HgNeuron) -> dict[str, NDArray[Any]]:
    """Return `pieces`, and `thresholds` and `constants` where pieces have them."""
    tensors = neuron_tensors("silu", neuron)
    pieces = tensors.pop("tables.silu.pieces")
    # neuron_tensors keeps the order of the pieces.
    rows = {
        "thresholds": [a for name, a in tensors.items() if name.endswith(".thresholds")],
        "constants": [a for name, a in tensors.items() if name.endswith(".few_spikes")],
    }
    return {"pieces": pieces} | {name: np.stack(some) for name, some in rows.items() if some}

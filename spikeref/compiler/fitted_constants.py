"""The constants of the fitted FS neurons: data, found by tools.fit_few_spikes (HG-8)."""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from spikeref.functions.tables import FunctionName
from spikeref.neurons.few_spikes import FewSpikes

FILE = "fitted_few_spikes.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """One FS neuron, and how far it is from its function."""

    neuron: FewSpikes
    largest_error: float
    """Bound on |C − |f|·2^−e| over the whole range of the piece, at 16 steps."""


def fitted_constants(name: FunctionName) -> dict[int, Fitted]:
    """Return the FS neurons of a function by the numbers of their pieces in chapter 19."""
    return {
        int(number): Fitted(
            neuron=FewSpikes(
                resets=tuple(entry["resets"]),
                thresholds=tuple(entry["thresholds"]),
                weights=tuple(entry["weights"]),
            ),
            largest_error=entry["largest_error"],
        )
        for number, entry in _read().get(name, {}).items()
    }


@lru_cache(maxsize=1)
def _read() -> dict[str, Any]:
    text = files("spikeref.compiler").joinpath(FILE).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found

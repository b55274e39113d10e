"""Tables of HG neurons that a case states at the steps that it reads (NEUR-7, LMOD-4)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.operations.las_forms import WHOLE_STEPS, steps_of
from spikeref.operations.operation import Inputs, Parameters
from spikeref.operations.parameters import integer


def with_whole_tables(parameters: Parameters, tensors: Inputs) -> dict[str, NDArray[Any]]:
    """Return a model's tensors, the thresholds of S = `table_steps` steps as those of 16.

    What lies between the thresholds that S steps read is never read. A table of another size stays
    as it is, for the model's own checks to refuse.
    """
    steps_of(parameters)
    stated = integer(parameters, "table_steps")
    return {name: _whole(name, array, stated) for name, array in tensors.items()}


def _whole(name: str, array: NDArray[Any], steps: int) -> NDArray[Any]:
    thresholds = name.startswith("tables.") and name.endswith(".thresholds")
    if not thresholds or array.shape != ((1 << steps) - 1,):
        return array
    apart = 1 << (WHOLE_STEPS - steps)
    return np.concatenate([np.repeat(array, apart), np.repeat(array[-1:], apart - 1)])

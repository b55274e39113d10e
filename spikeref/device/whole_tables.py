"""Tables that a case states at the steps it reads, as those of 16 steps (NEUR-7, LMOD-4)."""

from collections.abc import Mapping
from itertools import chain, repeat

from .las_functions import WHOLE_STEPS
from .parameters import Parameters
from .tensor import Refusal, Tensor


def with_whole_tables(parameters: Parameters, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a model, its thresholds of `table_steps` steps repeated up to 16."""
    steps, stated = parameters.integer("steps"), parameters.integer("table_steps")
    if not 1 <= steps <= stated <= WHOLE_STEPS:
        raise Refusal("parameter", f"{steps} steps of a table of {stated}")
    return {name: _whole(name, tensor, stated) for name, tensor in tensors.items()}


def _whole(name: str, tensor: Tensor, steps: int) -> Tensor:
    thresholds = name.startswith("tables.") and name.endswith(".thresholds")
    if not thresholds or tensor.shape != ((1 << steps) - 1,):
        return tensor
    apart = 1 << (WHOLE_STEPS - steps)
    flat = chain.from_iterable(repeat(threshold, apart) for threshold in tensor.flat)
    whole = (*flat, *repeat(tensor.flat[-1], apart - 1))
    return Tensor(tensor.type, (len(whole),), whole)

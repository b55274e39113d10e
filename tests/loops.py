"""Where compiled loops do the work, and where they do not, in one process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from spikeref.arith import compiled

Result = TypeVar("Result")


@contextmanager
def interpreted_loops() -> Iterator[None]:
    """Loops do all that they can, as the plain Python that they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "WORTH_LOADING", 1)
        patch.setattr(compiled, "_compiler", lambda: compiled)
        patch.setattr(compiled, "_machine_code", lambda loop: loop)
        yield


def by_numpy(work: Callable[[], Result]) -> Result:
    """What `work` returns where no loop does any of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "_compiler", lambda: None)
        return work()

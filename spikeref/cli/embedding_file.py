"""Embeddings in a .npy file, in place of a prompt's tokens (`run --embeddings`)."""

from pathlib import Path
from tokenize import TokenError as TokenizeError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.errors import TokenError
from spikeref.forward.embedded import Embedded
from spikeref.ops.embedding import FRACTION_BITS, RESIDUAL_BITS


def read_embeddings(path: str | Path, positions: str | Path | None) -> Embedded:
    """Return embeddings [T, N], floats or integers, rounded half to even to 16 fraction bits.

    positions: a file of position numbers [3, T], where the tokens have such (LMOD-9). TokenError:
    no such file, not an array of two dimensions, a value that is no number or leaves 40 bits.
    """
    values = _read(path, "fiu", "numbers [T, N]")
    # float64 holds every value that fits 40 bits; scaling by a power of two is exact. What becomes
    # infinite on the way is refused below.
    with np.errstate(over="ignore"):
        scaled = np.rint(np.ldexp(values.astype(np.float64), FRACTION_BITS))
    limit = float(1 << (RESIDUAL_BITS - 1))
    if not bool(np.all((scaled >= -limit) & (scaled < limit))):
        raise TokenError(f"{path}: a value is no number or leaves ±{1 << 23}")
    numbers = None
    if positions is not None:
        numbers = _read(positions, "iu", "integers [3, T]").astype(np.int64)
    return Embedded(values=scaled.astype(np.int64), positions=numbers)


def _read(path: str | Path, kinds: str, wanted: str) -> NDArray[Any]:
    """Return an array of two dimensions whose type is of one of these kinds."""
    try:
        # Not np.load, which would also open a .npz archive and unpickle what is neither.
        with Path(path).open("rb") as file:
            values = np.lib.format.read_array(file, allow_pickle=False)
    except OSError as fault:
        raise TokenError(f"{path}: cannot be read ({fault.strerror or fault})") from fault
    except (ValueError, TypeError, SyntaxError, TokenizeError, RecursionError, EOFError) as fault:
        # A damaged header leaves NumPy's parsers as any of these.
        raise TokenError(f"{path}: not a .npy file of numbers") from fault
    if values.ndim != 2 or values.dtype.kind not in kinds:
        raise TokenError(f"{path}: a .npy array of {wanted} is needed")
    return values

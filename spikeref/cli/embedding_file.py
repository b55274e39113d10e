"""Embeddings in a .npy file, in place of a prompt's tokens (`run --embeddings`)."""

from pathlib import Path

import numpy as np

from spikeref.errors import TokenError
from spikeref.forward.embedded import Embedded
from spikeref.ops.embedding import FRACTION_BITS, RESIDUAL_BITS


def read_embeddings(path: str | Path) -> Embedded:
    """Return embeddings [T, N], floats or integers, rounded half to even to 16 fraction bits.

    TokenError: no such file, not an array of two dimensions, a value that is no number or leaves
    40 bits.
    """
    try:
        values = np.load(path, allow_pickle=False)
    except OSError as fault:
        raise TokenError(f"{path}: cannot be read ({fault.strerror or fault})") from fault
    except ValueError as fault:
        raise TokenError(f"{path}: not a .npy file ({fault})") from fault
    if not isinstance(values, np.ndarray) or values.ndim != 2 or values.dtype.kind not in "fiu":
        raise TokenError(f"{path}: a .npy array of numbers [T, N] is needed")
    # float64 holds every value that fits 40 bits; scaling by a power of two is exact.
    scaled = np.rint(np.ldexp(values.astype(np.float64), FRACTION_BITS))
    limit = float(1 << (RESIDUAL_BITS - 1))
    if not bool(np.all((scaled >= -limit) & (scaled < limit))):
        raise TokenError(f"{path}: a value is no number or leaves ±{1 << 23}")
    return Embedded(values=scaled.astype(np.int64))

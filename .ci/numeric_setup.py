"""Print in one line what computes here, with fingerprints of floats that depend on it.

The fingerprints show that a variant of the setup took effect: they may differ from one to the
next, where the demo's digests may not.

Usage: numeric_setup.py
       numeric_setup.py --dispatched avx512|all    names for NPY_DISABLE_CPU_FEATURES
"""

import hashlib
import platform
import sys

import numpy as np
from numpy._core import _multiarray_umath as core

AVX512_NAMES = ("AVX512", "X86_V4")


def dispatched(group: str) -> list[str]:
    """Return the CPU features beyond its baseline that NumPy uses on this CPU."""
    used = [name for name in core.__cpu_dispatch__ if core.__cpu_features__[name]]
    return [name for name in used if group == "all" or name.startswith(AVX512_NAMES)]


def fingerprint(array: np.ndarray) -> str:
    """Return eight digits over the bytes of an array."""
    return hashlib.sha256(array.tobytes()).hexdigest()[:8]


def describe() -> str:
    """Return machine, versions, CPU features and the fingerprints."""
    angles = np.arange(64 * 300, dtype=np.float64).reshape(64, 300)
    matrix = ((angles * 0.6180339887498949) % 1.0 - 0.5).astype(np.float32)
    # Some kernels raise floating-point flags for lanes that hold no element of the product.
    with np.errstate(all="ignore"):
        product = matrix @ matrix.T
    return (
        f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__},"
        f" features {' '.join(dispatched('all')) or 'of the baseline'};"
        f" float32 product {fingerprint(product)}, exp {fingerprint(np.exp(matrix))}"
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--dispatched", ("avx512" | "all") as group]:
            print(",".join(dispatched(group)))
        case []:
            print(describe())
        case _:
            sys.exit(__doc__)

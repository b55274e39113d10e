"""One thread for each BLAS call, where the BLAS can be told so.

Products run on threads of our own, a block of columns each, so that widening integers to floats
and the product itself go on side by side. BLAS threads beneath them would only wait for each
other. No result depends on it.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np

LIBRARY_FOLDERS = ("../numpy.libs", ".dylibs")
"""Where NumPy's wheels for Linux and macOS keep their OpenBLAS, beside the package."""


@contextmanager
def one_blas_thread() -> Iterator[bool]:
    """Keep BLAS calls on their calling thread for a while; yield whether that was possible."""
    library = _bundled_openblas()
    if library is None:
        yield False
        return
    before = library.scipy_openblas_get_num_threads64_()
    library.scipy_openblas_set_num_threads64_(1)
    try:
        yield True
    finally:
        library.scipy_openblas_set_num_threads64_(before)


@lru_cache(maxsize=1)
def _bundled_openblas() -> ctypes.CDLL | None:
    """Return the OpenBLAS that NumPy itself has loaded, or None for another BLAS."""
    package = Path(np.__file__).parent
    for folder in LIBRARY_FOLDERS:
        for path in sorted((package / folder).glob("libscipy_openblas64_*")):
            try:
                library = ctypes.CDLL(str(path))
                _ = library.scipy_openblas_set_num_threads64_
                _ = library.scipy_openblas_get_num_threads64_
            except (OSError, AttributeError):
                continue
            return library
    return None

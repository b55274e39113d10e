"""One thread for each BLAS call, where the BLAS can be told so.

Products run on threads of our own, a block of columns each, so that widening integers to floats
and the product itself go on side by side. BLAS threads beneath them would only wait for each
other. No result depends on it.
"""

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np

ONLY_IF_LOADED = getattr(os, "RTLD_NOLOAD", 0) | ctypes.DEFAULT_MODE
"""Where the system can tell, open the library that NumPy has loaded, never a second one."""

LIBRARY_FOLDERS = ("../numpy.libs", ".dylibs")
"""Where NumPy's wheels for Linux and macOS keep their OpenBLAS, beside the package."""


class _OneThread:
    """Counts who asks for one BLAS thread: the first saves the setting, the last restores it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._before = 1

    def enter(self, library: ctypes.CDLL) -> None:
        with self._lock:
            if self._holders == 0:
                self._before = library.scipy_openblas_get_num_threads64_()
                library.scipy_openblas_set_num_threads64_(1)
            self._holders += 1

    def leave(self, library: ctypes.CDLL) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                library.scipy_openblas_set_num_threads64_(self._before)


# The setting is the library's, one for the whole process, and so is the count of its holders.
_ONE_THREAD = _OneThread()


@contextmanager
def one_blas_thread() -> Iterator[bool]:
    """Keep BLAS calls on their calling thread for a while; yield whether that was possible."""
    library = _bundled_openblas()
    if library is None:
        yield False
        return
    _ONE_THREAD.enter(library)
    try:
        yield True
    finally:
        _ONE_THREAD.leave(library)


@lru_cache(maxsize=1)
def _bundled_openblas() -> ctypes.CDLL | None:
    """Return the OpenBLAS that NumPy itself has loaded, or None for another BLAS."""
    package = Path(np.__file__).parent
    for folder in LIBRARY_FOLDERS:
        for path in sorted((package / folder).glob("libscipy_openblas64_*")):
            try:
                library = ctypes.CDLL(str(path), mode=ONLY_IF_LOADED)
                _ = library.scipy_openblas_set_num_threads64_
                _ = library.scipy_openblas_get_num_threads64_
            except (OSError, AttributeError):
                continue
            return library
    return None

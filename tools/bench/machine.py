"""What the figures depend on: cores, NumPy, BLAS and its threads, and other work on the machine."""

import ctypes
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

THREAD_COUNTS = (
    "scipy_openblas_get_num_threads64_",
    "scipy_openblas_get_num_threads",
    "openblas_get_num_threads64_",
    "openblas_get_num_threads",
    "MKL_Get_Max_Threads",
)
"""Functions by which BLAS libraries tell how many threads they use."""


def describe_machine() -> dict[str, Any]:
    """Return processor, cores, Python, NumPy, BLAS, BLAS threads (None where unknown) and load."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "processor": _processor(),
        "cores": core_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
        "blas_threads": blas_threads(),
        "load": load_average(),
    }


def core_count() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_average() -> float | None:
    """Return how many processes ran at once over the last minute; None where nobody counts."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def blas_threads() -> int | None:
    """Return the threads of NumPy's BLAS, as the loaded library says; None where it does not."""
    maps = Path("/proc/self/maps")
    if not maps.is_file():
        return None
    np.dot(np.ones(2), np.ones(2))
    mapped = {line.split(maxsplit=5)[-1] for line in maps.read_text().splitlines()}
    for path in sorted(mapped):
        if "blas" not in path.lower() and "mkl_rt" not in path:
            continue
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for name in THREAD_COUNTS:
            if hasattr(library, name):
                return int(getattr(library, name)())
    return None


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

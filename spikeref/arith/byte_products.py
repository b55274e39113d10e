"""Products of 8-bit integers in ONNX Runtime, where that is installed (ARITH-9).

Its operator MatMulInteger adds products of bytes in 32-bit integers, which CPUs with 8-bit dot
products do several times as fast as float32. `byte_product.onnx` is that one operator with a zero
point for its left operand; `python -m tools.byte_product` writes it.
"""

from functools import lru_cache
from importlib import metadata, resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.blocks import even_parts, map_in_threads, threads_for

MODEL_NAME = "byte_product.onnx"

SILENT_BEFORE = (1, 29)
"""From this release on, the library reports its use to its maker as soon as it is imported
(its docs/Privacy.md, and pull request 27379)."""

SMALLEST_WORK = 1 << 18
"""Multiplications below which NumPy is done before the library has begun."""

THREADED_WORK = 1 << 25
"""Multiplications below which the library is done before a second thread has begun."""

PAIR_LIMIT = 1 << 15
"""CPUs without 8-bit dot products add two products in 16 bits, and saturate there."""

SUM_LIMIT = 1 << 31

ERRORS_ONLY = 3
"""A severity of the library's log: its remarks on the machine are of no use to our users."""


def installed() -> bool:
    """Return whether a release of the library is there that keeps to itself."""
    try:
        major, minor, *_ = metadata.version("onnxruntime").split(".")
    except metadata.PackageNotFoundError:
        return False
    return (int(major), int(minor)) < SILENT_BEFORE


def suits_bytes(a: NDArray[Any], b: NDArray[Any], a_max: int, b_max: int) -> bool:
    """Return whether a [T, K] @ b [K, M], |a| <= a_max and |b| <= b_max, is exact in bytes.

    The left operand becomes unsigned by adding a_max where it is signed, so its bytes reach
    `top`; pairs of products must stay below 2^15, and whole sums below 2^31.
    """
    bytes_only = a.dtype in (np.int8, np.uint8) and b.dtype == np.int8 and b.flags.c_contiguous
    top = _offset(a, a_max) + a_max
    return (
        bytes_only
        and top <= np.iinfo(np.uint8).max
        and 2 * top * b_max < PAIR_LIMIT
        and len(b) * top * b_max < SUM_LIMIT
    )


def byte_product(a: NDArray[Any], b: NDArray[Any], a_max: int) -> NDArray[np.int32] | None:
    """Return a @ b, int32 [T, M], for operands that suits_bytes; None where nothing computes it.

    That is so without the library, and for products too small for it.
    """
    work = len(a) * b.size
    session = _session() if work >= SMALLEST_WORK else None
    if session is None:
        return None
    offset = np.asarray(_offset(a, a_max), dtype=np.uint8)

    def multiply(terms: slice) -> NDArray[np.int32]:
        # Modulo 256: negative counts wrap to where the offset brings them.
        unsigned = np.add(a[:, terms].view(np.uint8), offset, order="C")
        (sums,) = session.run(None, {"a": unsigned, "a_zero_point": offset, "b": b[terms]})
        return np.asarray(sums, dtype=np.int32)

    # Rows of b lie together, and no thread needs another's.
    parts = even_parts(len(b), threads_for(work) if work >= THREADED_WORK else 1)
    total, *others = map_in_threads(multiply, parts, work)
    for sums in others:
        total += sums
    return total


def _offset(a: NDArray[Any], a_max: int) -> int:
    return 0 if a.dtype == np.uint8 else a_max


@lru_cache(maxsize=1)
def _session() -> Any | None:
    """Return what runs the operator on the calling thread, or None without the library.

    Threads of the library's own would hang a forked process when it ends.
    """
    if not installed():
        return None
    try:
        import onnxruntime
    except ImportError:  # a broken installation is as good as none
        return None
    onnxruntime.disable_telemetry_events()  # of older releases: Windows' own
    onnxruntime.set_default_logger_severity(ERRORS_ONLY)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # it would keep the memory of the largest product
    model = resources.files(__package__).joinpath(MODEL_NAME).read_bytes()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

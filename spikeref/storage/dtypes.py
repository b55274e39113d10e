"""Element types of safetensors files, and the exact widening of floats to float32."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

STORED_DTYPES: Mapping[str, np.dtype[Any]] = MappingProxyType(
    {
        "BOOL": np.dtype("u1"),
        "U8": np.dtype("u1"),
        "I8": np.dtype("i1"),
        "F8_E4M3": np.dtype("u1"),
        "F8_E5M2": np.dtype("u1"),
        "U16": np.dtype("<u2"),
        "I16": np.dtype("<i2"),
        "F16": np.dtype("<f2"),
        "BF16": np.dtype("<u2"),
        "U32": np.dtype("<u4"),
        "I32": np.dtype("<i4"),
        "F32": np.dtype("<f4"),
        "U64": np.dtype("<u8"),
        "I64": np.dtype("<i8"),
        "F64": np.dtype("<f8"),
    }
)
"""Name in the header -> the NumPy type that holds the same bits (bfloat16 as its 16 bits)."""

WIDENED_DTYPES = ("BF16", "F16", "F32")
"""The types that float32 holds exactly."""


def bfloat16_to_float32(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Exact: a bfloat16 is the upper half of a float32. uint16 [...] -> float32 [...]."""
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def widen(stored: NDArray[Any], dtype: str) -> NDArray[np.float32]:
    """A fresh float32 array [...] equal to `stored` [...], whose header type is `dtype`.

    `dtype` is one of WIDENED_DTYPES; float16 and bfloat16 widen without rounding.
    """
    if dtype == "BF16":
        return bfloat16_to_float32(stored)
    return stored.astype(np.float32)

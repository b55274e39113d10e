"""Random tensors by name: the same numbers whatever the sharding."""

import zlib
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.checkpoint.families import TensorSpec

WeightType: TypeAlias = Literal["bf16", "fp16", "fp32"]

STORED: dict[WeightType, str] = {"bf16": "BF16", "fp16": "F16", "fp32": "F32"}
ITEM_BYTES: dict[WeightType, int] = {"bf16": 2, "fp16": 2, "fp32": 4}

_CHUNK_ELEMENTS = 1 << 22


def tensor_bytes(
    spec: TensorSpec, *, seed: int, dtype: WeightType, scale: float
) -> Iterator[bytes]:
    """The elements of one tensor, chunk by chunk, in the layout of a safetensors file.

    Norm gains are 1 + 0.1 g, everything else scale · g, with g standard normal from a generator
    seeded by `seed` and the tensor's name.
    """
    generator = np.random.default_rng([seed, zlib.crc32(spec.name.encode())])
    is_gain = spec.name.endswith("norm.weight")
    left = int(np.prod(spec.shape, dtype=np.int64))
    while left:
        count = min(left, _CHUNK_ELEMENTS)
        values = generator.standard_normal(count, dtype=np.float32)
        values = 1 + np.float32(0.1) * values if is_gain else np.float32(scale) * values
        yield _stored(values, dtype).tobytes()
        left -= count


def _stored(values: NDArray[np.float32], dtype: WeightType) -> NDArray[Any]:
    match dtype:
        case "bf16":
            return bfloat16_bits(values)
        case "fp16":
            return values.astype("<f2")
        case "fp32":
            return values.astype("<f4")
        case _:
            assert_never(dtype)


def bfloat16_bits(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Finite float32 [...] rounded to bfloat16, ties to even: its 16 bits, little-endian."""
    bits = values.view(np.uint32)
    to_even = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return ((bits + to_even) >> np.uint32(16)).astype("<u2")

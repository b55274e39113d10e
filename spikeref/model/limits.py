"""The sizes that a model may have, in one place (MODEL-8)."""

LARGEST_BOUND = 1 << 30
"""Accumulators beyond this could leave the 62 bits of a rescale product (OP-8)."""

LARGEST_SIZES: dict[str, int] = {
    "vocab": 1 << 20,
    "hidden": 1 << 15,
    "intermediate": 1 << 16,
    "layers": 1 << 12,
    "heads": 1 << 12,
    "kv_heads": 1 << 12,
    "head_dim": 1 << 9,
    "positions": 1 << 17,
}
"""By the names of MODEL-4."""

LARGEST_QUERY_WIDTH = 1 << 16
"""H·d, the input width of o."""

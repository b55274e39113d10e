"""Rotary position embedding (ATT-1)."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeref.ops.rope import rotate_positions
from tests.arith.integers import sized
from tests.ops import transcription
from tests.ops.signals import POTENTIAL

TOKENS, HEADS, WIDTH = 2, 2, 4
ANGLE = st.lists(st.integers(-(1 << 14), 1 << 14), min_size=WIDTH // 2, max_size=WIDTH // 2)
TABLE = st.lists(ANGLE, min_size=TOKENS, max_size=TOKENS)


@settings(max_examples=50)
@given(
    x=st.lists(sized(POTENTIAL), min_size=TOKENS * HEADS * WIDTH, max_size=TOKENS * HEADS * WIDTH),
    cos=TABLE,
    sin=TABLE,
)
def test_every_head_is_rotated_by_its_token(
    x: list[int], cos: list[list[int]], sin: list[list[int]]
) -> None:
    heads = np.array(x, dtype=np.int64).reshape(TOKENS, HEADS, WIDTH)
    tables = (np.array(t, dtype=np.int16) for t in (cos, sin))
    found = rotate_positions(heads, *tables)
    for t in range(TOKENS):
        for h in range(HEADS):
            expected = transcription.rope(heads[t, h].tolist(), cos[t], sin[t])
            assert found[t, h].tolist() == expected
            assert max(abs(r) for r in expected) <= 1 << 46


def test_quarter_turns_by_hand() -> None:
    """cos = 0, sin = 2^14 turns (x_a, x_b) into (−x_b, x_a)."""
    x = np.array([[[1, 2, 3, 4]]], dtype=np.int64)
    cos, sin = np.zeros((1, 2), dtype=np.int16), np.full((1, 2), 1 << 14, dtype=np.int16)
    one = 1 << 14
    assert rotate_positions(x, cos, sin).tolist() == [[[-3 * one, -4 * one, one, 2 * one]]]

"""Constants and random signals for the operators' tests."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from spikeref.compiler.constants import model_constants
from spikeref.model.config import Constants
from spikeref.neurons.counts import Encoder, Encoding
from tests.arith.integers import sized

RESIDUAL = (1 << 39) - 1
POTENTIAL = (1 << 31) - 1


def constants_of(width: int, epsilon: Fraction = Fraction(1, 100000)) -> Constants:
    """Constants of a model of residual width N and head width 8."""
    cache = Encoder(bits=4, encoding=Encoding.TERNARY)
    return model_constants(
        width=width, power=Fraction(1), epsilon=epsilon, head_dim=8, head_order=8, cache=cache
    )


def rows_of(largest: int, width: int, most: int = 3) -> st.SearchStrategy[NDArray[np.int64]]:
    """Arrays [T, width]: any values, one outlier, all extreme, or zeros."""
    small = st.integers(-40, 40)
    lane = st.integers(0, width - 1)
    row = st.one_of(
        st.lists(sized(largest), min_size=width, max_size=width),
        st.lists(small, min_size=width, max_size=width),
        st.builds(
            lambda values, j, big: [*values[:j], big, *values[j + 1 :]],
            st.lists(small, min_size=width, max_size=width),
            lane,
            st.sampled_from((largest, -largest)),
        ),
        st.lists(st.sampled_from((largest, -largest)), min_size=width, max_size=width),
        st.just([0] * width),
    )
    return st.lists(row, min_size=1, max_size=most).map(lambda r: np.array(r, dtype=np.int64))

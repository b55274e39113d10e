"""Token ids as a model accepts them."""

from typing import Any

import numpy as np
import pytest

from spikeref.errors import TokenError
from spikeref.forward.tokens import check_tokens, token_array
from spikeref.model.layers import IntegerModel


@pytest.mark.parametrize("tokens", [[1, None], [[1], [1, 2]], [1.0], ["1"], [True], [[1, 2]]])
def test_what_is_no_flat_list_of_integers_is_refused(tokens: Any) -> None:
    with pytest.raises(TokenError, match="flat list of integer token ids"):
        token_array(tokens)


@pytest.mark.parametrize("token", [1 << 63, -(1 << 70), 10**30])
def test_an_id_beyond_every_vocabulary_is_refused(token: int) -> None:
    with pytest.raises(TokenError, match="beyond 2\\^63"):
        token_array([token])


def test_arrays_of_every_integer_width_are_taken() -> None:
    for form in (np.uint8, np.int16, np.uint64):
        assert token_array(np.array([1, 2], dtype=form)).tolist() == [1, 2]


@pytest.mark.parametrize(("tokens", "message"), [([], "empty"), ([-1], "out of range")])
def test_impossible_prompts(tiny_model: IntegerModel, tokens: list[int], message: str) -> None:
    with pytest.raises(TokenError, match=message):
        check_tokens(tiny_model.config.shape, token_array(tokens), 0)


def test_a_prompt_longer_than_the_positions(tiny_model: IntegerModel) -> None:
    positions = tiny_model.config.shape.positions
    with pytest.raises(TokenError, match=f"do not fit the model's {positions} positions"):
        check_tokens(tiny_model.config.shape, token_array([0, 0]), positions - 1)

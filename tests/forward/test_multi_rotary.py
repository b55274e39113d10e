"""Three position numbers a token (LMOD-9)."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spikeref.engine.choice import EngineChoice
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.errors import TokenError
from spikeref.forward.embedded import Embedded
from spikeref.forward.generate import generate
from spikeref.forward.las import las_forward, las_forward_embedded
from spikeref.forward.las_cache import LasCache
from spikeref.model.las_config import Position
from spikeref.model.las_layers import LasModel
from spikeref.trace.sinks import discard
from tests.las_models import compiled_las

TOKENS = np.array([3, 77, 20, 5], dtype=np.int64)
TEXT = np.tile(np.arange(4, dtype=np.int64), (3, 1))


@pytest.fixture(scope="module")
def rotary(tmp_path_factory: pytest.TempPathFactory) -> LasModel:
    return compiled_las(tmp_path_factory.mktemp("rotary"), "llama")


def with_sections(model: LasModel, *sections: int) -> LasModel:
    structure = replace(
        model.config.structure, position=Position.MULTI_ROTARY, multi_rotary=sections
    )
    return replace(model, config=replace(model.config, structure=structure))


def states(model: LasModel, positions: NDArray[np.int64] | None) -> list[list[int]]:
    """Return the last states of four tokens at positions int64 [3, 4]."""
    rows = np.random.default_rng(1).integers(-(1 << 20), 1 << 20, (4, model.config.shape.hidden))
    given = Embedded(values=rows, positions=positions)
    cache = LasCache(model.config)
    done: list[list[int]] = las_forward_embedded(
        model, given, cache, LAS_DENSE, discard
    ).states.tolist()
    return done


def test_text_has_three_equal_numbers(rotary: LasModel) -> None:
    pairs = rotary.config.shape.head_dim // 2
    model = with_sections(rotary, 1, 1, pairs - 2)
    plain, multi = (
        las_forward(each, TOKENS, LasCache(each.config), LAS_DENSE, discard).states.tolist()
        for each in (rotary, model)
    )
    assert plain == multi
    assert states(model, TEXT) == states(model, None) == states(rotary, None)


def test_each_number_turns_its_own_pairs(rotary: LasModel) -> None:
    """A number without pairs has no say; with all of them it alone has."""
    pairs = rotary.config.shape.head_dim // 2
    other = TEXT[0][::-1]
    for axis in range(3):
        sections = [0, 0, 0]
        sections[axis] = pairs
        model = with_sections(rotary, *sections)
        alone = np.tile(other, (3, 1))
        alone[axis] = TEXT[axis]
        assert states(model, alone) == states(rotary, None)
        assert states(with_sections(rotary, 1, 1, pairs - 2), alone) != states(rotary, None)


def test_a_number_follows_the_largest_before_it(rotary: LasModel) -> None:
    """Not the largest of the pass before it alone."""
    model = with_sections(rotary, 1, 1, rotary.config.shape.head_dim // 2 - 2)
    cache, zeros = LasCache(model.config), np.zeros((4, model.config.shape.hidden), dtype=np.int64)
    for positions in (TEXT + 20, TEXT):
        given = Embedded(values=zeros, positions=positions)
        las_forward_embedded(model, given, cache, LAS_DENSE, discard)
    assert cache.next_position == 24
    assert cache.length == 8


def test_numbers_that_run_off_the_table(rotary: LasModel) -> None:
    """The last number is the last row; a token after it has none, given or not."""
    model = with_sections(rotary, 1, 1, rotary.config.shape.head_dim // 2 - 2)
    last = model.config.shape.positions - 1
    zeros = np.zeros((4, model.config.shape.hidden), dtype=np.int64)
    given = Embedded(values=zeros, positions=np.full((3, 4), last, dtype=np.int64))
    assert len(generate(model, given, 1, EngineChoice(), discard).new_tokens) == 1
    with pytest.raises(TokenError, match=f"the model has 0 to {last}") as refused:
        generate(model, given, 2, EngineChoice(), discard)
    assert "\n" not in str(refused.value)
    cache = LasCache(model.config)
    las_forward_embedded(model, given, cache, LAS_DENSE, discard)
    with pytest.raises(TokenError, match=f"the model has 0 to {last}"):
        las_forward_embedded(model, Embedded(values=zeros), cache, LAS_DENSE, discard)


@pytest.mark.parametrize(
    ("positions", "words"),
    [
        (TEXT.astype(np.float64), "integers"),
        (TEXT.tolist(), "integers"),
        (TEXT[:2], "shape"),
        (TEXT - 1, "numbers from 0"),
        (TEXT + (1 << 62), "numbers from 0"),
    ],
)
def test_positions_that_are_refused(rotary: LasModel, positions: Any, words: str) -> None:
    model = with_sections(rotary, 1, 1, rotary.config.shape.head_dim // 2 - 2)
    with pytest.raises(TokenError, match=words) as refused:
        states(model, positions)
    assert "\n" not in str(refused.value)
    assert states(model, TEXT.astype(np.uint8)) == states(model, TEXT)

"""The first record, field and element in which two traces differ (TRACE-8)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hand_made_trace import given_linear, small_records, write

from spikeref.engine.dense import DENSE
from spikeref.errors import UsageError
from spikeref.forward.cache import Cache
from spikeref.forward.decoder import forward
from spikeref.model.layers import IntegerModel
from spikeref.neurons.trains import unfold
from spikeref.trace.diff import Divergence, first_different_step, first_divergence
from spikeref.trace.manifest import TRACE_LEVELS, TraceLevel
from spikeref.trace.reader import TraceFolder, read_trace
from spikeref.trace.records import CacheOp, InputOp, Record

TOKENS = [256, 72, 105]

Written = Callable[..., TraceFolder]


@pytest.fixture
def written(tmp_path: Path, tiny_model: IntegerModel) -> Written:
    """A function that writes records and reads the trace."""
    names = iter(range(100))

    def make(
        records: list[Record], tokens: list[int] | None = None, level: TraceLevel = "full"
    ) -> TraceFolder:
        folder = tmp_path / str(next(names))
        return read_trace(write(folder, tiny_model, records, tokens or TOKENS, level))

    return make


@pytest.fixture(scope="module")
def records(tiny_model: IntegerModel) -> list[Record]:
    """What one pass of the model over TOKENS records."""
    found: list[Record] = []
    cache = Cache(tiny_model.config.shape)
    forward(tiny_model, np.array(TOKENS), cache, DENSE, found.append)
    return found


def planted(
    records: list[Record], op: str, layer: int, field: str, where: tuple[int, ...], by: int
) -> tuple[list[Record], int]:
    """`records` with one element changed, and the element's old value."""
    (at,) = [i for i, r in enumerate(records) if r.op == op and r.layer == layer]
    array: Any = np.array(getattr(records[at], field))
    old = int(array[where])
    array[where] = old + by
    changed: Any = replace(records[at], **{field: array})
    return [*records[:at], changed, *records[at + 1 :]], old


@pytest.mark.parametrize("level", TRACE_LEVELS)
def test_equal_traces_have_no_divergence(
    written: Written, records: list[Record], level: TraceLevel
) -> None:
    expected = written(records)
    assert first_divergence(expected, written(records, level=level)) is None


@pytest.mark.parametrize(
    ("op", "layer", "field", "where", "index"),
    [
        ("embedding", -1, "residual", (0, 63), 63),
        ("qkv_input", 0, "counts", (1, 5), 5),
        ("qkv_input", 1, "amax", (2,), 0),
        ("k", 0, "accumulator", (0, 17), 17),
        ("key_spikes", 1, "counts", (2, 7, 6), 62),
        ("attention", 0, "key_spikes", (1, 3), 3),
        ("down", 1, "saturations", (0,), 0),
        ("head", 2, "logits", (2, 287), 287),
    ],
)
def test_planted_change_is_found(
    written: Written,
    records: list[Record],
    op: str,
    layer: int,
    field: str,
    where: tuple[int, ...],
    index: int,
) -> None:
    changed, old = planted(records, op, layer, field, where, by=1)
    found = first_divergence(written(records), written(changed))
    assert found is not None
    assert (found.token, found.layer, found.op) == (where[0], layer, op)
    assert (found.field, found.index, found.missing) == (field, index, None)
    assert (found.expected, found.got) == (old, old + 1)
    assert (found.step is not None) == (field == "counts")


def test_earliest_of_several_changes_is_found(written: Written, records: list[Record]) -> None:
    """Causal order goes by token before layer before op, whatever the order of writing."""
    changed, _ = planted(records, "q", 0, "accumulator", (1, 0), by=1)
    changed, _ = planted(changed, "head", 2, "logits", (0, 9), by=1)
    changed, _ = planted(changed, "head", 2, "mantissa", (0, 8), by=1)
    found = first_divergence(written(records), written(list(reversed(changed))))
    assert found is not None
    assert (found.token, found.op, found.field, found.index) == (0, "head", "mantissa", 8)


def test_first_element_in_row_major_order_is_found(written: Written, records: list[Record]) -> None:
    changed, _ = planted(records, "key_spikes", 0, "counts", (1, 4, 0), by=1)
    changed, _ = planted(changed, "key_spikes", 0, "counts", (1, 3, 7), by=1)
    found = first_divergence(written(records), written(changed))
    assert found is not None
    assert found.index == 31


def test_levels_limit_what_is_known(written: Written, records: list[Record]) -> None:
    changed, old = planted(records, "q", 0, "accumulator", (1, 2), by=1)
    place = Divergence(token=1, layer=0, op="q")
    for level in ("digest", "counts"):
        assert first_divergence(written(records), written(changed, level=level)) == place
        assert first_divergence(written(records, level=level), written(changed)) == place
    whole = first_divergence(written(records), written(changed))
    assert whole == replace(place, field="accumulator", index=2, expected=old, got=old + 1)
    # The potential differs before the counts do, but only one trace stores it.
    changed, _ = planted(records, "qkv_input", 0, "potential", (0, 1), by=1)
    changed, _ = planted(changed, "qkv_input", 0, "counts", (0, 4), by=1)
    found = first_divergence(written(records), written(changed, level="counts"))
    assert found is not None
    assert (found.field, found.index) == ("counts", 4)


@pytest.mark.parametrize("number", range(5))
def test_record_that_one_trace_lacks(written: Written, number: int) -> None:
    records: list[Record] = [given_linear(t, i, [t, i]) for t in (0, 1, 2) for i in (0, 1)]
    whole = written(records)
    partial = written(records[:number] + records[number + 1 :])
    place = Divergence(token=number // 2, layer=number % 2, op="q")
    assert first_divergence(whole, partial) == replace(place, missing="got")
    assert first_divergence(partial, whole) == replace(place, missing="expected")


def test_missing_last_record(written: Written) -> None:
    records: list[Record] = [given_linear(t, i, [t, i]) for t in (0, 1, 2) for i in (0, 1)]
    found = first_divergence(written(records), written(records[:-1]))
    assert found == Divergence(token=2, layer=1, op="q", missing="got")


def test_missing_and_changed_whichever_is_earlier(written: Written) -> None:
    records: list[Record] = [given_linear(t, 0, [t]) for t in (0, 1, 2)]
    extra = given_linear(1, 1, [9])
    changed = given_linear(2, 0, [8])
    found = first_divergence(written(records), written([*records[:2], extra, changed]))
    assert found == Divergence(token=1, layer=1, op="q", missing="expected")
    changed = given_linear(0, 0, [8])
    found = first_divergence(written(records), written([changed, records[1], extra, records[2]]))
    assert found is not None
    assert (found.token, found.field, found.missing) == (0, "accumulator", None)


def test_other_shape_has_no_index(written: Written) -> None:
    expected = written([given_linear(t, 0, [1, 2]) for t in (0, 1, 2)])
    got = written([given_linear(t, 0, [1, 2, 3]) for t in (0, 1, 2)])
    found = first_divergence(expected, got)
    assert found == Divergence(token=0, layer=0, op="q", field="accumulator")


def test_other_tokens_are_not_comparable(written: Written) -> None:
    expected = written(small_records(), [5, 6])
    with pytest.raises(UsageError, match=r"different tokens .position 1 has 6 and 7.;"):
        first_divergence(expected, written(small_records(), [5, 7]))
    longer = [*small_records(), given_linear(2, 0, [1, 2])]
    with pytest.raises(UsageError, match=r"different tokens .2 and 3 of them.;"):
        first_divergence(expected, written(longer, [5, 6, 7]))


def test_other_models_are_not_comparable(
    tmp_path: Path, tiny_model: IntegerModel, written: Written
) -> None:
    other = write(tmp_path / "other", replace(tiny_model, digest="0" * 64), small_records())
    with pytest.raises(UsageError, match="different models"):
        first_divergence(written(small_records(), [5, 6]), read_trace(other))


def test_step_is_the_first_at_which_the_trains_differ() -> None:
    """Exhaustive for four bits: against the unfolded trains themselves."""
    counts = np.arange(-8, 8, dtype=np.int8)
    trains = unfold(counts, 8)
    for i, a in enumerate(counts.tolist()):
        for j, b in enumerate(counts.tolist()):
            if a != b:
                step = int(np.flatnonzero(trains[:, i] != trains[:, j])[0]) + 1
                assert first_different_step(a, b) == step


def test_every_population_is_reached(written: Written, records: list[Record]) -> None:
    expected = written(records)
    for op in (*get_args(InputOp), *get_args(CacheOp)):
        where = (2, 1) if op in get_args(InputOp) else (2, 0, 1)
        changed, old = planted(records, op, 1, "counts", where, by=-1)
        found = first_divergence(expected, written(changed, level="counts"))
        assert found == Divergence(
            token=2,
            layer=1,
            op=op,
            field="counts",
            index=1,
            step=first_different_step(old, old - 1),
            expected=old,
            got=old - 1,
        )

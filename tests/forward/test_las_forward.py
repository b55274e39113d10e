"""Whole LAS models: plain integers, engines, bad tokens (LAS-3, LAS-14, LAS-15, LAS-18)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikeref.arith.ties import Ties
from spikeref.engine.choice import EngineChoice
from spikeref.engine.events import Reversed, Shuffled, Sorted
from spikeref.engine.las_asynchronous import las_asynchronous
from spikeref.engine.las_dense import LAS_DENSE
from spikeref.engine.las_products import LasEngine
from spikeref.engine.las_synchronous import LAS_SYNCHRONOUS
from spikeref.errors import TokenError, UsageError
from spikeref.forward.embedded import Embedded
from spikeref.forward.generate import encode, generate
from spikeref.forward.las import LasOutput, las_forward
from spikeref.forward.las_cache import LasCache
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import DyadicRows
from spikeref.trace.las_records import LAS_OPS
from spikeref.trace.records import Record
from spikeref.trace.sinks import DigestSink, collect, discard
from tests.forward.las_walk import Records, Walk
from tests.las_models import FAMILIES, LEVELS, compiled_las

ModelOf = Callable[[str], LasModel]
TOKENS = [256, 3, 77, 3, 287]
EVERY = (*FAMILIES, "mistral", "qwen2")


def run(model: LasModel, engine: LasEngine, tokens: list[int] = TOKENS) -> tuple[
    LasOutput, list[Record]
]:  # fmt: skip
    records: list[Record] = []
    ids = np.array(tokens, dtype=np.int64)
    return las_forward(model, ids, LasCache(model.config), engine, collect(records)), records


def by_token(records: list[Record]) -> Iterator[tuple[tuple[str, int, int], dict[str, Any]]]:
    """Each token's fields as plain lists, arrays of more than one axis as they are."""
    for record in records:
        arrays = {name: np.asarray(getattr(record, name)) for name in record.fields}
        for row in range(len(next(iter(arrays.values())))):
            fields = {name: array[row].tolist() for name, array in arrays.items()}
            yield (record.op, record.layer, record.first_token + row), fields


def flat(value: Any) -> list[int]:
    if isinstance(value, list):
        return [int(v) for part in value for v in flat(part)]
    return [int(value)]


def compare(records: list[Record], expected: Records) -> None:
    found = dict(by_token(records))
    assert set(found) == set(expected)
    for place, fields in found.items():
        assert set(fields) == set(expected[place]), place
        for name, value in fields.items():
            assert flat(value) == flat(expected[place][name]), (place, name)


@pytest.mark.parametrize("name", EVERY)
def test_every_record_of_every_family(las_model: ModelOf, name: str) -> None:
    model = las_model(name)
    output, records = run(model, LAS_DENSE)
    expected = Walk(model).run(TOKENS)
    compare(records, expected)
    last = len(model.layers)
    if model.head is not None:
        assert output.logits is not None
        for t, row in enumerate(output.logits.tolist()):
            assert row == expected["las_head", last, t]["output"]
        assert output.pooled is None
    else:
        assert output.pooled is not None
        assert output.scores is not None
        assert output.pooled.tolist() == expected["las_pooled", last, 0]["output"]
        assert output.scores.tolist() == expected["las_classifier", last, 0]["output"]
        assert output.logits is None


@pytest.mark.parametrize("name", ["bert", "llama"])
@pytest.mark.parametrize("scale", [0.05, 100.0])
def test_other_profiles_and_scales(tmp_path: Path, name: str, scale: float) -> None:
    """Few steps, levels, the other rules and ties; weights so large that spikes saturate."""
    profile = replace(LEVELS, ties=Ties.HALF_UP)
    model = compiled_las(tmp_path, name, profile, scale=scale)
    _, records = run(model, LAS_DENSE)
    compare(records, Walk(model).run(TOKENS))
    cut = sum(int(np.sum(getattr(r, "saturations", 0))) for r in records)
    assert (cut > 0) is (scale > 1)
    if scale > 1:
        # The outputs of o and down have 40 bits, those of the others 32 (LAS-6).
        for op in ("las_o", "las_down"):
            outputs = [getattr(r, "output", 0) for r in records if r.op == op]
            assert int(np.abs(np.concatenate(outputs)).max()) > 1 << 31


@pytest.mark.parametrize("name", EVERY)
def test_engines_agree(las_model: ModelOf, name: str) -> None:
    """One trace digest (ENG-1), whatever the order of arrival and the size of batches."""
    model = las_model(name)
    digests = set()
    for engine in (
        LAS_DENSE,
        LAS_SYNCHRONOUS,
        las_asynchronous(Sorted()),
        las_asynchronous(Reversed(), 17),
        las_asynchronous(Shuffled(3), 97),
    ):
        sink = DigestSink()
        las_forward(model, np.array(TOKENS[:3]), LasCache(model.config), engine, sink)
        digests.add(sink.digest(model.digest, TOKENS[:3]))
    assert len(digests) == 1


def test_an_encoder_sees_later_tokens(las_model: ModelOf) -> None:
    model = las_model("bert")
    first, _ = run(model, LAS_DENSE)
    second, _ = run(model, LAS_DENSE, [*TOKENS[:-1], 5])
    assert not np.array_equal(first.states[0], second.states[0])


def test_windows_hide_earlier_tokens(las_model: ModelOf) -> None:
    """Two layers of three positions each: what comes five tokens before is out of sight."""
    model = las_model("mistral")
    tokens = [*range(10, 20)]
    first, _ = run(model, LAS_DENSE, tokens)
    second, _ = run(model, LAS_DENSE, [99, *tokens[1:]])
    changed = (first.states != second.states).any(axis=1).tolist()
    assert changed[:3] == [True, True, True]
    assert changed[5:] == [False] * 5


def test_records_stand_in_causal_order(las_model: ModelOf) -> None:
    """LAS-18's order of ops within a layer."""
    for name in EVERY:
        _, records = run(las_model(name), LAS_DENSE)
        places = [(r.layer, LAS_OPS.index(r.op)) for r in records]
        assert len(set(places)) == len(places)
        for layer in range(2):
            inside = [op for at, op in places if at == layer]
            assert sorted(inside) == inside


def test_greedy_decoding(las_model: ModelOf) -> None:
    """OP-13 over a cache: each token is the first largest logit of a pass over all before it."""
    model = las_model("gpt2")
    prompt = np.array(TOKENS[:3], dtype=np.int64)
    done = generate(model, prompt, 3, EngineChoice(), discard)
    tokens = prompt.tolist()
    for _ in range(3):
        output, _ = run(model, LAS_DENSE, tokens)
        assert output.logits is not None
        tokens.append(int(np.argmax(output.logits[-1])))
    assert [*prompt.tolist(), *done.new_tokens] == tokens


def test_an_encoder_generates_nothing(las_model: ModelOf) -> None:
    model = las_model("bert")
    with pytest.raises(UsageError, match="encoder") as refused:
        generate(model, np.array(TOKENS), 1, EngineChoice(), discard)
    assert "\n" not in str(refused.value)
    whole, _ = run(model, LAS_DENSE)
    done = encode(model, np.array(TOKENS), EngineChoice(name="sync"), discard)
    assert done.states.tolist() == whole.states.tolist()


@pytest.mark.parametrize("name", ["bert", "llama", "opt"])
def test_given_embeddings_replace_the_token_table(las_model: ModelOf, name: str) -> None:
    """The token's own row, given, changes nothing (LAS-3)."""
    model = las_model(name)
    walk = Walk(model)
    rows = [walk.row(model.embedding, token) for token in TOKENS]
    whole, _ = run(model, LAS_DENSE)
    given = Embedded(values=np.array(rows, dtype=np.int64))
    assert encode(model, given, EngineChoice(), discard).states.tolist() == whole.states.tolist()
    for shape in ((2, model.config.shape.hidden + 1), (0, model.config.shape.hidden)):
        wrong = Embedded(values=np.zeros(shape, dtype=np.int64))
        with pytest.raises(TokenError, match="embeddings") as refused:
            encode(model, wrong, EngineChoice(), discard)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.float64(1), "integers"),
        (np.bool_(True), "integers"),
        (np.int64((1 << 63) - 1), "40 bits"),
        (np.uint64((1 << 64) - 1), "40 bits"),
        (np.int64(1 << 39), "40 bits"),
        (np.int64(-(1 << 39) - 1), "40 bits"),
    ],
)
def test_given_embeddings_are_40_bit_integers(
    las_model: ModelOf, value: np.generic, words: str
) -> None:
    """Else the position's row wraps the sum, or NumPy fails."""
    model = las_model("gpt2")
    wrong: Any = np.full((2, model.config.shape.hidden), value)
    with pytest.raises(TokenError, match=words) as refused:
        encode(model, Embedded(values=wrong), EngineChoice(), discard)
    assert "\n" not in str(refused.value)
    for fit in (-(1 << 39), (1 << 39) - 1, 5):
        rows = np.full((2, model.config.shape.hidden), fit, dtype=np.int64)
        assert encode(model, Embedded(values=rows), EngineChoice(), discard).logits is not None
    small: Any = np.full((2, model.config.shape.hidden), 5, dtype=np.uint8)
    done = [encode(model, Embedded(values=x), EngineChoice(), discard) for x in (rows, small)]
    assert done[0].states.tolist() == done[1].states.tolist()


@pytest.mark.parametrize(("token", "position"), [(20, 18), (40, 30), (-300, 47), (32767, 32766)])
def test_rows_cancel_beyond_the_residual(las_model: ModelOf, token: int, position: int) -> None:
    """The sum of a token's and a position's row is exact, however far each leaves 40 bits."""
    model = las_model("gpt2")
    assert model.positions is not None
    exponents = {"embedding": (token, model.embedding), "positions": (position, model.positions)}
    wide = {
        name: DyadicRows(
            mantissas=np.where(table.mantissas < 0, np.int16(-32767), np.int16(32767)),
            exponents=np.full_like(table.exponents, exponent),
        )
        for name, (exponent, table) in exponents.items()
    }
    model = replace(model, **wide)
    _, records = run(model, LAS_DENSE, TOKENS[:2])
    compare(records, Walk(model).run(TOKENS[:2]))


@pytest.mark.parametrize(
    ("tokens", "words"),
    [([], "empty"), ([288], "out of range"), ([-1], "out of range"), ([1] * 33, "32 positions")],
)
def test_bad_tokens(las_model: ModelOf, tokens: list[int], words: str) -> None:
    model = las_model("opt")
    ids = np.array(tokens, dtype=np.int64)
    with pytest.raises(TokenError, match=words) as refused:
        las_forward(model, ids, LasCache(model.config), LAS_DENSE, discard)
    assert "\n" not in str(refused.value)


def test_the_last_position_has_its_row(las_model: ModelOf) -> None:
    """All 32 positions of OPT: rows 2 to 33 of its table."""
    model = las_model("opt")
    assert model.positions is not None
    assert len(model.positions.mantissas) == 34
    output, _ = run(model, LAS_DENSE, [1] * 32)
    assert len(output.states) == 32

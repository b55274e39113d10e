"""Attention over a whole cache, given and built up in passes (ATT-5 to ATT-12)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.suite.build import accepted
from spikeref.suite.cases.attention import SCORE
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import LINEAR_TABLE, RATIOS, STANDARD_TABLE, TIES, Setting, settings
from spikeref.vectors.case import Case

ONE = 1 << 14


def cache_cases() -> Iterator[Case]:
    """Yield the cases of attend and cached_attention."""
    for place, setting in enumerate(list(settings(("ternary",)))[::2]):
        yield _random(setting, place)
    for ties in TIES:
        yield from _windows(ties)
        yield from _scales(ties)
    for place, setting in enumerate(list(settings(("ternary",)))[1::2]):
        yield _passes(setting, place)
    yield from _chunks()


def _given(
    draw: Draw, bits: int, *, tokens: int, positions: int, heads: int, groups: int, width: int
) -> dict[str, NDArray[Any]]:
    inputs = {
        "query": draw.spread("query", 23, (tokens, heads, width), "i32"),
        "query_exponent": draw.uniform("query_exponent", -36, -30, (tokens, heads), "i32"),
    }
    for kind in ("key", "value"):
        shape = (positions, groups)
        exponent = draw.uniform(f"{kind} exponent", -14, -9, shape, "i32")
        counts = draw.counts(f"{kind} counts", bits, "ternary", (*shape, width))
        mantissa = draw.uniform(f"{kind} mantissa", 1 << 15, (1 << 16) - 1, shape, "i32")
        inputs |= {
            f"{kind}_counts": counts,
            f"{kind}_mantissa": mantissa,
            f"{kind}_exponent": exponent,
        }
    return inputs | {"table": tensor(STANDARD_TABLE, "i64")}


def _random(setting: Setting, place: int) -> Case:
    heads, groups = ((3, 1), (4, 2), (2, 2))[place % 3]
    width, identity = (4, 6)[place % 2], f"attend-b{setting.bits}-{setting.ties}"
    return accepted(
        identity,
        "attend",
        "Grouped queries over a random cache: catches the key head h mod G, a mask one off, and a"
        " position that is missing.",
        {
            "bits": setting.bits,
            "rotate": (place // 2) % 2,
            "window": (0, 0, 2)[place % 3],
            "ties": setting.ties,
        },
        _given(
            Draw(identity),
            setting.bits,
            tokens=2,
            positions=4,
            heads=heads,
            groups=groups,
            width=width,
        ),
        provenance="random",
    )


def _windows(ties: str) -> Iterator[Case]:
    for window in (0, 1, 2, 3, 5) if ties == TIES[0] else (2,):
        identity = f"attend-window-{window}-{ties}"
        yield accepted(
            identity,
            "attend",
            "All positions from the first to the last under one window, 3:1 heads: catches a window"
            " of ω + 1, a token that does not see itself, and position 0 masked.",
            {"bits": 4, "rotate": 0, "window": window, "ties": ties},
            _given(Draw(identity), 4, tokens=5, positions=5, heads=3, groups=1, width=2),
        )


def _scales(ties: str) -> Iterator[Case]:
    inputs = _given(Draw("attend-scales"), 5, tokens=2, positions=3, heads=6, groups=2, width=4)
    inputs["key_exponent"] = tensor([[-14, 5], [-40, -2], [-9, -30]], "i32")
    inputs["value_exponent"] = tensor([[-14, 3], [-40, -12], [-9, 20]], "i32")
    inputs["query_exponent"] = tensor([[-30, 0, -60, -30, 5, -36]] * 2, "i32")
    for rotate in (0, 1):
        yield accepted(
            f"attend-distinct-scales-rotate-{rotate}-{ties}",
            "attend",
            "Heads and positions of very different scales, saturating scores: catches one exponent"
            " for all heads, alignment to the smallest exponent, and an alignment that floors.",
            {"bits": 5, "rotate": rotate, "window": 0, "ties": ties},
            inputs,
            clauses=("COUNT-6",),
        )
    if ties == TIES[0]:
        yield from _unsymmetric()
    equal = _given(Draw("attend-equal"), 4, tokens=3, positions=3, heads=2, groups=1, width=4)
    for name in ("key_counts", "key_mantissa", "key_exponent"):
        equal[name] = np.repeat(equal[name][:1], 3, axis=0)
    equal["table"] = tensor(LINEAR_TABLE, "i64")
    yield accepted(
        f"attend-equal-maxima-{ties}",
        "attend",
        "Keys that are all the same, so that all weights are 2^30: catches a sum that counts the"
        " maximum once.",
        {"bits": 4, "rotate": 1, "window": 0, "ties": ties},
        equal,
    )
    silent = {**equal, "key_counts": np.zeros_like(equal["key_counts"])}
    silent["value_counts"] = np.zeros_like(equal["value_counts"])
    yield accepted(
        f"attend-silent-cache-{ties}",
        "attend",
        "Keys and values that never fire: catches a device that waits for an event.",
        {"bits": 4, "rotate": 0, "window": 0, "ties": ties},
        silent,
    )


def _run(
    identity: str,
    comment: str,
    setting: Setting,
    *,
    chunks: str,
    window: int,
    rotate: int,
    heads: int = 3,
    groups: int = 1,
) -> Case:
    draw, tokens, width = Draw(identity.split("-in-")[0]), 5, 4
    return accepted(
        identity,
        "cached_attention",
        comment,
        {**setting.cache, "rotate": rotate, "window": window, **SCORE, "chunks": chunks},
        {
            "q": draw.spread("q", 20, (tokens, heads, width), "i32"),
            "k": draw.spread("k", 20, (tokens, groups, width), "i32"),
            "v": draw.spread("v", 20, (tokens, groups, width), "i32"),
            "cos": draw.uniform("cos", -ONE, ONE, (tokens, width // 2), "i16"),
            "sin": draw.uniform("sin", -ONE, ONE, (tokens, width // 2), "i16"),
            "table": tensor(STANDARD_TABLE, "i64"),
        },
        clauses=("ENG-6", "ENG-8"),
    )


def _passes(setting: Setting, place: int) -> Case:
    return _run(
        f"cached-attention-b{setting.bits}-{setting.ties}",
        "A cache that grows pass by pass: catches positions that start again with each pass, the"
        " own token read before it is quantised, and keys cached before the rotation.",
        setting,
        chunks=("", "1,3,1", "2,3", "1,1,1,1,1")[place % 4],
        window=(0, 2, 0, 3)[place % 4],
        rotate=(place // 2) % 2,
        heads=(3, 4)[place % 2],
        groups=(1, 2)[place % 2],
    )


def _chunks() -> Iterator[Case]:
    setting = Setting(bits=4, encoding="ternary", ratio=RATIOS[1], ties="half-even")
    for name, chunks in (
        ("one-pass", ""),
        ("single-tokens", "1,1,1,1,1"),
        ("uneven-passes", "1,3,1"),
        ("late-token", "4,1"),
    ):
        yield _run(
            f"cached-attention-same-tokens-in-{name}",
            "The same five tokens in other passes give the same integers: catches anything that"
            " depends on the passes.",
            setting,
            chunks=chunks,
            window=3,
            rotate=1,
        )


def _unsymmetric() -> Iterator[Case]:
    for width in (12, 20):
        identity = f"attend-head-of-{width}"
        yield accepted(
            identity,
            "attend",
            "A head whose Hadamard matrix is not symmetric: catches H in place of its transpose.",
            {"bits": 4, "rotate": 1, "window": 0, "ties": "half-even"},
            _given(Draw(identity), 4, tokens=1, positions=2, heads=1, groups=1, width=width),
            provenance="random",
            clauses=("HAD-7",),
        )

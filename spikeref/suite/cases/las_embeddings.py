"""Token, position and type rows of LAS models (LAS-3)."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from spikeref.suite.build import accepted, hand_worked, refused
from spikeref.suite.draw import Draw, tensor
from spikeref.suite.grid import TIES
from spikeref.vectors.case import Case

EVEN = {"ties": "half-even"}
Tensors = dict[str, NDArray[Any]]


def las_embedding_cases() -> Iterator[Case]:
    """Yield the cases of las_embedding."""
    # Row 1: 3·2^−17·2^16 = 1.5 -> 2; position 0 + 2: 1·2^−17: 0.5 -> 0; type 1: 5·2^−16: 5. 7.
    yield hand_worked(
        "hand-las-embedding",
        "las_embedding",
        "3*2^-17 is 1.5 units and goes to 2, 2^-17 is half of one and goes to 0, 5*2^-16 is 5: 7."
        " Each row is rounded by itself; the first position is row 2.",
        {"position_offset": 2, **EVEN},
        {
            "tokens": tensor([1], "i64"),
            "mantissas": tensor([[9], [3]], "i16"),
            "exponents": tensor([0, -17], "i16"),
            "position_mantissas": tensor([[9], [9], [1]], "i16"),
            "position_exponents": tensor([0, 0, -17], "i16"),
            "types": tensor([1], "i64"),
            "type_mantissas": tensor([[9], [5]], "i16"),
            "type_exponents": tensor([0, -16], "i16"),
        },
        {"residual": [[7]], "saturations": [0]},
    )
    for ties in TIES:
        identity = f"las-embedding-three-tables-{ties}"
        yield accepted(
            identity,
            "las_embedding",
            "Tokens with positions and types, tie after tie: catches one rounding of the sum, a"
            " position without its offset, the type of another token, an exponent of another row.",
            {"position_offset": 2, "ties": ties},
            {
                "tokens": tensor([2, 0, 1, 2], "i64"),
                **_rows(identity, "", [-18, -17, -20]),
                **_rows(identity, "position_", [0, 0, -17, -18, -22, -19]),
                "types": tensor([0, 1, 1, 0], "i64"),
                **_rows(identity, "type_", [-19, -17]),
            },
            provenance="random",
        )
    identity = "las-embedding-loud"
    loud = {
        "tokens": tensor([1, 0], "i64"),
        **_rows(identity, "", [8, 9]),
        **_rows(identity, "position_", [9, 8]),
    }
    yield accepted(
        identity,
        "las_embedding",
        "Rows whose sum leaves 40 bits: catches a sum that wraps, rows that saturate one by one.",
        {"position_offset": 0, **EVEN},
        loud,
        provenance="random",
    )
    yield from _refused(loud)


def _rows(identity: str, name: str, exponents: list[int]) -> Tensors:
    draw = Draw(f"{identity}/{name}")
    shape = len(exponents), 4
    return {
        f"{name}mantissas": draw.uniform("mantissas", -32768, 32767, shape, "i16"),
        f"{name}exponents": tensor(exponents, "i16"),
    }


def _refused(valid: Tensors) -> Iterator[Case]:
    for name, offset, tokens in (
        ("token-beyond", 0, [1, 2]),
        ("position-beyond", 1, [1, 0]),
        ("no-token", 0, []),
    ):
        yield refused(
            f"las-embedding-{name}",
            "las_embedding",
            "token",
            "No row for a token or position: catches a device that takes another row.",
            {"position_offset": offset, **EVEN},
            {**valid, "tokens": tensor(tokens, "i64")},
            beside="las-embedding-loud",
        )

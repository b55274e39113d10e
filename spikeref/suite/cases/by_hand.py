"""Cases derived on paper: arithmetic, rotation, encoders, packing (chapters 2 to 5 and 16)."""

from collections.abc import Iterator

from spikeref.suite.build import hand_worked
from spikeref.suite.draw import tensor
from spikeref.suite.grid import LINEAR_TABLE
from spikeref.vectors.case import Case

EVEN, UP = {"ties": "half-even"}, {"ties": "half-up"}


def cases_by_hand() -> Iterator[Case]:
    """Yield the hand-worked cases up to the encoder and the packed weights."""
    yield from _arithmetic()
    yield from _powers()
    yield from _rotations()
    yield from _symmetric_counts()
    yield from _asymmetric_counts()
    yield from _trains()
    yield from _packed()


def _arithmetic() -> Iterator[Case]:
    # 5/2 = 2.5 -> 2; 7/2 = 3.5 -> 4; −5/2 = −2.5 -> −2; −3/2 = −1.5 -> −2; 3·2^2 = 12.
    yield hand_worked(
        "hand-round-shift-half-even",
        "round_shift",
        "5/2 = 2.5 goes to the even 2, 7/2 = 3.5 to 4, -2.5 to -2, -1.5 to -2; a shift of -2 gives"
        " 3*4 = 12.",
        EVEN,
        {"x": tensor([5, 7, -5, -3, 3], "i64"), "s": tensor([1, 1, 1, 1, -2], "i32")},
        {"y": [2, 4, -2, -2, 12]},
    )
    # 7/2 = 3.5 -> 4; −7/2 = −3.5 -> −3; −5/2 -> −2; 10/4 = 2.5 -> 3; −1/2 -> 0; 2/3 -> 1.
    yield hand_worked(
        "hand-round-div-half-up",
        "round_div",
        "Halves go to the larger neighbour: 3.5 to 4, -3.5 to -3, -2.5 to -2, 2.5 to 3, -0.5 to 0;"
        " 2/3 is nearest to 1.",
        UP,
        {"a": tensor([7, -7, -5, 10, -1, 2], "i64"), "b": tensor([2, 2, 2, 4, 2, 3], "i64")},
        {"q": [4, -3, -2, 3, 0, 1]},
    )
    # Limit 7. bitlen 15 = 4, so s = 1 first: 7.5 -> 8 > 7, so s = 2: 3.75 -> 4, −1.25 -> −1.
    # Row 2: bitlen 14 = 4, s = 1: 14/2 = 7 fits; −5/2 = −2.5 -> −2; 3/2 = 1.5 -> 2; 1/2 -> 0.
    yield hand_worked(
        "hand-block-shift-carry",
        "block_shift",
        "15/2 = 7.5 rounds to 8, beyond the 7 of four bits, so the shift is 2: 15/4 to 4, -5/4 to"
        " -1. Beside it 14/2 = 7 fits with shift 1.",
        {"bits": 4, **EVEN},
        {"x": tensor([[15, -5, 1, 0], [14, -5, 3, 1]], "i64")},
        {"mantissas": [[4, -1, 0, 0], [7, -2, 2, 0]], "shift": [2, 1]},
    )
    # 31: e = 5 − 4 = 1, 15.5 -> 16 = 2^4, so 8 and e = 2. 3: e = −2, 12. 21: e = 1, 10.5 -> 10.
    yield hand_worked(
        "hand-normalise-carry",
        "normalise",
        "31/2 = 15.5 rounds to 16, which becomes 8 with exponent 2; 3 is 12*2^-2; 21/2 = 10.5 goes"
        " to 10.",
        {"bits": 4, **EVEN},
        {"a": tensor([31, 3, 21], "i64")},
        {"mantissa": [8, 12, 10], "exponent": [2, -2, 1]},
    )


def _powers() -> Iterator[Case]:
    # Table 1 + f. a = 2^16: f = 0, n = 1: 2^30/2. a = 2^15: f = 2^15, n = 1: (1 + 1/2)·2^30/2.
    # a = 2^14: f = 3·2^14, n = 1: (1 + 3/4)·2^30/2 = 7·2^27.
    yield hand_worked(
        "hand-exp2-linear-table",
        "exp2",
        "With 2^f taken as 1 + f: 2^-1 is 2^29, 2^-1/2 is (1 + 1/2)/2 = 3*2^28, 2^-1/4 is"
        " (1 + 3/4)/2 = 7*2^27 in 30 fraction bits.",
        EVEN,
        {"a": tensor([65536, 32768, 16384], "i64"), "table": tensor(LINEAR_TABLE, "i64")},
        {"p": [536870912, 805306368, 939524096]},
    )


def _rotations() -> Iterator[Case]:
    # Rows of S(4): ++++, +−+−, ++−−, +−−+.
    yield hand_worked(
        "hand-hadamard-4",
        "hadamard",
        "1+2+3+4 = 10, 1-2+3-4 = -2, 1+2-3-4 = -4, 1-2-3+4 = 0.",
        {"transpose": 0},
        {"u": tensor([[1, 2, 3, 4]], "i32")},
        {"v": [[10, -2, -4, 0]]},
        clauses=("HAD-3",),
    )
    # 6 = 3·2 has no base, so three blocks of S(2): sum and difference of each pair.
    yield hand_worked(
        "hand-hadamard-6-blocks",
        "hadamard",
        "Six lanes are three blocks of S(2): 1+2, 1-2, 3+4, 3-4, 5+6, 5-6.",
        {"transpose": 0},
        {"u": tensor([[1, 2, 3, 4, 5, 6]], "i32")},
        {"v": [[3, -1, 7, -1, 11, -1]]},
        clauses=("HAD-5",),
    )
    # Column 1 of Paley I with q = 11: border 1, diagonal 1, then χ(a) for a = 1 … 10, where the
    # squares modulo 11 are 1, 4, 9, 16 = 5, 25 = 3.
    yield hand_worked(
        "hand-hadamard-12-lane-1",
        "hadamard",
        "Lane 1 is field element 0: row 1+a holds chi(a - 0), 1 for the squares 1, 3, 4, 5, 9 of"
        " GF(11), -1 for 2, 6, 7, 8, 10; border and diagonal are 1.",
        {"transpose": 0},
        {"u": tensor([[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]], "i32")},
        {"v": [[1, 1, 1, -1, 1, 1, 1, -1, -1, -1, 1, -1]]},
        clauses=("HAD-11", "HAD-13"),
    )


def _symmetric_counts() -> Iterator[Case]:
    # q = 7, amax = 14: counts v/2. 14 = 57344·2^−12 because bitlen 14 = 4 and 14·2^12 = 57344.
    yield hand_worked(
        "hand-encode-ternary",
        "encode",
        "q = 7 and amax = 14, so counts are v/2: 7, -7, 0.5 to 0, 1.5 to 2, -1.5 to -2, 2.5 to 2,"
        " 3.5 to 4; 14 = 57344*2^-12.",
        {"bits": 4, "encoding": "ternary", "ratio_n": 1, "ratio_d": 1, **EVEN},
        {"v": tensor([[14, -14, 1, 3, -3, 5, 7]], "i32")},
        {
            "range": [14],
            "zero_point": [0],
            "counts": [[7, -7, 0, 2, -2, 2, 4]],
            "mantissa": [57344],
            "exponent": [-12],
        },
    )
    # q = 3, r = 1/2, amax = 6: 3·2·v/(1·6) = v, clipped to −4 … 3. 6 = 49152·2^−13.
    yield hand_worked(
        "hand-encode-clip-ratio",
        "encode",
        "q = 3, r = 1/2 and amax = 6, so counts are v clipped to -4 ... 3: the count -4 occurs, +4"
        " does not; 6 = 49152*2^-13.",
        {"bits": 3, "encoding": "ternary", "ratio_n": 1, "ratio_d": 2, **EVEN},
        {"v": tensor([[6, -6, 3, -4, -5, 2]], "i32")},
        {
            "range": [6],
            "zero_point": [0],
            "counts": [[3, -4, 3, -4, -4, 2]],
            "mantissa": [49152],
            "exponent": [-13],
        },
    )


def _asymmetric_counts() -> Iterator[Case]:
    # Q = 3, low = −1, high = 5, range 6. z = 3/6 = 1/2; quotients v/2: −1/2, 5/2, 0, 1.
    scale = {"range": [6], "mantissa": [49152], "exponent": [-13]}
    for ties, zero_point, counts, steps in (
        (EVEN, 0, [0, 2, 0, 1], "z = 0.5 to 0; -0.5 to 0, 2.5 to 2, 0, 1"),
        (
            UP,
            1,
            [1, 3, 1, 2],
            "z = 0.5 to 1; -0.5 to 0, 2.5 to 3, 0, 1, each plus 1, 4 cut to 3",
        ),
    ):
        yield hand_worked(
            f"hand-encode-binary-{ties['ties']}",
            "encode",
            f"Q = 3, range = 5 + 1 = 6: {steps}. Rounded apart, not as one sum.",
            {"bits": 2, "encoding": "binary", "ratio_n": 1, "ratio_d": 1, **ties},
            {"v": tensor([[-1, 5, 0, 2]], "i32")},
            {"zero_point": [zero_point], "counts": [counts], **scale},
            clauses=("ENC-6",),
        )


def _trains() -> Iterator[Case]:
    # D = 2^(3−1) = 4: two spikes, four negative ones, none.
    yield hand_worked(
        "hand-unfold",
        "unfold",
        "Three bits give D = 4 steps: count 2 fires in steps 1 and 2, -4 in all four with sign -1,"
        " 0 never.",
        {"bits": 3, "encoding": "ternary"},
        {"counts": tensor([2, -4, 0], "i16")},
        {"train": [[1, -1, 0], [1, -1, 0], [0, -1, 0], [0, -1, 0]]},
    )
    # U 6, no spike, V 3; U 9, no, 4.5 -> 4; U 4 + 13 = 17 fires, V 1; U 1 + 3 = 4, no, V 2.
    yield hand_worked(
        "hand-lif",
        "lif",
        "Threshold 10, reset 1, decay 1/2: U = 6, V = 3; U = 9, V = 4.5 to 4; U = 17 fires, V = 1;"
        " U = 4, V = 2.",
        {"threshold": 10, "reset": 1, "decay_mantissa": 1, "decay_shift": 1, **EVEN},
        {"current": tensor([[6], [6], [13], [3]], "i32")},
        {"spikes": [[0], [0], [1], [0]], "potential": [[6], [9], [17], [4]], "residue": [2]},
    )


def _packed() -> Iterator[Case]:
    # Codes 01, 11, 00, 01 from the low end: 1 + 3·4 + 0·16 + 1·64 = 77; then 11 = 3.
    yield hand_worked(
        "hand-pack-ternary",
        "pack_ternary",
        "Codes 01, 11, 00, 01 fill a byte from bit 0: 1 + 12 + 0 + 64 = 77; the fifth spike, -1, is"
        " 3 in the next byte.",
        {},
        {"train": tensor([[1, -1, 0, 1, -1]], "i8")},
        {"packed": [[77, 3]]},
    )
    # Nibbles 3, 15 (−1), 9 (−7): 3 + 15·16 = 243, then 9.
    yield hand_worked(
        "hand-pack-weights",
        "pack_weights",
        "Nibbles of 3, -1, -7 are 3, 15, 9: the first byte is 3 + 15*16 = 243, the second 9.",
        {"bits": 4},
        {"weights": tensor([[3, -1, -7]], "i8")},
        {"packed": [[243, 9]]},
    )

"""Cases derived on paper: sums, events, linear layers, attention, logits (chapters 5 to 11)."""

from collections.abc import Iterator

from spikeref.operations.operation import Parameters
from spikeref.suite.build import hand_worked
from spikeref.suite.draw import tensor
from spikeref.suite.grid import LINEAR_TABLE, STANDARD_TABLE
from spikeref.vectors.case import Case

EVEN = {"ties": "half-even"}
TERNARY: Parameters = {"bits": 3, "encoding": "ternary"}


def operators_by_hand() -> Iterator[Case]:
    """Yield the hand-worked cases from the accumulator on."""
    yield from _sums()
    yield from _events()
    yield from _layers()
    yield from _around_the_layers()
    yield from _attention()


def _sums() -> Iterator[Case]:
    # Column sums |3| + |−4| = 7 and 1 + 2 = 3; c_max = 8 for four bits at r < 1: 56 < 64.
    yield hand_worked(
        "hand-headroom",
        "headroom",
        "The larger column sum is 3 + 4 = 7; four bits at r < 1 give c_max = 8, so B = 56 and the"
        " width is 1 + 6 = 7 bits.",
        {"bits": 4, "encoding": "ternary", "ratio_n": 9, "ratio_d": 10, "acc_bits": 7},
        {"weights": tensor([[3, -1], [-4, 2]], "i8")},
        {"bound": 56, "width": 7},
    )
    # 2·(3, −4) − (5, 1) = (1, −9).
    yield hand_worked(
        "hand-sparse-add",
        "sparse_add",
        "Source 0 adds (3, -4) twice, source 1 subtracts (5, 1) once: (1, -9).",
        TERNARY,
        {"counts": tensor([[2, -1, 0]], "i16"), "weights": tensor([[3, -4], [5, 1], [7, 7]], "i8")},
        {"y": [[1, -9]]},
    )
    # 10 − 4·2 = 2; −3 − 4·(−5) = 17.
    yield hand_worked(
        "hand-zero-point",
        "zero_point",
        "10 - 4*2 = 2 and -3 + 4*5 = 17.",
        {},
        {
            "y": tensor([[10, -3]], "i32"),
            "zero_point": tensor([4], "i16"),
            "weight_sums": tensor([2, -5], "i32"),
        },
        {"corrected": [[2, 17]]},
    )
    # D = 4: 3·4 slots; 3 spikes · 2 targets; zeros 1·|1| + 2·|−2| = 5; no block of 3 is silent.
    yield hand_worked(
        "hand-counters",
        "counters",
        "One positive and two negative spikes in 3*4 slots, one silent neuron; 3*2 additions, of"
        " which 1*1 + 2*2 = 5 add a zero weight.",
        TERNARY,
        {"counts": tensor([[1, -2, 0]], "i16"), "weights": tensor([[1, 0], [0, 0], [5, 6]], "i8")},
        {
            "positive": 1,
            "negative": 2,
            "slots": 12,
            "silent": 1,
            "zero_blocks": [0, 0, 0],
            "additions": 6,
            "zero_weights_skipped": 5,
        },
    )


def _events() -> Iterator[Case]:
    # Epoch 1 is 2^38; polarity 2^36; step 2 is 2^28; the end marker is 2^37 + 3.
    yield hand_worked(
        "hand-pack-events",
        "pack_events",
        "Step 1: source 0 rises (2^38), source 1 falls (2^38 + 2^36 + 1); step 2: source 1 again"
        " (+ 2^28); then 2^38 + 2^37 + 3.",
        {**TERNARY, "epoch": 1},
        {"counts": tensor([1, -2], "i16")},
        {"packets": [274877906944, 343597383681, 343865819137, 412316860419]},
    )


def _layers() -> Iterator[Case]:
    # P = y·2^30; S = −(−31 − 16 + 16) = 31: y/2 rounded, plus 5.
    yield hand_worked(
        "hand-rescale",
        "rescale",
        "Mantissas 2^15 and a shift of 31 halve: 1.5 to 2, -1.5 to -2, 0.5 to 0, each plus the bias"
        " 5.",
        {"bits": 32, **EVEN},
        {
            "accumulator": tensor([[3, -3, 1]], "i32"),
            "token_mantissa": tensor([32768], "i32"),
            "token_exponent": tensor([-31], "i32"),
            "channel_mantissa": tensor([32768, 32768, 32768], "u16"),
            "channel_exponent": tensor([-16, -16, -16], "i16"),
            "bias": tensor([5, 5, 5], "i64"),
        },
        {"output": [[7, 3, 5]], "saturations": [0]},
    )


def _around_the_layers() -> Iterator[Case]:
    # Exponent −17: shift 1 to 16 fraction bits. 3/2 = 1.5 -> 2; 5/2 = 2.5 -> 2; −1/2 -> 0.
    yield hand_worked(
        "hand-embedding",
        "embedding",
        "Exponent -17 is one place below 16 fraction bits: 1.5 to 2, 2.5 to 2, -0.5 to 0.",
        EVEN,
        {
            "tokens": tensor([1], "i64"),
            "mantissas": tensor([[9, 9, 9], [3, 5, -1]], "i16"),
            "exponents": tensor([0, -17], "i16"),
        },
        {"residual": [[2, 2, 0]], "saturations": [0]},
    )
    # N = 4: root 2·2^57. Row 1: A = 4, h = 29, R = 2·2^29, I = 2^28, y = 2^28/2^12 = 1.0.
    # Row 2: A = 4 too, y = 2·2^28/2^12 = 2.0. Row 3: A = 0.
    yield hand_worked(
        "hand-rms-norm",
        "rms_norm",
        "Four lanes of 1 have the root mean square 1, so y = 1.0 = 65536; (2, 0, 0, 0) has 1 too,"
        " so y = 2.0; zeros stay.",
        {"norm_root": 1 << 58, "norm_root_exponent": 57, "norm_epsilon": 0, **EVEN},
        {"x": tensor([[1, 1, 1, 1], [2, 0, 0, 0], [0, 0, 0, 0]], "i64")},
        {
            "u": [[65536] * 4, [131072, 0, 0, 0], [0] * 4],
            "exponent": [-16, -16, -16],
        },
    )
    # t = 1.0, w = 2^29, σ = 2^20/(1 + 1/2) = 699050.67 -> 699051; k = 43690.69 -> 43691, times 2.
    # g < 0: σ = 2^20 − 699051 = 349525; k = −21845.31 -> −21845, times 2.
    yield hand_worked(
        "hand-silu-gate",
        "silu_gate",
        "With log2e = 1: w = 1/2, sigma = 2/3 = 699051; 65536*699051/2^20 to 43691, times 2; for"
        " -1.0 sigma = 1/3 = 349525 and k = -21845, times 2.",
        {"log2e": 1 << 30, **EVEN},
        {
            "gate": tensor([[65536, -65536]], "i32"),
            "up": tensor([[2, 2]], "i32"),
            "table": tensor(LINEAR_TABLE, "i64"),
        },
        {"u": [[87382, -43690]]},
    )


def _attention() -> Iterator[Case]:
    # Pairs (1, 3) with angle 0 and (2, 4) with a quarter turn, in units of 2^14.
    yield hand_worked(
        "hand-rope",
        "rope",
        "Lane 0 pairs with lane 2 at angle 0: 1 and 3 stay; lane 1 with lane 3 at a quarter turn:"
        " -4 and 2; all times 2^14.",
        {},
        {
            "x": tensor([[[1, 2, 3, 4]]], "i32"),
            "cos": tensor([[16384, 0]], "i16"),
            "sin": tensor([[0, 16384]], "i16"),
        },
        {"r": [[[16384, -65536, 49152, 32768]]]},
    )
    # a = 2·1 − 3·(−1) = 5 and −3·2 = −6; times 2^15, shift −(0 − 32 + 16) = 16: 2.5 -> 2 and −3.
    yield hand_worked(
        "hand-scores",
        "scores",
        "2*1 + (-3)*(-1) = 5 and (-3)*2 = -6; times 2^15 over 2^16: 2.5 to 2, and -3.",
        {"bits": 3, **EVEN},
        {
            "query": tensor([2, -3], "i32"),
            "query_exponent": tensor(0, "i32"),
            "counts": tensor([[1, -1], [0, 2]], "i16"),
            "mantissa": tensor([32768, 32768], "i32"),
            "exponent": tensor([-32, -32], "i32"),
        },
        {"score": [2, -3], "saturations": 0},
    )
    # 1, 1/2 and 1 in 30 fraction bits: 2^30 + 2^29 + 2^30.
    yield hand_worked(
        "hand-softmax",
        "softmax",
        "The maximum 1.0 occurs twice and weighs 2^30, 0.0 weighs half of it: the sum is 5*2^29.",
        EVEN,
        {"score": tensor([65536, 0, 65536], "i64"), "table": tensor(STANDARD_TABLE, "i64")},
        {"top": 65536, "weight": [1073741824, 536870912, 1073741824], "sum": 2684354560},
    )
    # X = 0; addends 2^45/2^18 = 2^27 and 2^45/2^19 = 2^26; o = 3·2^27 − 2·2^26 = 2^28;
    # z = 2^28·2^15/2^31 = 4096.
    yield hand_worked(
        "hand-mix",
        "mix",
        "Addends 2^27 and, one exponent lower, 2^26; o = 3*2^27 - 2*2^26 = 2^28; over the sum 2^31"
        " with 15 places: 2^12.",
        {"bits": 3, **EVEN},
        {
            "weight": tensor([1 << 30, 1 << 30], "i64"),
            "counts": tensor([[3], [-2]], "i16"),
            "mantissa": tensor([32768, 32768], "i32"),
            "exponent": tensor([0, -1], "i32"),
        },
        {"accumulator": [268435456], "mixed": [4096], "exponent": 0},
    )

"""Faults that no case can show, and why."""

from collections.abc import Mapping

_PROOFS: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]] = {
    ("arithmetic.py", "isqrt"): {
        "x < 2^62, so bit 31 of the root is never set.": (
            "range(30, -1, -1)  =>  range(31, -1, -1)",
        ),
    },
    ("attention.py", "rope"): {
        "For a < half, Python's index a − half counts from the end: the same element a + half.": (
            "x[a + half]  =>  x[a - half]",
        ),
    },
    ("attention.py", "score"): {
        "Keys and values have symmetric counts; further steps of a longer train stay silent.": (
            "True  =>  False",
        ),
    },
    ("attention.py", "mix"): {
        "Counts of more steps than a train has do not exist, so further steps stay silent.": (
            "True  =>  False",
        ),
        "All values have the same number of dimensions.": ("values[0]  =>  values[-1]",),
    },
    ("attention.py", "align"): {
        "All heads have the same number of dimensions.": ("mixed[0]  =>  mixed[-1]",),
    },
    ("canonical.py", "canonical_json"): {
        "The object that is hashed has its keys in order, and no character that needs an escape.": (
            "True  =>  False",
        ),
    },
    ("canonical.py", "_delete_unescaped"): {
        "The object that is hashed holds no character that needs an escape.": (
            "'\\x7f' if escape[0] == '\\\\u007f' else escape[0]  =>  '\\x7f' if "
            "escape[0] != '\\\\u007f' else escape[0]",
            "escape[0]  =>  escape[-1]",
            "escape[0]  =>  escape[1]",
        ),
    },
    ("encoding.py", "clip_potentials"): {
        "A left shift beyond 31 bits saturates any threshold but 0 (ENC-8 allows any limit).": (
            "-48  =>  -47",
            "-48  =>  -49",
        ),
    },
    ("encoding.py", "symmetric_counts"): {
        "At v = 0 both sides give the count 0.": (
            "-bisect_right(falling, factor * -v) if v < 0 else bisect_right(rising,"
            " factor * v)  =>  -bisect_right(falling, factor * -v) if v <= 0 else "
            "bisect_right(rising, factor * v)",
            "v < 0  =>  v < 1",
        ),
    },
    ("events.py", "pack_event"): {
        "A polarity is 1 or −1.": (
            "polarity < 0  =>  polarity < 1",
            "polarity < 0  =>  polarity <= 0",
        ),
    },
    ("events.py", "pack_epoch"): {
        "A spike in that list has only the polarities that stand there; the "
        "sign alone is looked at.": (
            "(source, 1)  =>  (source, 0)",
            "(source, 1)  =>  (source, 2)",
            "-1  =>  -2",
        ),
    },
    ("events.py", "check_delivery"): {
        "Exactly one end marker is left at this point.": ("ends[0]  =>  ends[-1]",),
    },
    ("finite_field.py", "prime_power"): {
        "q is at least 2 wherever it is asked for.": (
            "q < 2  =>  q < 1",
            "q < 2  =>  q < 3",
            "q < 2  =>  q <= 2",
        ),
        "The smallest factor of an odd q that is no prime is found by the "
        "looser bound too; q is odd.": (
            "f * f <= q  =>  f + f <= q",
            "f * f <= q  =>  f // f <= q",
            "range(2, q)  =>  range(3, q)",
        ),
    },
    ("finite_field.py", "modulus"): {
        "The division takes its divisor for monic and never reads the leading coefficient.": (
            "[*low, 1]  =>  [*low, 0]",
            "[*low, 1]  =>  [*low, 2]",
        ),
    },
    ("finite_field.py", "field"): {
        "Entries beyond the q elements are never looked up.": (
            "[-1] * (q - 1)  =>  [-1] * (q + 1)",
            "q - 1  =>  q - 0",
        ),
        "χ(0) is asked for on the diagonal alone, where HAD-13 and HAD-14 state the entries.": (
            "[0]  =>  [-1]",
            "[0]  =>  [1]",
        ),
        "0·0 = 0 marks χ(0), which no entry uses; 1 = (−1)·(−1) is marked by −1.": (
            "range(1, q)  =>  range(0, q)",
            "range(1, q)  =>  range(2, q)",
        ),
        "Leading zeros of a product change no remainder.": (
            "2 * degree  =>  3 * degree",
            "2 * degree - 1  =>  2 * degree - 0",
            "[0] * (2 * degree - 1)  =>  [0] * (2 * degree + 1)",
        ),
    },
    ("generator.py", "seed_of"): {
        "The ninth byte is a multiple of 2^64, and words are taken modulo 2^64.": (":8  =>  :9",),
    },
    ("hadamard.py", "kronecker"): {
        "The factors are 1 and −1, of which quotient and product are the same.": (
            "(a * b for a in upper for b in lower)  =>  (a // b for a in upper for b in lower)",
        ),
    },
    ("hadamard.py", "paley_two"): {
        "The diagonal of the core is replaced by the blocks of HAD-14.": (
            "[0]  =>  [-1]",
            "[0]  =>  [1]",
        ),
        "Divisor and dividend are 1 and −1.": (
            "diagonal[s][t] if i == j else core[i][j] * (-1) ** (s * t)  =>  "
            "diagonal[s][t] if i == j else core[i][j] // (-1) ** (s * t)",
        ),
    },
    ("hadamard.py", "williamson"): {
        "Divisor and dividend are 1 and −1.": (
            "(sign * rows[x][(j - i) % size] for sign, x in line for j in "
            "range(size))  =>  (sign // rows[x][(j - i) % size] for sign, x in line"
            " for j in range(size))",
        ),
    },
    ("hadamard.py", "is_direct"): {
        "No order of a width m·2^j with odd m > 1 is a power of two, and a "
        "power of two among its divisors leaves a smaller order with the same m"
        " that has a base.": ("order.bit_count() == 1  =>  order.bit_count() == 0",),
    },
    ("hadamard.py", "smallest_factor"): {
        "No direct order is below 12.": ("range(12, order)  =>  range(11, order)",),
    },
    ("hadamard.py", "has_base"): {
        "Where the order is no multiple of 4 it has no direct divisor; it is "
        "never a power of two.": (
            "order % 4 or order.bit_count() == 1  =>  order % 4 and order.bit_count() == 1",
            "order.bit_count() == 1  =>  order.bit_count() == 0",
        ),
    },
    ("hadamard.py", "matrix"): {
        "Width 2^k: the loop asks 1, 2, … for a base, finds none and returns S(2^k) as well.": (
            "odd == 1  =>  odd == 0",
            "odd == 1  =>  odd == 2",
        ),
    },
    ("operations/arithmetic.py", "round_shift"): {
        "x·2^62 and x·2^63 are both refused for every x but 0.": ("-62  =>  -63",),
    },
    ("operators.py", "silu_gate"): {
        "At g = 0 the product k is 0 whatever the sigmoid is.": (
            "g < 0  =>  g < 1",
            "g < 0  =>  g <= 0",
        ),
    },
    ("tensor.py", "matrix"): {
        "All rows have the same length.": ("rows[0]  =>  rows[-1]",),
    },
    ("tensor.py", "stack"): {
        "All matrices have the same shape.": (
            "matrices[0]  =>  matrices[-1]",
            "matrices[0][0]  =>  matrices[0][-1]",
        ),
    },
}
"""(module, function) -> proof -> the faults that it proves equivalent, as the tool prints them."""

EQUIVALENTS: Mapping[tuple[str, str, str], str] = {
    (file, function, text): proof
    for (file, function), proofs in _PROOFS.items()
    for proof, texts in proofs.items()
    for text in texts
}

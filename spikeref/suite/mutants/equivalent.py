"""Wrong texts that no case can show, with the proof that none can."""

from spikeref.suite.mutants.mutant import Equivalent, fault

EQUIVALENT: tuple[Equivalent, ...] = (
    Equivalent(
        mutant=fault(
            "hadamard-circulant-direction",
            "hadamard",
            "HAD-15",
            "hadamard.py:williamson",
            "(j - i) % size",
            "(i - j) % size",
            "circulants that turn the other way",
        ),
        proof="Each row of HAD-15 reads the same backwards after its first sign: x_k = x_(t−k). So"
        " x_((j−i) mod t) = x_((i−j) mod t), and both texts give the same matrix.",
    ),
    Equivalent(
        mutant=fault(
            "hadamard-paley-two-transposed",
            "hadamard",
            "HAD-12 HAD-14",
            "hadamard.py:paley_two",
            "chi.jacobsthal(a, b)",
            "chi.jacobsthal(b, a)",
            "χ(b − a) for χ(a − b)",
        ),
        proof="Paley II takes q ≡ 1 mod 4, where −1 is a square, so χ(b − a) = χ(−1)·χ(a − b) ="
        " χ(a − b).",
    ),
    Equivalent(
        mutant=fault(
            "silu-magnitude-of-zero",
            "silu_gate",
            "OP-9",
            "operators.py:silu_gate",
            "if g < 0:",
            "if g <= 0:",
            "mirrors the sigmoid at zero too",
        ),
        proof="At g = 0 the next step multiplies σ by g, and 0·σ = 0 whatever σ is.",
    ),
    Equivalent(
        mutant=fault(
            "clip-shift-negative-zero",
            "clip",
            "ENC-8",
            "encoding.py:clip_potentials",
            "max(v - t, 0)",
            "v - t if v >= t else 0",
            "lets a potential at the threshold pass in shift mode",
        ),
        proof="Where v = t, v − t is the 0 that the clipping gives; elsewhere the texts agree.",
    ),
    Equivalent(
        mutant=fault(
            "hadamard-square-character",
            "hadamard",
            "HAD-11",
            "finite_field.py:field",
            "character = [0] + [-1] * (q - 1)",
            "character = [1] + [-1] * (q - 1)",
            "takes zero for a square",
        ),
        proof="χ(0) is asked for on the diagonal alone, where HAD-13 states 1 and HAD-14 states a"
        " block of its own.",
    ),
)

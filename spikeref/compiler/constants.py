"""The integers that operators read from the model (COMP-11)."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

from spikeref.arith.scalar import round_div
from spikeref.arith.ties import Ties
from spikeref.compiler.scales import normalise_rational
from spikeref.errors import CheckpointError
from spikeref.model.config import Constants
from spikeref.neurons.counts import Encoder

NORM_ROOT_BITS = 59
SCORE_MANTISSA_BITS = 22
LOG2E_BITS = 30


def model_constants(
    *,
    width: int,
    power: Fraction,
    epsilon: Fraction,
    head_dim: int,
    head_order: int,
    cache: Encoder,
) -> Constants:
    """Return the constants of a model.

    width: N; power: ρ, by which a rotation multiplies the energy of the residual; epsilon: of the
    RMSNorms; head_order: n_h; cache: the encoder of keys and values.
    """
    norm_root, norm_root_exponent = _norm_root(width * power)
    with localcontext() as context:
        context.prec = 60
        log2e = 1 / Decimal(2).ln()
        score = Fraction(log2e / Decimal(head_dim).sqrt())
        log2e_fixed = int((log2e * (1 << LOG2E_BITS)).to_integral_value())
    score *= cache.clip_ratio / (head_order * cache.levels)
    score_mantissa, score_exponent = normalise_rational(score, SCORE_MANTISSA_BITS)
    scaled_epsilon = epsilon * power * width * (1 << 32)
    norm_epsilon = round_div(scaled_epsilon.numerator, scaled_epsilon.denominator, Ties.HALF_EVEN)
    if norm_epsilon >= 1 << 60:
        raise CheckpointError(f"rms_norm_eps: {float(epsilon)} is too large for the fixed point")
    return Constants(
        norm_root=norm_root,
        norm_root_exponent=norm_root_exponent,
        norm_epsilon=norm_epsilon,
        score_mantissa=score_mantissa,
        score_exponent=score_exponent,
        log2e=log2e_fixed,
    )


def _norm_root(square: Fraction) -> tuple[int, int]:
    """Return ⌊√square·2^p⌋ in [2^58, 2^59) and p, for square >= 1."""
    p = NORM_ROOT_BITS
    while True:
        root = math.isqrt((square * 4**p).__floor__())
        if root < 1 << NORM_ROOT_BITS:
            return root, p
        p -= 1

"""The minimum width of every signal of LAS attention (LAS-10 to LAS-12, COUNT-7)."""

from spikeref.account.largest_codes import largest_code, largest_probability, largest_weight
from spikeref.arith.widths import minimum_bits
from spikeref.functions.mantissas import MANTISSA_BITS
from spikeref.model.las_bounds import largest_weight_sum, mixing_bound, score_bound
from spikeref.model.las_layers import LasModel
from spikeref.model.las_profile import Choice
from spikeref.ops.las_attention import MIXED_BITS, PROBABILITY_BITS
from spikeref.ops.las_published import LARGEST_SUM, LEAST_SUM
from spikeref.ops.las_softmax import LOG_BITS

ONE = 1 << PROBABILITY_BITS
LARGEST_SINGLE = ONE + (1 << 7) + 1
"""What LAS-11 allows one probability."""


def attention_bits(model: LasModel, layer: int, signal: str) -> int:
    """Return the width that `signal` provably fits: of the record, or of what is between."""
    shape, profile, tables = model.config.shape, model.config.profile, model.tables
    codes, steps = model.layers[layer].codes, profile.form.steps
    scores = score_bound(shape.head_dim, codes["query"], codes["key"])
    match signal:
        case "top" | "score":
            return minimum_bits(-scores, scores)
        case "distance":
            return minimum_bits(0, 2 * scores)
        case "log":
            return LOG_BITS
        case "weight":
            return minimum_bits(0, largest_weight(tables.exp, profile.softmax, steps))
        case "sum":
            return minimum_bits(0, _sums(model, layer)[1])
        case "inverse":
            return minimum_bits(0, largest_code(tables.reciprocal.pieces[0], steps))
        case "inverse_exponent":
            low, high = (total.bit_length() - MANTISSA_BITS for total in _sums(model, layer))
            return minimum_bits(low, high)
        case "probability":
            return minimum_bits(0, largest_probability(tables.reciprocal, steps))
        case "probability_counts":
            return minimum_bits(0, codes["probabilities"].largest_count)
        case "probability_outliers":
            return minimum_bits(0, 1)
        case "probability_values":
            return minimum_bits(0, codes["probabilities"].largest_value)
        case "accumulator":
            bound = mixing_accumulator_bound(model, layer)
            return minimum_bits(-bound, bound)
        case "mixed":
            return MIXED_BITS
        case _:
            raise KeyError(signal)


def visible_positions(model: LasModel, layer: int) -> int:
    """Return how many positions a token of one layer sees at most (ATT-5)."""
    positions, window = model.config.shape.positions, model.layers[layer].sliding_window
    return positions if window is None or not model.config.structure.causal else min(
        window, positions
    )  # fmt: skip


def mixing_accumulator_bound(model: LasModel, layer: int) -> int:
    """Return the bound on what values mix to: that of LAS-12, or of all positions at their most.

    Fitted functions may carry the sum of probabilities beyond LAS-11's; the bound grows with it.
    """
    config = model.config
    codes = model.layers[layer].codes
    times = largest_weight_sum(config.profile.softmax, config.shape.positions)
    bound = mixing_bound(codes["value"], codes["probabilities"], times)
    single = largest_probability(model.tables.reciprocal, config.profile.form.steps)
    if single > LARGEST_SINGLE:
        bound = -(-bound * single // ONE)
    pair = codes["value"].largest_value * codes["probabilities"].largest_value
    return min(bound, visible_positions(model, layer) * pair)


def _sums(model: LasModel, layer: int) -> tuple[int, int]:
    """Return bounds on Σ E that is not 0: the score at the top always adds E(0)."""
    profile, exp = model.config.profile, model.tables.exp
    steps = profile.form.steps
    largest = visible_positions(model, layer) * largest_weight(exp, profile.softmax, steps)
    if profile.softmax is Choice.PUBLISHED:
        return LEAST_SUM, max(LEAST_SUM, min(largest, LARGEST_SUM))
    return 1, largest

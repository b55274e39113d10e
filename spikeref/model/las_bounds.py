"""Bounds on what spike products of attention can reach (LAS-10, LAS-12)."""

from collections.abc import Mapping

from spikeref.model.las_config import LasShape
from spikeref.model.las_profile import (
    LARGEST_PROBABILITY_THRESHOLD,
    Choice,
    Functions,
    LasProfile,
    LayerRole,
)
from spikeref.neurons.outlier_aware import OatCode

LARGEST_WIDE_BOUND = 1 << 62
PUBLISHED_POSITIONS = 48
"""Weights that the published softmax leaves above 1 in sum: at most one for so many positions."""
FITTED_SPREAD = 2
"""A fitted reciprocal is off by less than half of itself, and so is what the weights sum to."""


def score_bound(width: int, query: OatCode, key: OatCode) -> int:
    """Return the bound on a score of heads of d = width (LAS-10)."""
    return width * query.largest_value * key.largest_value


def mixing_bound(value: OatCode, probabilities: OatCode, times: int) -> int:
    """Return the bound on what values mix to, with weights that sum to at most `times` (LAS-12)."""
    form = probabilities.form
    largest_sum = ((1 << 14) + 2) * form.levels << (form.steps + 2)
    return times * value.largest_value * -(-largest_sum // probabilities.divisor)


def largest_weight_sum(profile: LasProfile, positions: int) -> int:
    """Return what the weights of a softmax over so many positions sum to at most (LAS-16)."""
    paper = 1 if profile.softmax is Choice.PAPER else -(-positions // PUBLISHED_POSITIONS)
    return paper * FITTED_SPREAD if profile.functions is Functions.FITTED else paper


def excess_of_codes(
    codes: Mapping[LayerRole, OatCode], shape: LasShape, profile: LasProfile
) -> str | None:
    """Return what the codes of a layer could exceed, or None (NEUR-3, LAS-11, LAS-12)."""
    if codes["probabilities"].outlier > LARGEST_PROBABILITY_THRESHOLD:
        return "probabilities beyond 2 (NEUR-3)"
    if 2 * score_bound(shape.head_dim, codes["query"], codes["key"]) >= LARGEST_WIDE_BOUND:
        return "scores could leave 62 bits (LAS-11)"
    weight_sum = largest_weight_sum(profile, shape.positions)
    mixed = mixing_bound(codes["value"], codes["probabilities"], weight_sum)
    return "mixing could leave 62 bits (LAS-12)" if mixed >= LARGEST_WIDE_BOUND else None

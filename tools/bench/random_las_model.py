"""LAS models with random weights, built in memory: no checkpoint, no compilation."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.dot import absolute_column_sums
from spikeref.checkpoint.rope import DefaultRope
from spikeref.compiler.fixed_point import dyadic_rows, fix_gamma
from spikeref.compiler.function_tables import standard_tables
from spikeref.compiler.las_plan import fixed_thresholds, las_constants
from spikeref.compiler.rope_table import rope_tables
from spikeref.compiler.scales import normalise_rational
from spikeref.model.groups import OPERATORS, Operator
from spikeref.model.las_config import (
    FeedForward,
    LasConfig,
    LasShape,
    NormKind,
    Placement,
    Position,
    Structure,
)
from spikeref.model.las_layers import (
    LasLayer,
    LasModel,
    NormParameters,
    RotaryTables,
    WideSynapses,
)
from spikeref.model.las_profile import LAS_PROFILES, LasProfile
from spikeref.neurons.outlier_aware import OatCode
from tools.bench.random_model import LARGEST_DEVIATIONS, WEIGHT_DEVIATION

ROWS_AT_A_TIME = 256

STRUCTURE = Structure(
    norm=NormKind.RMS,
    placement=Placement.PRE,
    mlp=FeedForward.GATED,
    activation="silu",
    position=Position.ROTARY,
    position_offset=0,
    multi_rotary=(),
    causal=True,
    pooler=False,
)


def random_las_model(shape: LasShape, seed: int = 0) -> LasModel:
    """Return a LLaMA of `shape` under the profile las, with normal weights before rounding."""
    profile = LAS_PROFILES["las"]
    rng = np.random.Generator(np.random.SFC64(seed))
    config = LasConfig(
        family="llama",
        shape=shape,
        structure=STRUCTURE,
        profile=profile,
        constants=las_constants(shape, NormKind.RMS, Fraction(1, 100000), profile),
        tied_head=True,
        bos_token_id=None,
        eos_token_ids=(),
        tokenizer_digest=None,
        source_digest="0" * 64,
    )
    norm = NormParameters(gamma=fix_gamma(np.ones(shape.hidden, dtype=np.float64)), beta=None)
    embedding = dyadic_rows(rng.standard_normal((shape.vocab, shape.hidden)))
    cos, sin = rope_tables(DefaultRope(theta=Fraction(10000)), shape.head_dim, shape.positions)
    head, classifier = _codes(profile, ("head_input", "classifier_input"))
    sums = np.abs(embedding.mantissas).sum(axis=1, dtype=np.int64)
    return LasModel(
        config=config,
        digest="0" * 64,
        folder=Path("random-las-model"),
        embedding=embedding,
        positions=None,
        types=None,
        embedding_norm=None,
        final_norm=norm,
        head=embedding,
        head_weight_bound=int(sums.max()),
        pooler=None,
        classifier=None,
        head_code=head,
        classifier_code=classifier,
        rotary=RotaryTables(cos=cos, sin=sin),
        tables=standard_tables("silu", tanh=False),
        layers=[_layer(shape, profile, norm, rng) for _ in range(shape.layers)],
    )


def _layer(
    shape: LasShape, profile: LasProfile, norm: NormParameters, rng: np.random.Generator
) -> LasLayer:
    roles = STRUCTURE.roles
    return LasLayer(
        attention_norm=norm,
        mlp_norm=norm,
        operators={op: _synapses(op, shape, profile, rng) for op in OPERATORS},
        codes=dict(zip(roles, _codes(profile, roles), strict=True)),
        sliding_window=None,
    )


def _codes(profile: LasProfile, roles: tuple[str, ...]) -> list[OatCode]:
    pairs = fixed_thresholds(profile, roles)  # type: ignore[arg-type]
    return [OatCode(form=profile.form, normal=n, outlier=o) for n, o in pairs]


def _synapses(
    operator: Operator, shape: LasShape, profile: LasProfile, rng: np.random.Generator
) -> WideSynapses:
    sources, targets = shape.operator_shape(operator)
    weights = _weights(sources, targets, profile.largest_weight, rng)
    scale = Fraction(WEIGHT_DEVIATION * LARGEST_DEVIATIONS) / profile.largest_weight
    mantissa, exponent = normalise_rational(scale, 16)
    return WideSynapses(
        weights=weights,
        channel_mantissas=np.full(targets, mantissa, dtype=np.uint16),
        channel_exponents=np.full(targets, exponent, dtype=np.int16),
        bias=None,
        zero_weights=(weights == 0).sum(axis=1, dtype=np.int32),
        weight_bound=int(absolute_column_sums(weights).max()),
    )


def _weights(
    sources: int, targets: int, largest: int, rng: np.random.Generator
) -> NDArray[np.int16]:
    """Return weights int16 [N, M] of magnitude at most `largest`, normal before rounding."""
    weights = np.empty((sources, targets), dtype=np.int16)
    for start in range(0, sources, ROWS_AT_A_TIME):
        block = weights[start : start + ROWS_AT_A_TIME]
        values = rng.standard_normal(block.shape, dtype=np.float32)
        values *= np.float32(largest / LARGEST_DEVIATIONS)
        block[...] = np.clip(np.rint(values), -largest, largest)
    weights.flags.writeable = False
    return weights

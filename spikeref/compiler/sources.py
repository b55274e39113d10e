"""What is folded into each operator's weights and scales, by rotation (COMP-3, COMP-7, COMP-10)."""

from fractions import Fraction

import numpy as np

from spikeref.checkpoint.families import LayerRole
from spikeref.checkpoint.layout import BIAS_OF
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.plan import CompilationPlan
from spikeref.compiler.synapses import OperatorSource
from spikeref.model.groups import GROUP_OF, Operator
from spikeref.model.profile import Profile
from spikeref.model.rotation import input_rotation, order_of


def operator_source(
    plan: CompilationPlan, operator: Operator, names: dict[LayerRole, str], checkpoint: Checkpoint
) -> OperatorSource:
    """Return where the operator's weights come from and what is folded into them (COMP-3)."""
    group = GROUP_OF[operator]
    rotation = input_rotation(plan.profile.rotation, plan.shape, group)
    scale = _count_scale(plan.profile) / order_of(rotation)
    column_factors = output_rotation = None
    if operator == "o":
        # The cache's own scale, r/(q_kv·n_h), is the same for every head (ATT-11).
        cache = plan.profile.cache_encoder()
        scale *= cache.clip_ratio / (cache.levels * plan.head_order)
    if plan.residual is not None:
        if operator in ("o", "down"):
            output_rotation = plan.residual
            scale /= 2**plan.residual.halvings
        else:
            rotation = plan.residual.plan
            scale *= plan.residual.inverse_scale
            norm = names["attention_norm" if group == "qkv" else "mlp_norm"]
            column_factors = checkpoint.vector(norm).astype(np.float64) * plan.residual.signs
    return OperatorSource(
        weight=names[operator],
        bias=names.get(BIAS_OF[operator]),
        column_factors=column_factors,
        rotation=rotation,
        output_rotation=output_rotation,
        scale=scale,
    )


def _count_scale(profile: Profile) -> Fraction:
    """Return r/((2^(w−1)−1)·q), the part of COMP-7 that all operators share."""
    encoder = profile.encoder()
    return encoder.clip_ratio / (profile.largest_weight * encoder.levels)

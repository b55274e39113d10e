"""The steps that every LAS layer is made of, each recorded (LAS-4 to LAS-13)."""

from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.rounding import Saturated, Scale, saturate
from spikeref.engine.las_products import LasEngine
from spikeref.forward.las_cache import LasCache, OatCache
from spikeref.model.groups import OUTPUT_BITS, Operator
from spikeref.model.las_bounds import largest_weight_sum
from spikeref.model.las_config import NormKind
from spikeref.model.las_layers import LasLayer, LasModel, NormParameters, WideSynapses
from spikeref.model.las_profile import Choice
from spikeref.neurons.outlier_aware import OatCode, OatSpikes
from spikeref.ops.embedding import RESIDUAL_BITS
from spikeref.ops.las_attention import (
    HeadCodes,
    LasAttentionRules,
    las_attend,
    spiking_head,
)
from spikeref.ops.las_linear import OatInput, WideOutput, oat_input, wide_linear
from spikeref.ops.las_norm import AnyNormRules, NormRules, spiking_norm
from spikeref.ops.las_published import PublishedNormRules
from spikeref.ops.rope import Turns
from spikeref.ops.visibility import visible_spikes
from spikeref.trace.las_records import (
    LasAttentionRecord,
    LasLinearOp,
    LasLinearRecord,
    LasNormOp,
    LasNormRecord,
    LasResidualOp,
    LasResidualRecord,
    LasSpikesOp,
    LasSpikesRecord,
)
from spikeref.trace.sinks import Sink

LINEAR_OPS: dict[Operator, LasLinearOp] = {
    "q": "las_q", "k": "las_k", "v": "las_v", "o": "las_o",
    "gate": "las_gate", "up": "las_up", "down": "las_down",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LasPass:
    """What every operator of one pass of T tokens shares."""

    model: LasModel
    first_token: int
    turns: Turns | None
    """Rotary table rows of the T tokens, where positions rotate."""
    cache: LasCache
    engine: LasEngine
    sink: Sink

    def norm(
        self, op: LasNormOp, layer: int, x: NDArray[np.int64], parameters: NormParameters
    ) -> NDArray[np.int64]:
        """Return a norm of x, int64 [T, N] (LAS-4)."""
        done = spiking_norm(x, parameters, norm_rules(self.model), self.engine)
        self.sink(
            LasNormRecord(
                op=op,
                layer=layer,
                first_token=self.first_token,
                deviation=done.deviation,
                energy=done.inverse.energy,
                inverse=done.inverse.code,
                inverse_exponent=done.inverse.exponent,
                output=done.output.values,
                saturations=done.output.count,
            )
        )
        return done.output.values

    def spikes(
        self, op: LasSpikesOp, layer: int, x: NDArray[np.int64], fraction_bits: int, code: OatCode
    ) -> OatSpikes:
        """Return the spikes of x, int64 [T, …] (LAS-5)."""
        return self.recorded(op, layer, oat_input(x, fraction_bits, code))

    def recorded(self, op: LasSpikesOp, layer: int, given: OatInput) -> OatSpikes:
        """Pass spikes to the sink and return them."""
        self.sink(
            LasSpikesRecord(
                op=op,
                layer=layer,
                first_token=self.first_token,
                counts=given.spikes.counts,
                outliers=given.spikes.outliers,
                saturations=given.saturations,
                potential=given.potential,
                fraction_bits=given.fraction_bits,
            )
        )
        return given.spikes

    def linear(
        self, index: int, layer: LasLayer, operator: Operator, given: OatSpikes
    ) -> NDArray[np.int64]:
        """Return the output of one of a layer's operators, int64 [T, M] (LAS-6)."""
        synapses = layer.operators[operator]
        return self.driven(LINEAR_OPS[operator], index, synapses, given, OUTPUT_BITS[operator])

    def driven(
        self, op: LasLinearOp, layer: int, synapses: WideSynapses, given: OatSpikes, bits: int
    ) -> NDArray[np.int64]:
        """Return what the spikes drive through synapses, int64 [T, M] of `bits` bits (LAS-6)."""
        profile = self.model.config.profile
        return self.output(
            op,
            layer,
            wide_linear(given, synapses, self.engine, profile.largest_weight, bits, profile.ties),
        )

    def output(self, op: LasLinearOp, layer: int, done: WideOutput) -> NDArray[np.int64]:
        """Pass an operator's accumulators and outputs to the sink; return the outputs."""
        self.sink(
            LasLinearRecord(
                op=op,
                layer=layer,
                first_token=self.first_token,
                accumulator=done.accumulator,
                output=done.output.values,
                saturations=done.output.count,
            )
        )
        return done.output.values

    def attention(
        self,
        index: int,
        layer: LasLayer,
        q: NDArray[np.int64],
        k: NDArray[np.int64],
        v: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Return the input of o, int64 [T, H·d], after adding keys and values to the cache."""
        shape = self.model.config.shape
        rules = attention_rules(self.model, layer)
        codes = rules.codes

        def head(
            op: LasSpikesOp, x: NDArray[np.int64], turns: Turns | None, code: OatCode
        ) -> OatSpikes:
            cut = x.reshape(len(x), -1, shape.head_dim)
            return self.recorded(op, index, spiking_head(cut, turns, code, rules.ties))

        queries = head("las_query_spikes", q, self.turns, codes.query)
        keys, values = self.cache.keys[index], self.cache.values[index]
        self._store(keys, head("las_key_spikes", k, self.turns, codes.key))
        self._store(values, head("las_value_spikes", v, None, codes.value))
        done = las_attend(queries, keys.view(), values.view(), self.first_token, rules, self.engine)
        self.sink(
            LasAttentionRecord(
                layer=index,
                first_token=self.first_token,
                top=done.top,
                sum=done.total,
                inverse=done.inverse,
                inverse_exponent=done.inverse_exponent,
                accumulator=done.accumulator,
                mixed=done.mixed.values,
                probability_spikes=done.probability_spikes,
                key_spikes=visible_spikes(keys.spikes, len(q), shape.heads, rules.sight),
                value_spikes=visible_spikes(values.spikes, len(q), shape.heads, rules.sight),
                saturations=done.saturations,
            )
        )
        return done.mixed.values

    def _store(self, cache: OatCache, spikes: OatSpikes) -> None:
        cache.write(spikes, self.first_token)

    def add(
        self, op: LasResidualOp, layer: int, x: NDArray[np.int64], out: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the residual stream after a saturating addition (OP-10)."""
        return self.residual(op, layer, x + out)

    def residual(self, op: LasResidualOp, layer: int, x: NDArray[np.int64]) -> NDArray[np.int64]:
        """Saturate the residual stream, pass it to the sink, and return it."""
        return self.saturated(op, layer, saturate(x, RESIDUAL_BITS))

    def saturated(self, op: LasResidualOp, layer: int, summed: Saturated) -> NDArray[np.int64]:
        """Pass a residual stream that is saturated to the sink, and return it."""
        self.sink(
            LasResidualRecord(
                op=op,
                layer=layer,
                first_token=self.first_token,
                residual=summed.values,
                saturations=summed.count,
            )
        )
        return summed.values


def norm_rules(model: LasModel) -> AnyNormRules:
    """Return what the norms of a model share."""
    config = model.config
    constants, profile = config.constants, config.profile
    centred = config.structure.norm is NormKind.LAYER
    root = _scale(constants.norm_root, constants.norm_root_exponent)
    match profile.norm:
        case Choice.PAPER:
            return NormRules(
                centred=centred,
                root=root,
                epsilon=_scale(constants.norm_epsilon, constants.norm_epsilon_exponent),
                steps=profile.form.steps,
                tables=model.tables,
                ties=profile.ties,
            )
        case Choice.PUBLISHED:
            return PublishedNormRules(
                centred=centred,
                root=root,
                epsilon=_scale(constants.published_epsilon, constants.published_epsilon_exponent),
                form=profile.form,
                tables=model.tables,
                ties=profile.ties,
            )
        case _:
            assert_never(profile.norm)


def attention_rules(model: LasModel, layer: LasLayer) -> LasAttentionRules:
    """Return what the heads of a layer share."""
    config = model.config
    constants = config.constants
    return LasAttentionRules(
        causal=config.structure.causal,
        window=layer.sliding_window,
        codes=HeadCodes(
            query=layer.codes["query"],
            key=layer.codes["key"],
            value=layer.codes["value"],
            probabilities=layer.codes["probabilities"],
        ),
        score_scale=_scale(constants.score_mantissa, constants.score_exponent),
        steps=config.profile.form.steps,
        tables=model.tables,
        ties=config.profile.ties,
        softmax=config.profile.softmax,
        weight_sum=largest_weight_sum(config.profile, config.shape.positions),
    )


def _scale(mantissa: int, exponent: int) -> Scale:
    return Scale(
        mantissa=np.asarray(mantissa, dtype=np.int64), exponent=np.asarray(exponent, dtype=np.int64)
    )

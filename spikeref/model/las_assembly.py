"""Named tensors gathered into a LAS model whose value ranges are proven (LMOD-1, LMOD-3)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.dot import absolute_column_sums, absolute_row_sums
from spikeref.arith.widths import magnitude
from spikeref.errors import ModelError, UsageError
from spikeref.model.groups import Operator
from spikeref.model.las_bounds import excess_of_codes
from spikeref.model.las_config import LasConfig, NormKind
from spikeref.model.las_layers import (
    LasLayer,
    LasModel,
    NormParameters,
    RotaryTables,
    WideSynapses,
)
from spikeref.model.las_profile import LayerRole
from spikeref.model.las_tables import read_tables
from spikeref.model.las_tensors import functions_of, has_head
from spikeref.model.layers import DyadicRows, Gamma
from spikeref.model.validation import (
    LARGEST_EXPONENT,
    ONE_IN_ROPE,
    check_mantissas,
)
from spikeref.neurons.outlier_aware import OatCode

INPUT_ROLES: dict[Operator, LayerRole] = {
    "q": "attention_input", "k": "attention_input", "v": "attention_input", "o": "o_input",
    "gate": "mlp_input", "up": "mlp_input", "down": "activation",
}  # fmt: skip
"""Whose spikes drive an operator (LAS-14)."""


def assemble_las_model(
    config: LasConfig,
    digest: str,
    folder: Path,
    names: frozenset[str],
    array: Callable[[str], NDArray[Any]],
) -> LasModel:
    """Return the model of tensors that have the types and shapes of `las_forms`.

    ModelError for a value that chapter 21 excludes or that does not follow from the weights.
    """
    source = _Source(config, names, array)
    embedding = source.rows("embedding")
    head = None
    if has_head(config):
        head = embedding if config.tied_head else source.rows("head")
    codes = source.codes("thresholds")
    return LasModel(
        config=config,
        digest=digest,
        folder=folder,
        embedding=embedding,
        positions=source.optional_rows("positions"),
        types=source.optional_rows("types"),
        embedding_norm=source.optional_norm("embedding_norm"),
        final_norm=source.optional_norm("final_norm"),
        head=head,
        head_weight_bound=0 if head is None else source.head_bound(head, codes[0]),
        pooler=source.synapses("pooler", codes[0]) if config.structure.pooler else None,
        classifier=source.synapses("classifier", codes[1]) if config.shape.classes else None,
        head_code=codes[0],
        classifier_code=codes[1],
        rotary=source.rotary(),
        tables=read_tables(functions_of(config), array),
        layers=tuple(source.layer(i) for i in range(config.shape.layers)),
    )


class _Source:
    """Tensors by name, gathered into the dataclasses of `model.las_layers`."""

    def __init__(
        self, config: LasConfig, names: frozenset[str], array: Callable[[str], NDArray[Any]]
    ) -> None:
        self._config = config
        self._names = names
        self.array = array

    def rows(self, prefix: str) -> DyadicRows:
        rows = DyadicRows(
            mantissas=self.array(f"{prefix}.mantissas"), exponents=self.array(f"{prefix}.exponents")
        )
        check_mantissas(prefix, rows.mantissas, rows.exponents)
        return rows

    def optional_rows(self, prefix: str) -> DyadicRows | None:
        return self.rows(prefix) if f"{prefix}.mantissas" in self._names else None

    def norm(self, prefix: str) -> NormParameters:
        mantissas, exponent = self.array(f"{prefix}.gamma"), self.array(f"{prefix}.gamma_exponent")
        check_mantissas(prefix, mantissas, exponent)
        beta = None
        if self._config.structure.norm is NormKind.LAYER:
            beta = self.array(f"{prefix}.beta")
            _require_40_bits(f"{prefix}.beta", beta)
        return NormParameters(
            gamma=Gamma(mantissas=mantissas, exponent=int(exponent[0])), beta=beta
        )

    def optional_norm(self, prefix: str) -> NormParameters | None:
        return self.norm(prefix) if f"{prefix}.gamma" in self._names else None

    def codes(self, name: str) -> list[OatCode]:
        form = self._config.profile.form
        try:
            return [
                OatCode(form=form, normal=normal, outlier=outlier)
                for normal, outlier in self.array(name).tolist()
            ]
        except UsageError as fault:
            raise ModelError(f"{name}: {fault}") from fault

    def rotary(self) -> RotaryTables | None:
        if "rope.cos" not in self._names:
            return None
        tables = RotaryTables(cos=self.array("rope.cos"), sin=self.array("rope.sin"))
        if max(magnitude(tables.cos), magnitude(tables.sin)) > ONE_IN_ROPE:
            raise ModelError("rope.cos, rope.sin: an entry is beyond 1")
        return tables

    def head_bound(self, head: DyadicRows, code: OatCode) -> int:
        stated = int(self.array("head.weight_bound")[0])
        _require_bound("head", stated, int(absolute_row_sums(head.mantissas).max()), code)
        return stated

    def synapses(self, prefix: str, code: OatCode) -> WideSynapses:
        bias = f"{prefix}.bias"
        synapses = WideSynapses(
            weights=self.array(f"{prefix}.weights"),
            channel_mantissas=self.array(f"{prefix}.channel_mantissas"),
            channel_exponents=self.array(f"{prefix}.channel_exponents"),
            bias=self.array(bias) if bias in self._names else None,
            zero_weights=self.array(f"{prefix}.zero_weights"),
            weight_bound=int(self.array(f"{prefix}.weight_bound")[0]),
        )
        largest = self._config.profile.largest_weight
        if magnitude(synapses.weights) > largest:
            raise ModelError(f"{prefix}.weights: a weight leaves ±{largest}")
        if int(synapses.channel_mantissas.min()) < 1 << 15:
            raise ModelError(f"{prefix}.channel_mantissas: must be at least 2^15")
        if magnitude(synapses.channel_exponents) > LARGEST_EXPONENT:
            raise ModelError(f"{prefix}.channel_exponents: one leaves ±{LARGEST_EXPONENT}")
        if synapses.bias is not None:
            _require_40_bits(bias, synapses.bias)
        zeros = synapses.weights.shape[1] - np.count_nonzero(synapses.weights, axis=1)
        if not np.array_equal(zeros, synapses.zero_weights):
            raise ModelError(f"{prefix}.zero_weights: does not follow from the weights")
        found = int(absolute_column_sums(synapses.weights).max())
        _require_bound(prefix, synapses.weight_bound, found, code)
        return synapses

    def layer(self, index: int) -> LasLayer:
        prefix = f"layers.{index}"
        structure = self._config.structure
        codes = dict(zip(structure.roles, self.codes(f"{prefix}.thresholds"), strict=True))
        excess = excess_of_codes(codes, self._config.shape, self._config.profile)
        if excess is not None:
            raise ModelError(f"{prefix}.thresholds: {excess}")
        return LasLayer(
            attention_norm=self.norm(f"{prefix}.attention_norm"),
            mlp_norm=self.norm(f"{prefix}.mlp_norm"),
            operators={
                operator: self.synapses(f"{prefix}.{operator}", codes[INPUT_ROLES[operator]])
                for operator in structure.operators
            },
            codes=codes,
            sliding_window=self._config.shape.sliding_windows[index],
        )


def _require_bound(name: str, stated: int, found: int, code: OatCode) -> None:
    if stated != found:
        raise ModelError(f"{name}.weight_bound: {stated} stated, the weights give {found}")
    if stated * code.largest_value >= 1 << 62:
        raise ModelError(f"{name}: its accumulator could leave 62 bits (LAS-6)")


def _require_40_bits(name: str, values: NDArray[np.int64]) -> None:
    if int(values.min()) < -(1 << 39) or int(values.max()) >= 1 << 39:
        raise ModelError(f"{name}: one leaves 40 bits")

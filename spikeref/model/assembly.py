"""Named tensors gathered into a model whose value ranges are proven (MODEL-2, MODEL-3, MODEL-7)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, assert_never

from numpy.typing import NDArray

from spikeref.errors import ModelError
from spikeref.functions.tables import FunctionTables
from spikeref.model.config import ModelConfig
from spikeref.model.groups import OPERATORS
from spikeref.model.las_tables import read_tables, require_gate
from spikeref.model.layers import DecoderLayer, DyadicRows, Gamma, IntegerModel, Synapses, Tables
from spikeref.model.profile import NonLinear
from spikeref.model.tensor_form import TensorForm
from spikeref.model.tensors import (
    DECODER_FUNCTIONS,
    biased_operators,
    clipped_groups,
    layer_forms,
    outer_forms,
)
from spikeref.model.validation import (
    check_mantissas,
    check_synapses,
    check_tables,
    check_thresholds,
)
from spikeref.neurons.clipping import MembraneClip
from spikeref.neurons.counts import Encoding


def expected_forms(config: ModelConfig, names: frozenset[str], where: str) -> dict[str, TensorForm]:
    """Return types and shapes of the tensors that a model holds, of which `names` are there.

    Biases and thresholds are expected where they are. ModelError, naming `where`: clip thresholds
    that contradict the configuration (MODEL-4, ENC-8).
    """
    expected = outer_forms(config, names)
    for i in range(config.shape.layers):
        biased, clipped = biased_operators(names, i), clipped_groups(names, i)
        expected |= layer_forms(config, i, biased, clipped)
    if any(".clip." in name for name in expected) != (config.clip_mode is not None):
        raise ModelError(f"{where}: clip_mode and clip thresholds contradict each other")
    if config.clip_mode is not None and config.profile.encoding is not Encoding.TERNARY:
        raise ModelError(f"{where}: clip thresholds need ternary counts (ENC-8)")
    return expected


def assemble_model(
    config: ModelConfig,
    digest: str,
    folder: Path,
    names: frozenset[str],
    array: Callable[[str], NDArray[Any]],
) -> IntegerModel:
    """Return the model of tensors that have the types and shapes of `expected_forms`.

    names: of all its tensors; array: returns one by name. ModelError for a value that MODEL-3
    excludes or that does not follow from the weights (MODEL-7).
    """
    source = _Source(names, array)
    embedding = source.rows("embedding")
    return IntegerModel(
        config=config,
        digest=digest,
        folder=folder,
        embedding=embedding,
        head=embedding if config.tied_head else source.rows("head"),
        final_gamma=source.gamma("final_norm"),
        tables=source.tables(),
        functions=_functions(config, array),
        layers=tuple(_layer(source, config, i) for i in range(config.shape.layers)),
    )


def _functions(config: ModelConfig, array: Callable[[str], NDArray[Any]]) -> FunctionTables | None:
    match config.profile.non_linear:
        case NonLinear.INTEGER:
            return None
        case NonLinear.HG:
            tables = read_tables(DECODER_FUNCTIONS, array)
            require_gate("silu", tables.activation)
            return tables
        case _:
            assert_never(config.profile.non_linear)


class _Source:
    """Tensors by name, gathered into the dataclasses of `model.layers`."""

    def __init__(self, names: frozenset[str], array: Callable[[str], NDArray[Any]]) -> None:
        self._names = names
        self.array = array

    def optional(self, name: str) -> NDArray[Any] | None:
        return self.array(name) if name in self._names else None

    def scalar(self, name: str) -> int:
        return int(self.array(name)[0])

    def rows(self, prefix: str) -> DyadicRows:
        rows = DyadicRows(
            mantissas=self.array(f"{prefix}.mantissas"), exponents=self.array(f"{prefix}.exponents")
        )
        check_mantissas(prefix, rows.mantissas, rows.exponents)
        return rows

    def gamma(self, norm: str) -> Gamma | None:
        mantissas = self.optional(f"{norm}.gamma")
        if mantissas is None:
            return None
        exponent = self.array(f"{norm}.gamma_exponent")
        check_mantissas(norm, mantissas, exponent)
        return Gamma(mantissas=mantissas, exponent=int(exponent[0]))

    def tables(self) -> Tables:
        tables = Tables(
            exp2=tuple(int(c) for c in self.array("tables.exp2")),
            cos=self.array("rope.cos"),
            sin=self.array("rope.sin"),
        )
        check_tables(tables)
        return tables

    def synapses(self, prefix: str) -> Synapses:
        return Synapses(
            weights=self.array(f"{prefix}.weights"),
            channel_mantissas=self.array(f"{prefix}.channel_mantissas"),
            channel_exponents=self.array(f"{prefix}.channel_exponents"),
            bias=self.optional(f"{prefix}.bias"),
            weight_sums=self.optional(f"{prefix}.weight_sums"),
            zero_weights=self.array(f"{prefix}.zero_weights"),
            accumulator_bound=self.scalar(f"{prefix}.accumulator_bound"),
        )

    def clips(self, index: int, config: ModelConfig) -> dict[Any, MembraneClip]:
        if config.clip_mode is None:
            return {}
        thresholds = {
            group: self.scalar(f"layers.{index}.clip.{group}")
            for group in sorted(clipped_groups(self._names, index))
        }
        check_thresholds(f"layers.{index}.clip", thresholds.values())
        return {
            group: MembraneClip(threshold=threshold, mode=config.clip_mode)
            for group, threshold in thresholds.items()
        }


def _layer(source: _Source, config: ModelConfig, index: int) -> DecoderLayer:
    prefix = f"layers.{index}"
    synapses = {op: source.synapses(f"{prefix}.{op}") for op in OPERATORS}
    for operator, found in synapses.items():
        check_synapses(f"{prefix}.{operator}", found, config.profile)
    return DecoderLayer(
        attention_gamma=source.gamma(f"{prefix}.attention_norm"),
        q=synapses["q"],
        k=synapses["k"],
        v=synapses["v"],
        o=synapses["o"],
        mlp_gamma=source.gamma(f"{prefix}.mlp_norm"),
        gate=synapses["gate"],
        up=synapses["up"],
        down=synapses["down"],
        clips=source.clips(index, config),
        sliding_window=config.shape.sliding_windows[index],
    )

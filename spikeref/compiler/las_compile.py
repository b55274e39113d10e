"""From a checkpoint folder to a LAS model's folder, one layer in memory at a time (chapter 21)."""

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.dot import absolute_row_sums
from spikeref.checkpoint.config import DecoderConfig
from spikeref.checkpoint.parts import NormParts, OperatorParts, OuterParts, RowsPart
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.compile import Progress, copy_tokenizer
from spikeref.compiler.fixed_point import FixedRows, fix_bias, fix_gamma, fix_rows
from spikeref.compiler.function_tables import neuron_of
from spikeref.compiler.headroom import prove_las_headroom
from spikeref.compiler.las_plan import (
    fixed_thresholds,
    las_constants,
    las_shape,
    las_structure,
    norm_epsilon_of,
    prove_codes,
    prove_constants,
)
from spikeref.compiler.resuming import compiling
from spikeref.compiler.rope_table import rope_tables
from spikeref.compiler.rows import compile_rows, unchanged
from spikeref.compiler.synapses import operator_tensors, quantise_operator
from spikeref.errors import UsageError
from spikeref.model.las_assembly import INPUT_ROLES
from spikeref.model.las_config import LasConfig
from spikeref.model.las_profile import CALIBRATED, OUTER_ROLES, LasProfile, Role
from spikeref.model.las_tables import neuron_tensors
from spikeref.model.las_tensors import functions_of, has_head
from spikeref.model.layers import DyadicRows
from spikeref.neurons.outlier_aware import OatCode


def compile_las(
    checkpoint: Checkpoint,
    target: str | Path,
    profile: LasProfile,
    *,
    acc_bits: int | None = None,
    resume: str | None = None,
    progress: Progress = lambda done, total: None,
) -> str:
    """Compile `checkpoint` into the new folder `target`; return the model digest.

    acc_bits: the device's accumulator width, which every operator must be proven to fit.
    resume: the program's version, to keep finished shards beside the target when the work is
    stopped and to take up those of the same work; None keeps nothing.
    Peak memory: a few times the largest layer. The folder appears whole or not at all.
    CheckpointError: a bad weight, a shape beyond MODEL-8, or an epsilon beyond LMOD-6;
    HeadroomError: an accumulator that cannot be proven; UsageError: a target that cannot be
    written, or thresholds that do not go with the profile's train form or the shape's heads.
    """
    if profile.thresholds == CALIBRATED:
        raise UsageError(f"profile {profile.name}: thresholds are calibrated on a compiled model")
    layout = checkpoint.layout
    shape, structure = las_shape(layout), las_structure(layout)
    prove_codes(profile, shape, structure.roles)
    constants = las_constants(shape, structure.norm, norm_epsilon_of(layout), profile)
    prove_constants(constants, layout)
    shards = shape.layers + 1
    work = compiling(checkpoint, target, profile, shards, acc_bits=acc_bits, resume=resume)
    with work as at:
        source = checkpoint.source
        config = LasConfig(
            family=source.family,
            shape=shape,
            structure=structure,
            profile=profile,
            constants=constants,
            tied_head=structure.causal and layout.outer().head is None,
            bos_token_id=source.bos_token_ids[0] if source.bos_token_ids else None,
            eos_token_ids=source.eos_token_ids,
            tokenizer_digest=copy_tokenizer(checkpoint, at.folder),
            source_digest=checkpoint.source_digest,
        )
        compilation = _Compilation(checkpoint=checkpoint, config=config, acc_bits=acc_bits)
        at.writer.shard(1, partial(compilation.outer_tensors, layout.outer()))
        progress(1, shards)
        for index in range(shape.layers):
            at.writer.shard(index + 2, partial(compilation.layer_tensors, index))
            checkpoint.release()
            progress(index + 2, shards)
        return at.writer.finish(config)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compilation:
    """What every layer of one compilation shares."""

    checkpoint: Checkpoint
    config: LasConfig
    acc_bits: int | None

    def outer_tensors(self, outer: OuterParts) -> dict[str, NDArray[Any]]:
        """Return the tensors of shard 1."""
        profile = self.config.profile
        tensors: dict[str, NDArray[Any]] = {
            "thresholds": _thresholds(fixed_thresholds(profile, OUTER_ROLES))
        }
        rows = {"embedding": outer.embedding, "positions": outer.positions, "types": outer.types,
                "head": outer.head}  # fmt: skip
        compiled = {name: self._rows(part) for name, part in rows.items() if part is not None}
        for name, found in compiled.items():
            tensors |= {f"{name}.mantissas": found.mantissas, f"{name}.exponents": found.exponents}
        if has_head(self.config):
            head = compiled.get("head", compiled["embedding"])
            sums = absolute_row_sums(head.mantissas)
            tensors["head.weight_bound"] = sums.max(keepdims=True)
            self._prove("head", int(sums.max()), "head_input")
        norms = {"embedding_norm": outer.embedding_norm, "final_norm": outer.final_norm}
        for name, norm in norms.items():
            if norm is not None:
                tensors |= self._norm(name, norm)
        if outer.pooler is not None:
            tensors |= self._operator("pooler", outer.pooler, "head_input")
        if outer.classifier is not None:
            tensors |= self._operator("classifier", outer.classifier, "classifier_input")
        return tensors | self._rotary() | self._tables()

    def layer_tensors(self, index: int) -> dict[str, NDArray[Any]]:
        """Return the tensors of one layer."""
        prefix = f"layers.{index}"
        parts = self.checkpoint.layout.layer(index)
        tensors = self._norm(f"{prefix}.attention_norm", parts.attention_norm)
        tensors |= self._norm(f"{prefix}.mlp_norm", parts.mlp_norm)
        for operator in self.config.structure.operators:
            role = INPUT_ROLES[operator]
            tensors |= self._operator(f"{prefix}.{operator}", parts.operators[operator], role)
        roles = self.config.structure.roles
        thresholds = _thresholds(fixed_thresholds(self.config.profile, roles))
        return tensors | {f"{prefix}.thresholds": thresholds}

    def _rows(self, part: RowsPart) -> DyadicRows:
        return compile_rows(part.name, self.checkpoint, unchanged)

    def _norm(self, name: str, part: NormParts) -> dict[str, NDArray[Any]]:
        gamma = fix_gamma(self.checkpoint.entries(part.gamma).astype(np.float64))
        tensors: dict[str, NDArray[Any]] = {
            f"{name}.gamma": gamma.mantissas,
            f"{name}.gamma_exponent": np.array([gamma.exponent], dtype=np.int16),
        }
        if part.beta is not None:
            beta = self.checkpoint.entries(part.beta).astype(np.float64)
            tensors[f"{name}.beta"] = fix_bias(beta, part.beta.name)
        return tensors

    def _operator(self, name: str, parts: OperatorParts, role: Role) -> dict[str, NDArray[Any]]:
        def rows(block: slice) -> FixedRows:
            read = self.checkpoint.outputs(parts.weight, block.start, block.stop)
            self.checkpoint.release_pages()
            return fix_rows(read.astype(np.float64))

        largest = self.config.profile.largest_weight
        made = quantise_operator(parts.weight.outputs, parts.weight.inputs, rows, largest)
        self._prove(name, made.weight_bound, role)
        tensors = operator_tensors(made, Fraction(1, largest))
        tensors["weights"] = made.weights.astype(np.int16, copy=False)
        tensors["weight_bound"] = np.array([made.weight_bound], dtype=np.int64)
        if parts.bias is not None:
            bias = self.checkpoint.entries(parts.bias).astype(np.float64)
            tensors["bias"] = fix_bias(bias, parts.bias.name)
        return {f"{name}.{part}": array for part, array in tensors.items()}

    def _prove(self, signal: str, weight_bound: int, role: Role) -> None:
        profile = self.config.profile
        normal, outlier = fixed_thresholds(profile, (role,))[0]
        code = OatCode(form=profile.form, normal=normal, outlier=outlier)
        prove_las_headroom(signal, weight_bound * code.largest_value, self.acc_bits)

    def _rotary(self) -> dict[str, NDArray[Any]]:
        source = self.checkpoint.source
        if not isinstance(source, DecoderConfig):
            return {}
        shape = self.config.shape
        cos, sin = rope_tables(source.rope, shape.head_dim, shape.positions)
        return {"rope.cos": cos, "rope.sin": sin}

    def _tables(self) -> dict[str, NDArray[Any]]:
        tensors: dict[str, NDArray[Any]] = {}
        for name in functions_of(self.config):
            tensors |= neuron_tensors(name, neuron_of(name, self.config.profile.functions))
        return tensors


def _thresholds(pairs: list[tuple[int, int]]) -> NDArray[np.int64]:
    return np.array(pairs, dtype=np.int64)

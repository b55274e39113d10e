"""From a checkpoint folder to a compiled model's folder, one layer in memory at a time."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikeref.arith.exponential import STANDARD_COEFFICIENTS
from spikeref.checkpoint.config import DecoderConfig
from spikeref.checkpoint.families import (
    EMBEDDING,
    FINAL_NORM,
    LayerRole,
    head_name,
    layer_tensors,
)
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.constants import model_constants
from spikeref.compiler.fixed_point import fix_gamma
from spikeref.compiler.residual import ResidualRotation, residual_signs
from spikeref.compiler.rope_table import rope_tables
from spikeref.compiler.rows import compile_rows, rotated_embedding, rotated_head, unchanged
from spikeref.compiler.synapses import OperatorSource, compile_synapses
from spikeref.errors import CheckpointError
from spikeref.model.config import ModelConfig, ModelShape
from spikeref.model.groups import GROUP_OF, OPERATORS, Operator
from spikeref.model.layers import DyadicRows
from spikeref.model.profile import Profile, Rotation
from spikeref.model.rotation import (
    head_rotation,
    input_rotation,
    order_of,
    residual_rotation,
)
from spikeref.model.writer import TOKENIZER_NAME, ModelWriter
from spikeref.storage.atomic import atomic_folder
from spikeref.storage.canonical import sha256_hex

LARGEST_HIDDEN = 1 << 15
LARGEST_VOCAB = 1 << 20

Progress = Callable[[int, int], None]
"""Called with (shards written, shards in all) after each shard."""


def compile_checkpoint(
    checkpoint: Checkpoint,
    target: str | Path,
    profile: Profile,
    *,
    acc_bits: int | None = None,
    progress: Progress = lambda done, total: None,
) -> str:
    """Compile `checkpoint` into the new folder `target`; return the model digest.

    acc_bits: the device's accumulator width, which every operator must be proven to fit.
    Peak memory: a few times the largest layer. The folder appears whole or not at all.
    CheckpointError, HeadroomError, UsageError as their docstrings say.
    """
    compilation = _Compilation.plan(checkpoint, profile, acc_bits)
    shards = compilation.shape.layers + 1
    with atomic_folder(target) as folder:
        config = compilation.config(_copy_tokenizer(checkpoint, folder))
        writer = ModelWriter(folder, shards)
        writer.write_shard(1, compilation.outer_tensors())
        progress(1, shards)
        for index in range(compilation.shape.layers):
            writer.write_shard(index + 2, compilation.layer_tensors(index))
            checkpoint.release()
            progress(index + 2, shards)
        return writer.finish(config)


def block_diagonal_widths(shape: ModelShape, rotation: Rotation) -> list[int]:
    """Return the rotated widths for which no Hadamard matrix is known (HAD-5), sorted."""
    plans = [input_rotation(rotation, shape, group) for group in set(GROUP_OF.values())]
    plans += [head_rotation(rotation, shape), residual_rotation(rotation, shape)]
    return sorted({plan.width for plan in plans if plan is not None and plan.is_block_diagonal})


def model_shape(config: DecoderConfig) -> ModelShape:
    """Return the shape of the compiled model; CheckpointError beyond MODEL-8."""
    if config.hidden > LARGEST_HIDDEN or config.vocab > LARGEST_VOCAB:
        raise CheckpointError(
            f"config.json: hidden size {config.hidden} and vocabulary {config.vocab} are possible"
            f" up to {LARGEST_HIDDEN} and {LARGEST_VOCAB}"
        )
    return ModelShape(
        vocab=config.vocab,
        hidden=config.hidden,
        intermediate=config.intermediate,
        layers=config.layers,
        heads=config.heads,
        kv_heads=config.kv_heads,
        head_dim=config.head_dim,
        positions=config.max_positions,
        sliding_windows=config.sliding_windows,
    )


def _copy_tokenizer(checkpoint: Checkpoint, folder: Path) -> str | None:
    """Copy tokenizer.json beside the model, if there is one; return its digest."""
    path = checkpoint.tokenizer_path
    if path is None:
        return None
    shutil.copyfile(path, folder / TOKENIZER_NAME)
    return sha256_hex((folder / TOKENIZER_NAME).read_bytes())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compilation:
    """What every layer of one compilation shares."""

    checkpoint: Checkpoint
    profile: Profile
    shape: ModelShape
    residual: ResidualRotation | None
    acc_bits: int | None

    @classmethod
    def plan(cls, checkpoint: Checkpoint, profile: Profile, acc_bits: int | None) -> "_Compilation":
        shape = model_shape(checkpoint.config)
        plan = residual_rotation(profile.rotation, shape)
        residual = None
        if plan is not None:
            residual = ResidualRotation(plan=plan, signs=residual_signs(shape.hidden))
        return cls(
            checkpoint=checkpoint,
            profile=profile,
            shape=shape,
            residual=residual,
            acc_bits=acc_bits,
        )

    def config(self, tokenizer_digest: str | None) -> ModelConfig:
        source = self.checkpoint.config
        constants = model_constants(
            width=self.shape.hidden,
            power=Fraction(1) if self.residual is None else self.residual.power,
            epsilon=source.rms_norm_eps,
            head_dim=self.shape.head_dim,
            head_order=self._head_order(),
            cache=self.profile.cache_encoder(),
        )
        return ModelConfig(
            family=source.family,
            shape=self.shape,
            profile=self.profile,
            constants=constants,
            clip_mode=None,
            tied_head=self._tied_head(),
            bos_token_id=source.bos_token_ids[0] if source.bos_token_ids else None,
            eos_token_ids=source.eos_token_ids,
            tokenizer_digest=tokenizer_digest,
            source_digest=self.checkpoint.source_digest,
        )

    def outer_tensors(self) -> dict[str, NDArray[Any]]:
        """Return the tensors of shard 1."""
        cos, sin = rope_tables(
            self.checkpoint.config.rope, self.shape.head_dim, self.shape.positions
        )
        tensors: dict[str, NDArray[Any]] = {
            "rope.cos": cos,
            "rope.sin": sin,
            "tables.exp2": np.array(STANDARD_COEFFICIENTS, dtype=np.int64),
        }
        change = unchanged if self.residual is None else rotated_embedding(self.residual)
        tensors |= _row_tensors("embedding", compile_rows(EMBEDDING, self.checkpoint, change))
        if not self._tied_head():
            tensors |= _row_tensors("head", self._head())
        return tensors | self._gamma_tensors("final_norm", FINAL_NORM)

    def layer_tensors(self, index: int) -> dict[str, NDArray[Any]]:
        """Return the tensors of one layer."""
        names = {r: s.name for r, s in layer_tensors(self.checkpoint.config, index).items()}
        prefix = f"layers.{index}"
        tensors = self._gamma_tensors(f"{prefix}.attention_norm", names["attention_norm"])
        tensors |= self._gamma_tensors(f"{prefix}.mlp_norm", names["mlp_norm"])
        for operator in OPERATORS:
            compiled = compile_synapses(
                f"layer {index}, {operator}",
                self._operator_source(operator, names),
                self.checkpoint,
                self.profile,
                self.acc_bits,
            )
            tensors |= {f"{prefix}.{operator}.{part}": array for part, array in compiled.items()}
        return tensors

    def _operator_source(self, operator: Operator, names: dict[LayerRole, str]) -> OperatorSource:
        """Return where the operator's weights come from and what is folded into them (COMP-3)."""
        group = GROUP_OF[operator]
        rotation = input_rotation(self.profile.rotation, self.shape, group)
        scale = self._count_scale() / order_of(rotation)
        column_factors = output_rotation = None
        if operator == "o":
            # The cache's own scale, r/(q_kv·n_h), is the same for every head (ATT-11).
            cache = self.profile.cache_encoder()
            scale *= cache.clip_ratio / (cache.levels * self._head_order())
        if self.residual is not None:
            if operator in ("o", "down"):
                output_rotation = self.residual
                scale /= 2**self.residual.halvings
            else:
                rotation = self.residual.plan
                scale *= self.residual.inverse_scale
                norm = names["attention_norm" if group == "qkv" else "mlp_norm"]
                column_factors = self._vector(norm) * self.residual.signs
        return OperatorSource(
            weight=names[operator],
            bias=_bias_name(operator, names),
            column_factors=column_factors,
            rotation=rotation,
            output_rotation=output_rotation,
            scale=scale,
        )

    def _count_scale(self) -> Fraction:
        """Return r/((2^(w−1)−1)·q), the part of COMP-7 that all operators share."""
        encoder = self.profile.encoder()
        return encoder.clip_ratio / (self.profile.largest_weight * encoder.levels)

    def _head(self) -> DyadicRows:
        name = head_name(self.checkpoint.config)
        if self.residual is None:
            return compile_rows(name, self.checkpoint, unchanged)
        change = rotated_head(self.residual, self._vector(FINAL_NORM))
        return compile_rows(name, self.checkpoint, change)

    def _gamma_tensors(self, name: str, source: str) -> dict[str, NDArray[Any]]:
        if self.residual is not None:
            return {}
        gamma = fix_gamma(self._vector(source))
        exponent = np.array([gamma.exponent], dtype=np.int16)
        return {f"{name}.gamma": gamma.mantissas, f"{name}.gamma_exponent": exponent}

    def _vector(self, name: str) -> NDArray[np.float64]:
        return self.checkpoint.vector(name).astype(np.float64)

    def _tied_head(self) -> bool:
        return self.checkpoint.config.tie_embeddings and self.residual is None

    def _head_order(self) -> int:
        return order_of(head_rotation(self.profile.rotation, self.shape))


def _row_tensors(name: str, rows: DyadicRows) -> dict[str, NDArray[Any]]:
    return {f"{name}.mantissas": rows.mantissas, f"{name}.exponents": rows.exponents}


def _bias_name(operator: Operator, names: dict[LayerRole, str]) -> str | None:
    match operator:
        case "q":
            return names.get("q_bias")
        case "k":
            return names.get("k_bias")
        case "v":
            return names.get("v_bias")
        case "o":
            return names.get("o_bias")
        case "gate":
            return names.get("gate_bias")
        case "up":
            return names.get("up_bias")
        case "down":
            return names.get("down_bias")

"""From a checkpoint folder to a compiled model's folder, one layer in memory at a time."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from spikeref.arith.exponential import STANDARD_COEFFICIENTS
from spikeref.checkpoint.families import (
    EMBEDDING,
    FINAL_NORM,
    head_name,
    layer_tensors,
)
from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.fixed_point import fix_gamma
from spikeref.compiler.function_tables import standard_neuron
from spikeref.compiler.plan import CompilationPlan, plan_compilation
from spikeref.compiler.resuming import compiling
from spikeref.compiler.rope_table import rope_tables
from spikeref.compiler.rows import compile_rows, rotated_embedding, rotated_head, unchanged
from spikeref.compiler.sources import operator_source
from spikeref.compiler.synapses import compile_synapses
from spikeref.errors import CheckpointError
from spikeref.model.config import ModelConfig
from spikeref.model.groups import OPERATORS
from spikeref.model.las_tables import neuron_tensors
from spikeref.model.layers import DyadicRows
from spikeref.model.profile import NonLinear, Profile
from spikeref.model.tensors import DECODER_FUNCTIONS
from spikeref.model.writer import TOKENIZER_NAME
from spikeref.storage.canonical import sha256_hex

Progress = Callable[[int, int], None]
"""Called with (shards written, shards in all) after each shard."""


def compile_checkpoint(
    checkpoint: Checkpoint,
    target: str | Path,
    profile: Profile,
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
    CheckpointError: a bad weight, or a shape beyond MODEL-8; HeadroomError: an accumulator that
    cannot be proven; UsageError: a target that cannot be written.
    """
    plan = plan_compilation(checkpoint.config, profile)
    compilation = _Compilation(checkpoint=checkpoint, plan=plan, acc_bits=acc_bits)
    shards = plan.shape.layers + 1
    work = compiling(checkpoint, target, profile, shards, acc_bits=acc_bits, resume=resume)
    with work as at:
        config = compilation.config(copy_tokenizer(checkpoint, at.folder))
        at.writer.shard(1, compilation.outer_tensors)
        progress(1, shards)
        for index in range(plan.shape.layers):
            at.writer.shard(index + 2, partial(compilation.layer_tensors, index))
            checkpoint.release()
            progress(index + 2, shards)
        return at.writer.finish(config)


def copy_tokenizer(checkpoint: Checkpoint, folder: Path) -> str | None:
    """Copy tokenizer.json beside the model, if there is one; return its digest.

    CheckpointError if it is none: prompts could not be encoded later.
    """
    path = checkpoint.tokenizer_path
    if path is None:
        return None
    try:
        Tokenizer.from_file(str(path))
    except Exception as fault:  # the library raises bare Exception
        raise CheckpointError(f"{path}: not a tokenizer ({fault}); mend or remove it") from fault
    shutil.copyfile(path, folder / TOKENIZER_NAME)
    return sha256_hex((folder / TOKENIZER_NAME).read_bytes())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compilation:
    """What every layer of one compilation shares."""

    checkpoint: Checkpoint
    plan: CompilationPlan
    acc_bits: int | None

    def config(self, tokenizer_digest: str | None) -> ModelConfig:
        source = self.plan.source
        return ModelConfig(
            family=source.family,
            shape=self.plan.shape,
            profile=self.plan.profile,
            constants=self.plan.constants(),
            clip_mode=None,
            tied_head=self.plan.tied_head,
            bos_token_id=source.bos_token_ids[0] if source.bos_token_ids else None,
            eos_token_ids=source.eos_token_ids,
            tokenizer_digest=tokenizer_digest,
            source_digest=self.checkpoint.source_digest,
        )

    def outer_tensors(self) -> dict[str, NDArray[Any]]:
        """Return the tensors of shard 1."""
        cos, sin = rope_tables(
            self.checkpoint.config.rope, self.plan.shape.head_dim, self.plan.shape.positions
        )
        tensors: dict[str, NDArray[Any]] = {
            "rope.cos": cos,
            "rope.sin": sin,
            "tables.exp2": np.array(STANDARD_COEFFICIENTS, dtype=np.int64),
        }
        if self.plan.profile.non_linear is NonLinear.HG:
            for name in DECODER_FUNCTIONS:
                tensors |= neuron_tensors(name, standard_neuron(name))
        change = unchanged if self.plan.residual is None else rotated_embedding(self.plan.residual)
        tensors |= _row_tensors("embedding", compile_rows(EMBEDDING, self.checkpoint, change))
        if not self.plan.tied_head:
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
                operator_source(self.plan, operator, names, self.checkpoint),
                self.checkpoint,
                self.plan.profile,
                self.acc_bits,
            )
            tensors |= {f"{prefix}.{operator}.{part}": array for part, array in compiled.items()}
        return tensors

    def _head(self) -> DyadicRows:
        name = head_name(self.checkpoint.config)
        if self.plan.residual is None:
            return compile_rows(name, self.checkpoint, unchanged)
        change = rotated_head(self.plan.residual, self._vector(FINAL_NORM))
        return compile_rows(name, self.checkpoint, change)

    def _gamma_tensors(self, name: str, source: str) -> dict[str, NDArray[Any]]:
        if self.plan.residual is not None:
            return {}
        gamma = fix_gamma(self._vector(source))
        exponent = np.array([gamma.exponent], dtype=np.int16)
        return {f"{name}.gamma": gamma.mantissas, f"{name}.gamma_exponent": exponent}

    def _vector(self, name: str) -> NDArray[np.float64]:
        return self.checkpoint.vector(name).astype(np.float64)


def _row_tensors(name: str, rows: DyadicRows) -> dict[str, NDArray[Any]]:
    return {f"{name}.mantissas": rows.mantissas, f"{name}.exponents": rows.exponents}

"""A checkpoint on disk: its configuration, and its weights row block by row block."""

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spikeref.checkpoint.config import DecoderConfig, SourceConfig, read_config
from spikeref.checkpoint.config_record import config_record
from spikeref.checkpoint.families import LM_HEAD, check_tensors
from spikeref.checkpoint.hub import resolve_source
from spikeref.checkpoint.layout import Layout, all_shapes, layout_of
from spikeref.checkpoint.parts import MatrixPart, VectorPart
from spikeref.errors import CheckpointError, UsageError
from spikeref.storage.canonical import canonical_json, sha256_hex
from spikeref.storage.dtypes import WIDENED_DTYPES, widen
from spikeref.storage.sharded import TensorFolder

_DIGEST_CHUNK = 1 << 24


class Checkpoint:
    """A proven configuration and the tensors it calls for; a context manager.

    Nothing but headers is read until weights are asked for. Every array returned is a fresh
    float32 copy, equal to the stored bf16, fp16 or fp32 numbers.
    """

    def __init__(
        self, folder: Path, config: SourceConfig, layout: Layout, tensors: TensorFolder
    ) -> None:
        """Use `Checkpoint.open`."""
        self.folder = folder
        self.source = config
        self.layout = layout
        self._shapes = dict(all_shapes(layout))
        self._tensors = tensors
        self._digest: str | None = None

    @classmethod
    def open(cls, source: str | Path) -> Self:
        """Open a folder with config.json and safetensors files, or a hub name.

        CheckpointError before any weight is read: no such folder, a damaged or missing file, a bad
        configuration, tensors that contradict it, a type other than bf16, fp16 and fp32.
        """
        folder = resolve_source(source)
        config = read_config(folder / "config.json")
        tensors = TensorFolder.open(folder, CheckpointError)
        shapes = {name: entry.shape for name, entry in tensors.entries.items()}
        layout = layout_of(config, shapes)
        model = f"{config.family} of {config.layers} layers"
        expected = dict(all_shapes(layout))
        check_tensors(expected, shapes, layout.passed_over, model, str(folder))
        for name in expected:
            dtype = tensors.entry(name).dtype
            if dtype not in WIDENED_DTYPES:
                raise CheckpointError(
                    f"{folder}: tensor {name!r} is {dtype}; readable are BF16, F16 and F32"
                )
        return cls(folder, config, layout, tensors)

    @property
    def config(self) -> DecoderConfig:
        """The configuration of a LLaMA-like decoder; CheckpointError for another family."""
        if not isinstance(self.source, DecoderConfig):
            raise CheckpointError(
                f"{self.folder}: {self.source.family} runs under the las profiles only; SDLLM's"
                " take llama, mistral and qwen2"
            )
        if self.source.tower is not None:
            raise CheckpointError(
                f"{self.folder}: the language tower of {self.source.tower.family} runs under the"
                " las profiles only"
            )
        return self.source

    @property
    def tokenizer_path(self) -> Path | None:
        """tokenizer.json of the folder, where there is one."""
        path = self.folder / "tokenizer.json"
        return path if path.is_file() else None

    @property
    def parameters(self) -> int:
        """How many numbers the tensors that the model uses hold."""
        return sum(math.prod(shape) for shape in self._shapes.values())

    @property
    def source_digest(self) -> str:
        """SHA-256 of what the checkpoint means; reads every weight once, then remembers.

        Over the canonical JSON of {"config": config_record, "tensors": [[name, dtype, shape,
        SHA-256 of the stored bytes], ...]}, tensors that the model uses, sorted by name. How they
        are spread over files, and keys of config.json that change nothing, do not enter.
        """
        if self._digest is None:
            record = {
                "config": config_record(self.source),
                "tensors": [self._tensor_record(name) for name in sorted(self._shapes)],
            }
            self._digest = sha256_hex(canonical_json(record))
        return self._digest

    @property
    def has_unused_head(self) -> bool:
        """Whether a head of other numbers stands beside the tied embeddings, which win over it."""
        if LM_HEAD in self._shapes or LM_HEAD not in self._tensors.entries:
            return False
        used = self.layout.outer().embedding.name
        return self._tensor_record(LM_HEAD)[1:] != self._tensor_record(used)[1:]

    def _tensor_record(self, name: str) -> list[object]:
        entry = self._tensors.entry(name)
        raw = self._tensors.raw(name)
        digest = hashlib.sha256()
        for start in range(0, raw.size, _DIGEST_CHUNK):
            digest.update(raw[start : start + _DIGEST_CHUNK].data)
            self._tensors.release_pages()
        return [name, entry.dtype, list(entry.shape), digest.hexdigest()]

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of tensor `name`."""
        return self._tensors.entry(name).shape

    def rows(self, name: str, start: int, stop: int) -> NDArray[np.float32]:
        """Rows start .. stop - 1 of matrix `name`: float32 [stop - start, columns].

        CheckpointError: NaN or infinity among them. UsageError: no matrix, or rows outside it.
        """
        shape = self.shape(name)
        if len(shape) != 2 or not 0 <= start <= stop <= shape[0]:
            raise UsageError(f"tensor {name!r} of shape {list(shape)} has no rows {start}:{stop}")
        block = widen(self._tensors.array(name)[start:stop], self._tensors.entry(name).dtype)
        self._refuse_not_finite(name, block, start)
        return block

    def vector(self, name: str) -> NDArray[np.float32]:
        """Vector `name`: float32 [N].

        CheckpointError: NaN or infinity in it. UsageError: it is not a vector.
        """
        shape = self.shape(name)
        if len(shape) != 1:
            raise UsageError(f"tensor {name!r} of shape {list(shape)} is not a vector")
        values = widen(self._tensors.array(name), self._tensors.entry(name).dtype)
        self._refuse_not_finite(name, values, 0)
        return values

    def outputs(self, part: MatrixPart, start: int, stop: int) -> NDArray[np.float32]:
        """Outputs start .. stop - 1 of a part of a matrix: float32 [stop - start, inputs].

        CheckpointError: NaN or infinity among them.
        """
        first, last = part.first + start, part.first + stop
        if not part.by_columns:
            return self.rows(part.name, first, last)
        stored = self._tensors.array(part.name)[:, first:last]
        block = widen(np.ascontiguousarray(stored.T), self._tensors.entry(part.name).dtype)
        self._refuse_not_finite(part.name, block, first)
        return block

    def entries(self, part: VectorPart) -> NDArray[np.float32]:
        """Part of a vector: float32 [size]. CheckpointError: NaN or infinity in it."""
        return self.vector(part.name)[part.first : part.first + part.size]

    def iter_row_blocks(
        self, name: str, rows: int = 1024
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Matrix `name` in blocks of at most `rows`: (first row, float32 [<= rows, columns]).

        Mapped pages are given back after each block, so memory stays at one block.
        """
        if rows < 1:
            raise UsageError(f"blocks of {rows} rows; give at least 1")
        total = self.shape(name)[0]
        for start in range(0, total, rows):
            block = self.rows(name, start, min(start + rows, total))
            self._tensors.release_pages()
            yield start, block

    def release_pages(self) -> None:
        """Give the mapped pages back to the system; they are read again when touched."""
        self._tensors.release_pages()

    def release(self) -> None:
        """Unmap every file; they are mapped again when next needed."""
        self._tensors.release()

    def _refuse_not_finite(self, name: str, block: NDArray[np.float32], first_row: int) -> None:
        finite = np.isfinite(block)
        if finite.all():
            return
        index = [int(i) for i in np.argwhere(~finite)[0]]
        kind = "NaN" if np.isnan(block[tuple(index)]) else "infinity"
        index[0] += first_row
        raise CheckpointError(
            f"{self._tensors.file_of(name)}: tensor {name!r} holds {kind} at {index};"
            " the checkpoint is damaged or its training diverged"
        )

    def __enter__(self) -> Self:
        """The checkpoint itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Unmap every file."""
        self.release()

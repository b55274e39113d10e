"""Where a compilation writes: a folder that vanishes when it is stopped, or one that is kept."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spikeref.checkpoint.reader import Checkpoint
from spikeref.errors import SpikerefError
from spikeref.model.any_model import AnyProfile
from spikeref.model.any_profile import any_profile_to_json
from spikeref.model.writer import ModelWriter
from spikeref.storage.atomic import atomic_folder, kept_folder
from spikeref.storage.ledger import Ledger, ledger_key, open_ledger

FINISHED_NAME = "finished.jsonl"
"""Beside the shards while they are not all there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiling:
    """A folder under work, and what writes its shards."""

    folder: Path
    writer: ModelWriter


@contextlib.contextmanager
def compiling(
    checkpoint: Checkpoint,
    target: str | Path,
    profile: AnyProfile,
    shards: int,
    *,
    acc_bits: int | None,
    resume: str | None,
) -> Iterator[Compiling]:
    """A new model's folder, which appears at `target` whole or not at all.

    resume: None, or the version of the program. Then shards that were finished when the work was
    stopped stay in a hidden folder beside the target, and are taken up by the next work of the
    same version on the same checkpoint, profile and accumulator width. Bad input leaves nothing.
    """
    if resume is None:
        with atomic_folder(target) as folder:
            yield Compiling(folder=folder, writer=ModelWriter(folder, shards))
        return
    key = ledger_key(
        {
            "spikeref": resume,
            "source": checkpoint.source_digest,
            "profile": any_profile_to_json(profile),
            "acc_bits": acc_bits,
            "shards": shards,
        }
    )
    ledgers: list[Ledger] = []

    def keep(fault: BaseException) -> bool:
        return not isinstance(fault, SpikerefError) and any(one.kept for one in ledgers)

    with kept_folder(target, key[:16], keep) as folder:
        finished = folder / FINISHED_NAME
        with open_ledger(finished, key) as ledger:
            ledgers.append(ledger)
            yield Compiling(folder=folder, writer=ModelWriter(folder, shards, ledger))
        finished.unlink()

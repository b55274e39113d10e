"""A checkpoint to an integer model of the system that a profile belongs to."""

from pathlib import Path
from typing import assert_never

from spikeref.checkpoint.reader import Checkpoint
from spikeref.compiler.compile import Progress, compile_checkpoint
from spikeref.compiler.las_compile import compile_las
from spikeref.model.any_model import AnyProfile
from spikeref.model.las_profile import LasProfile
from spikeref.model.profile import Profile


def compile_any(
    checkpoint: Checkpoint,
    target: str | Path,
    profile: AnyProfile,
    *,
    acc_bits: int | None = None,
    resume: str | None = None,
    progress: Progress = lambda done, total: None,
) -> str:
    """Compile `checkpoint` into the new folder `target`; return the model digest.

    Raises what `compile_checkpoint` and `compile_las` raise.
    """
    match profile:
        case Profile():
            return compile_checkpoint(
                checkpoint, target, profile, acc_bits=acc_bits, resume=resume, progress=progress
            )
        case LasProfile():
            return compile_las(
                checkpoint, target, profile, acc_bits=acc_bits, resume=resume, progress=progress
            )
        case _:
            assert_never(profile)

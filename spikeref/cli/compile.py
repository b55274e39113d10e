"""`spikeref compile`: a checkpoint to an integer model."""

import argparse
import time
from typing import assert_never

from spikeref import __version__
from spikeref.checkpoint.reader import Checkpoint
from spikeref.cli.command import Command, Interrupted, Outcome
from spikeref.cli.profile_options import add_profile_options, chosen_profile
from spikeref.cli.shared import peak_megabytes, shard_progress
from spikeref.compiler.any_compile import compile_any
from spikeref.compiler.plan import block_diagonal_widths, model_shape
from spikeref.errors import UsageError
from spikeref.model.any_model import AnyProfile
from spikeref.model.las_profile import LasProfile
from spikeref.model.profile import Profile

_UNUSED_HEAD = (
    "spikeref compile: note: lm_head.weight differs from the embeddings and is not used, because"
    " tie_word_embeddings is true; set it to false in config.json to use the head"
)


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", help="checkpoint folder, or a hub name when online")
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="new folder")
    add_profile_options(parser)
    parser.add_argument(
        "--acc-bits",
        type=int,
        metavar="N",
        help="refuse linear operators that need a wider accumulator",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="keep finished shards, hidden beside the target, when stopped; and take up those that"
        " an earlier call with the same options kept",
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    profile = chosen_profile(arguments)
    if arguments.acc_bits is not None and not 2 <= arguments.acc_bits <= 64:
        raise UsageError(f"--acc-bits: {arguments.acc_bits} given, 2 to 64 are possible")
    start = time.monotonic()
    with Checkpoint.open(arguments.source) as checkpoint:
        parameters = checkpoint.parameters
        digest = _compiled(arguments, checkpoint, profile)
        family = checkpoint.source.family
        unrotated = _unrotated_widths(checkpoint, profile)
        unused_head = checkpoint.has_unused_head
    seconds = time.monotonic() - start
    return Outcome(
        json={
            "model_digest": digest,
            "family": family,
            "profile": profile.name,
            "parameters": parameters,
            "seconds": round(seconds, 3),
            "peak_mb": peak_megabytes(),
            "block_diagonal_widths": unrotated,
        },
        lines=[
            f"{arguments.output}: {family}, {parameters:,} parameters, profile {profile.name}",
            f"model digest {digest}",
            f"{seconds:.1f} s, {parameters / max(seconds, 1e-9) / 1e6:.1f} M weights/s,"
            f" peak {peak_megabytes()} MB",
        ],
        notes=[
            f"spikeref compile: note: width {width} has no known Hadamard matrix; it is rotated in"
            f" blocks of {width & -width}, the largest power of two that divides it"
            for width in unrotated
        ]
        + [_UNUSED_HEAD] * unused_head,
    )


def _compiled(arguments: argparse.Namespace, checkpoint: Checkpoint, profile: AnyProfile) -> str:
    """Compile; return the digest. Ctrl-C says what --resume kept."""
    show = shard_progress("compile")
    finished = (0, 0)

    def progress(done: int, total: int) -> None:
        nonlocal finished
        finished = done, total
        show(done, total)

    try:
        return compile_any(
            checkpoint,
            arguments.output,
            profile,
            acc_bits=arguments.acc_bits,
            resume=__version__ if arguments.resume else None,
            progress=progress,
        )
    except KeyboardInterrupt as stop:
        if not arguments.resume or finished[0] == 0:
            raise
        raise Interrupted(
            f"{finished[0]} of {finished[1]} shards are kept beside {arguments.output}; the same"
            " command goes on from there"
        ) from stop


def _unrotated_widths(checkpoint: Checkpoint, profile: AnyProfile) -> list[int]:
    """Return the widths that no whole Hadamard matrix rotates; LAS rotates none."""
    match profile:
        case Profile():
            return block_diagonal_widths(model_shape(checkpoint.config), profile.rotation)
        case LasProfile():
            return []
        case _:
            assert_never(profile)


COMMAND = Command(
    name="compile",
    summary="compile a Hugging Face checkpoint to an integer model",
    example="spikeref compile ./checkpoint -o ./model --profile sdllm-w4a4kv4",
    configure=_configure,
    run=_run,
)

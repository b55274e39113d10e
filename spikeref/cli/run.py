"""`spikeref run`: the forward pass and greedy decoding."""

import argparse
import contextlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikeref.api import run
from spikeref.cli.command import Command, Outcome
from spikeref.cli.shared import rate_text
from spikeref.engine.events import Arrival, Reversed, Shuffled, Sorted
from spikeref.errors import TokenError, UsageError
from spikeref.evaluate.token_files import read_sequences
from spikeref.forward.text import decode_tokens, encode_text
from spikeref.model.folder import load_model
from spikeref.model.layers import IntegerModel
from spikeref.ops.head import LOGIT_FRACTION_BITS
from spikeref.storage.atomic import atomic_file
from spikeref.trace.folder import trace_folder
from spikeref.trace.sinks import discard


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="folder of a compiled model")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--prompt", metavar="TEXT")
    given.add_argument("--tokens", metavar="1,2,3", help="token ids")
    given.add_argument("--tokens-file", metavar="FILE", help="JSON list of token ids")
    parser.add_argument("--max-new-tokens", type=int, default=0, metavar="N")
    parser.add_argument("--engine", choices=["dense", "sync", "async"], default="dense")
    parser.add_argument(
        "--arrival",
        metavar="ORDER",
        help="order of events in async: sorted, reversed or shuffled:SEED",
    )
    parser.add_argument("--trace", metavar="DIR", help="write a trace to this new folder")
    parser.add_argument("--trace-level", choices=["digest", "counts", "full"], default="counts")
    parser.add_argument("--output", metavar="FILE.npy", help="write the logits as float64 [T, V]")


def _run(arguments: argparse.Namespace) -> Outcome:
    if arguments.max_new_tokens < 0:
        raise UsageError("--max-new-tokens must not be negative")
    if arguments.output is not None and not Path(arguments.output).name.endswith(".npy"):
        raise UsageError(f"--output: {arguments.output} must end in .npy")
    arrival = None if arguments.arrival is None else parse_arrival(arguments.arrival)
    model = load_model(arguments.model)
    tokens = _prompt_tokens(arguments, model)
    with contextlib.ExitStack() as stack:
        writer = None
        if arguments.trace is not None:
            writer = stack.enter_context(
                trace_folder(arguments.trace, arguments.trace_level, model, arguments.engine)
            )
        done = run(
            model,
            tokens,
            max_new_tokens=arguments.max_new_tokens,
            engine=arguments.engine,
            arrival=arrival,
            trace=discard if writer is None else writer,
        )
        if writer is not None:
            writer.finish(done.decoded_tokens)
        # Inside the block: where the logits cannot be written, the trace does not appear either.
        if arguments.output is not None:
            _write_logits(arguments.output, done.logits)
    text = decode_tokens(model.folder, done.new_tokens or done.tokens)
    return Outcome(
        json={
            "tokens": done.tokens,
            "new_tokens": done.new_tokens,
            "text": text,
            "logits_digest": done.logits_digest,
            "trace_digest": done.trace_digest,
            "counters": done.counters.to_json(),
        },
        lines=[
            text if text is not None else " ".join(map(str, done.new_tokens)),
            f"logits digest {done.logits_digest}",
            f"trace digest {done.trace_digest}",
            f"firing rate {rate_text(done.counters.firing_rates()['mean'])}",
        ],
    )


def parse_arrival(text: str) -> Arrival:
    """Return the arrival order that "sorted", "reversed" or "shuffled:SEED" names."""
    kind, _, seed = text.partition(":")
    if kind == "shuffled" and seed.isdecimal():
        return Shuffled(int(seed))
    if text == "sorted":
        return Sorted()
    if text == "reversed":
        return Reversed()
    raise UsageError(f"--arrival: {text!r} given; sorted, reversed or shuffled:SEED is needed")


def _prompt_tokens(arguments: argparse.Namespace, model: IntegerModel) -> list[int]:
    if arguments.prompt is not None:
        if any("\ud800" <= character <= "\udfff" for character in arguments.prompt):
            raise UsageError("--prompt: is not valid text in this terminal's encoding; give UTF-8")
        return encode_text(model.folder, arguments.prompt)
    if arguments.tokens is not None:
        try:
            return [int(part) for part in arguments.tokens.split(",") if part.strip()]
        except ValueError:
            raise TokenError(f"--tokens: {arguments.tokens!r} is not a list like 1,2,3") from None
    sequences = read_sequences(arguments.tokens_file)
    if len(sequences) != 1:
        raise TokenError(f"{arguments.tokens_file}: run takes one sequence, found {len(sequences)}")
    return sequences[0]


def _write_logits(path: str, logits: NDArray[np.int32]) -> None:
    """Write logits, int32 [T, V], as float64; row by row, so that memory stays at one."""
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": logits.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for row in logits:
            scaled = np.ldexp(row.astype(np.float64), -LOGIT_FRACTION_BITS)
            file.write(scaled.astype("<f8").tobytes())


COMMAND = Command(
    name="run",
    summary="run a compiled model on a prompt",
    example='spikeref run ./model --prompt "Once upon a time" --max-new-tokens 20 --engine async',
    configure=_configure,
    run=_run,
)

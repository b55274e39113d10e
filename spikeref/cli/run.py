"""`spikeref run`: the forward pass, and greedy decoding."""

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from spikeref.account.any_counters import AnyCounterSink
from spikeref.account.counters import CounterSink
from spikeref.account.las_counters import LasCounterSink
from spikeref.api import embed, run
from spikeref.cli.apart import require_apart
from spikeref.cli.command import Command, Outcome
from spikeref.cli.embedding_file import read_embeddings
from spikeref.cli.shared import integer_list, layer_progress, rate_text, visible
from spikeref.engine.events import Arrival, Reversed, Shuffled, Sorted
from spikeref.errors import TokenError, UsageError
from spikeref.evaluate.token_files import read_sequences
from spikeref.forward.embedded import Embedded
from spikeref.forward.text import decode_tokens, encode_text
from spikeref.model.any_model import AnyModel
from spikeref.model.folder import load_model
from spikeref.model.las_layers import LasModel
from spikeref.model.layers import IntegerModel
from spikeref.ops.head import LOGIT_FRACTION_BITS
from spikeref.storage.atomic import atomic_file
from spikeref.trace.folder import FolderSink, trace_folder
from spikeref.trace.manifest import GIVEN, TraceLevel
from spikeref.trace.sinks import Sink, discard

TRACE_LEVELS = ("digest", "counts", "full")
DEFAULT_TRACE_LEVEL: TraceLevel = "counts"


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="folder of a compiled model")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--prompt", metavar="TEXT")
    given.add_argument("--tokens", metavar="1,2,3", help="token ids")
    given.add_argument("--tokens-file", metavar="FILE", help="JSON list of token ids")
    given.add_argument(
        "--embeddings",
        metavar="FILE.npy",
        help="embeddings [T, N] in place of token ids (LAS models)",
    )
    parser.add_argument(
        "--positions",
        metavar="FILE.npy",
        help="with --embeddings: position numbers [3, T] (Qwen2-VL)",
    )
    parser.add_argument(
        "--token-types", metavar="0,0,1", help="types of an encoder's tokens (default: all 0)"
    )
    parser.add_argument(
        "--max-new-tokens",
        type=int,
        default=0,
        metavar="N",
        help="tokens to generate at most (default %(default)s)",
    )
    parser.add_argument(
        "--engine",
        choices=["dense", "sync", "async"],
        default="dense",
        help="how spikes are added, to the same bits (default %(default)s)",
    )
    parser.add_argument(
        "--arrival",
        metavar="ORDER",
        help="order of events in async: sorted (default), reversed or shuffled:SEED",
    )
    parser.add_argument("--trace", metavar="DIR", help="write a trace to this new folder")
    parser.add_argument(
        "--trace-level",
        choices=TRACE_LEVELS,
        help=f"with --trace: what it stores (default {DEFAULT_TRACE_LEVEL})",
    )
    parser.add_argument(
        "--output",
        metavar="FILE.npy",
        help="write the logits, or an encoder's last hidden states, as float64 [T, V] or [T, N]",
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    if arguments.max_new_tokens < 0:
        raise UsageError("--max-new-tokens must not be negative")
    if arguments.output is not None and not Path(arguments.output).name.endswith(".npy"):
        raise UsageError(f"--output: {arguments.output} must end in .npy")
    if arguments.trace_level is not None and arguments.trace is None:
        raise UsageError("--trace-level: goes with --trace")
    # Not the model's folder: it holds no .npy file, and the name of a trace must be free.
    require_apart(
        outputs={"--trace": arguments.trace, "--output": arguments.output},
        inputs={
            "--tokens-file": arguments.tokens_file,
            "--embeddings": arguments.embeddings,
            "--positions": arguments.positions,
        },
    )
    arrival = None if arguments.arrival is None else parse_arrival(arguments.arrival)
    model = load_model(arguments.model)
    prompt = _prompt(arguments, model)
    match model:
        case LasModel(head=None):
            return _run_encoder(arguments, model, prompt, arrival)
        case IntegerModel() | LasModel():
            return _run_decoder(arguments, model, prompt, arrival)
        case _:
            assert_never(model)


def _run_decoder(
    arguments: argparse.Namespace,
    model: AnyModel,
    prompt: list[int] | Embedded,
    arrival: Arrival | None,
) -> Outcome:
    if arguments.token_types is not None:
        raise UsageError("--token-types: a decoder's tokens have none")
    with _trace(arguments, model) as writer:
        with _shown(model, prompt, arguments.max_new_tokens, writer) as sink:
            done = run(
                model,
                prompt,
                max_new_tokens=arguments.max_new_tokens,
                engine=arguments.engine,
                arrival=arrival,
                trace=sink,
            )
        if writer is not None:
            writer.finish(done.decoded_tokens)
        # Inside the block: where the logits cannot be written, the trace does not appear either.
        if arguments.output is not None:
            write_scaled(arguments.output, done.logits)
    known = [token for token in done.tokens if token != GIVEN]
    text = decode_tokens(model.folder, done.new_tokens or known)
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
            visible(text) if text is not None else " ".join(map(str, done.new_tokens)),
            f"logits digest {done.logits_digest}",
            f"trace digest {done.trace_digest}",
            *_counted(done.counters),
        ],
    )


def _counted(counters: AnyCounterSink) -> list[str]:
    lines = [f"firing rate {rate_text(counters.firing_rates()['mean'])}"]
    match counters:
        case CounterSink():
            return lines
        case LasCounterSink():
            operations, macs = counters.energy_ratio()
            return [*lines, f"energy {operations / macs:.4f} of the float model's (equation 25)"]
        case _:
            assert_never(counters)


def _run_encoder(
    arguments: argparse.Namespace,
    model: LasModel,
    prompt: list[int] | Embedded,
    arrival: Arrival | None,
) -> Outcome:
    if arguments.max_new_tokens:
        raise UsageError("--max-new-tokens: an encoder gives no tokens")
    with _trace(arguments, model) as writer:
        with _shown(model, prompt, 0, writer) as sink:
            done = embed(
                model,
                prompt,
                engine=arguments.engine,
                arrival=arrival,
                token_types=_token_types(arguments),
                trace=sink,
            )
        if writer is not None:
            writer.finish(done.tokens)
        if arguments.output is not None:
            write_scaled(arguments.output, done.states)
    scores = None if done.scores is None else np.ldexp(done.scores.astype(np.float64), -16).tolist()
    return Outcome(
        json={
            "tokens": done.tokens,
            "new_tokens": [],
            "text": None,
            "logits_digest": None,
            "states_digest": done.states_digest,
            "scores": scores,
            "trace_digest": done.trace_digest,
            "counters": done.counters.to_json(),
        },
        lines=[
            f"hidden states of {len(done.states)} tokens, digest {done.states_digest}",
            *([] if scores is None else [f"scores {' '.join(f'{s:.4f}' for s in scores)}"]),
            f"trace digest {done.trace_digest}",
            *_counted(done.counters),
        ],
    )


@contextlib.contextmanager
def _trace(arguments: argparse.Namespace, model: AnyModel) -> Iterator[FolderSink | None]:
    """Open the trace folder that was asked for, if one was."""
    if arguments.trace is None:
        yield None
        return
    level: TraceLevel = arguments.trace_level or DEFAULT_TRACE_LEVEL
    with trace_folder(arguments.trace, level, model, arguments.engine) as writer:
        yield writer


def _shown(
    model: AnyModel, prompt: list[int] | Embedded, new_tokens: int, writer: FolderSink | None
) -> contextlib.AbstractContextManager[Sink]:
    """Return the sink of a run: what is written, under a bar over layers and tokens."""
    length = sum(prompt.values.shape[:1]) if isinstance(prompt, Embedded) else len(prompt)
    total = (length + max(0, new_tokens - 1)) * model.config.shape.layers
    return layer_progress("run", total, discard if writer is None else writer)


def parse_arrival(text: str) -> Arrival:
    """Return the arrival order that "sorted", "reversed" or "shuffled:SEED" names."""
    kind, _, seed = text.partition(":")
    if kind == "shuffled" and seed.isdecimal():
        return Shuffled(_seed(seed))
    if text == "sorted":
        return Sorted()
    if text == "reversed":
        return Reversed()
    raise UsageError(f"--arrival: {text!r} given; sorted, reversed or shuffled:SEED is needed")


def _seed(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        # Python reads no more than 4300 digits.
        raise UsageError(f"--arrival: a seed of {len(digits)} digits; name a shorter one") from None


def _prompt(arguments: argparse.Namespace, model: AnyModel) -> list[int] | Embedded:
    if arguments.embeddings is not None:
        return read_embeddings(arguments.embeddings, arguments.positions)
    if arguments.positions is not None:
        raise UsageError("--positions: goes with --embeddings")
    if arguments.prompt is not None:
        if any("\ud800" <= character <= "\udfff" for character in arguments.prompt):
            raise UsageError("--prompt: is not valid text in this terminal's encoding; give UTF-8")
        return encode_text(model.folder, arguments.prompt)
    if arguments.tokens is not None:
        # An empty text is an empty prompt, which is refused as such.
        return integer_list("--tokens", arguments.tokens) if arguments.tokens.strip() else []
    sequences = read_sequences(arguments.tokens_file)
    if len(sequences) != 1:
        raise TokenError(f"{arguments.tokens_file}: run takes one sequence, found {len(sequences)}")
    return sequences[0]


def _token_types(arguments: argparse.Namespace) -> list[int] | None:
    if arguments.token_types is None:
        return None
    if arguments.embeddings is not None:
        raise UsageError("--token-types: goes with token ids, not with --embeddings")
    return integer_list("--token-types", arguments.token_types)


def write_scaled(path: str, values: NDArray[Any]) -> None:
    """Write integers [T, …] with 16 fraction bits as float64; row by row, to hold only one."""
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": values.shape}
        np.lib.format.write_array_header_1_0(file, header)
        for row in values:
            scaled = np.ldexp(row.astype(np.float64), -LOGIT_FRACTION_BITS)
            file.write(scaled.astype("<f8").tobytes())


COMMAND = Command(
    name="run",
    summary="run a compiled model on a prompt",
    example='spikeref run ./model --prompt "Once upon a time" --max-new-tokens 20 --engine async',
    configure=_configure,
    run=_run,
)

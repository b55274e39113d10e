"""What several commands need: progress bars, peak memory, opening a model or a checkpoint."""

import contextlib
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from spikeref.errors import UsageError
from spikeref.model.writer import CONFIG_NAME
from spikeref.trace.las_records import LasSpikesRecord
from spikeref.trace.records import InputRecord, Record
from spikeref.trace.sinks import Sink

_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")


def shard_progress(label: str) -> Callable[[int, int], None]:
    """Return a callback that shows how many shards are done, on a terminal only."""
    return step_progress(label, "shard")


def step_progress(label: str, unit: str) -> Callable[[int, int], None]:
    """Return a callback that shows a bar of (done, total) on stderr, on a terminal only.

    The bar appears with the first step, below none that is still unfinished.
    """
    bar: tqdm[NoReturn] | None = None

    def show(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(desc=label, total=total, unit=unit, disable=None, leave=False)
        bar.update(done - bar.n)
        if done == total:
            bar.close()

    return show


def token_progress(label: str, total: int) -> Callable[[int], None]:
    """Return a callback that adds tokens to a bar on stderr, on a terminal only."""
    return _progress(label, total, "token")


@contextlib.contextmanager
def layer_progress(label: str, total: int, sink: Sink) -> Iterator[Sink]:
    """Yield a sink that passes records on and shows a bar on stderr, on a terminal only.

    total: layers times tokens. A run that ends early closes its bar too.
    """
    bar: tqdm[NoReturn] = tqdm(desc=label, total=total, unit="layer", disable=None, leave=False)

    def show(record: Record) -> None:
        sink(record)
        match record:
            case InputRecord(op="qkv_input") | LasSpikesRecord(op="las_qkv_input"):
                bar.update(len(record.counts))
            case _:
                pass

    with bar:
        yield show


def case_progress(label: str, total: int) -> Callable[[int], None]:
    """Return a callback that adds cases of a suite to a bar on stderr, on a terminal only."""
    return _progress(label, total, "case")


def population_progress(label: str, total: int) -> Callable[[int], None]:
    """Return a callback that adds populations of a trace to a bar, on a terminal only."""
    return _progress(label, total, "population")


def _progress(label: str, total: int, unit: str) -> Callable[[int], None]:
    bar: tqdm[NoReturn] = tqdm(desc=label, total=total, unit=unit, disable=None, leave=False)

    def show(more: int) -> None:
        bar.update(more)
        if bar.n >= total:
            bar.close()

    return show


def peak_megabytes() -> int:
    """Return the process's peak resident memory in MB so far; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> (20 if sys.platform == "darwin" else 10)


def is_compiled(path: Path) -> bool:
    """Return whether the folder's config.json is that of a compiled model."""
    config = path / CONFIG_NAME
    try:
        return config.is_file() and '"spikeref-model"' in config.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageError(f"{config}: cannot be read ({fault})") from fault


def integer_list(option: str, text: str) -> list[int]:
    """Return the integers of an option like 1,2,3; UsageError for other text."""
    parts = text.split(",")
    # Python's own reading takes 1_0 for 10, and digits of any script.
    if not all(_INTEGER.fullmatch(part) for part in parts):
        raise UsageError(f"{option}: {text!r} is not a list like 1,2,3")
    try:
        return [int(part) for part in parts]
    except ValueError:
        raise UsageError(f"{option}: a number has too many digits") from None


def rate_text(rate: tuple[int, int]) -> str:
    """Return spikes over slots as a decimal of four digits."""
    spikes, slots = rate
    return f"{spikes / slots:.4f}" if slots else "–"


def visible(text: str) -> str:
    """Return a model's text with control characters escaped, which could command a terminal."""
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) == "Cc" and character not in "\n\t"
        else character
        for character in text
    )

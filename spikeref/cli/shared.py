"""What several commands need: progress bars, peak memory, opening a model or a checkpoint."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from spikeref.errors import UsageError
from spikeref.model.writer import CONFIG_NAME


def shard_progress(label: str) -> Callable[[int, int], None]:
    """Return a callback that shows a bar on stderr, on a terminal only."""
    bar: tqdm[NoReturn] = tqdm(desc=label, unit="shard", disable=None, leave=False)

    def show(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)
        if done == total:
            bar.close()

    return show


def token_progress(label: str, total: int) -> Callable[[int], None]:
    """Return a callback that adds tokens to a bar on stderr, on a terminal only."""
    return _progress(label, total, "token")


def case_progress(label: str, total: int) -> Callable[[int], None]:
    """Return a callback that adds cases of a suite to a bar on stderr, on a terminal only."""
    return _progress(label, total, "case")


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
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"{option} {text}: is not a list like 1,2,3") from None


def rate_text(rate: tuple[int, int]) -> str:
    """Return spikes over slots as a decimal of four digits."""
    spikes, slots = rate
    return f"{spikes / slots:.4f}" if slots else "–"

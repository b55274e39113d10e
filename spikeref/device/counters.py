"""Chapter 13: what one operator costs, in exact integers."""

from collections.abc import Sequence
from dataclasses import dataclass

BLOCKS = (8, 16, 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """COUNT-1 to COUNT-5 of one linear operator; zero blocks of 8, 16 and 32 neurons."""

    positive: int
    negative: int
    slots: int
    silent: int
    zero_blocks: list[int]
    additions: int
    zero_weights_skipped: int


def silent_blocks(counts: Sequence[int], size: int) -> int:
    """Aligned blocks of silent neurons; a last, shorter one counts (COUNT-3)."""
    return sum(not any(counts[start : start + size]) for start in range(0, len(counts), size))


def count(
    tokens: Sequence[Sequence[int]], rows: Sequence[Sequence[int]], targets: int, steps: int
) -> Counters:
    """Count over all tokens (COUNT-1 to COUNT-5)."""
    positive = sum(max(c, 0) for counts in tokens for c in counts)
    negative = sum(max(-c, 0) for counts in tokens for c in counts)
    zeros = [list(row).count(0) for row in rows]
    return Counters(
        positive=positive,
        negative=negative,
        slots=len(rows) * steps * len(tokens),
        silent=sum(c == 0 for counts in tokens for c in counts),
        zero_blocks=[sum(silent_blocks(counts, size) for counts in tokens) for size in BLOCKS],
        additions=(positive + negative) * targets,
        zero_weights_skipped=sum(
            abs(c) * zero for counts in tokens for c, zero in zip(counts, zeros, strict=True)
        ),
    )

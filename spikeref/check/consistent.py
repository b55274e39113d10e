"""Which planted faults fail as a device fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from spikeref.check.judge import ACCEPTED, NO_ANSWER, Judgement
from spikeref.check.kill_matrix import KilledMutant, KillMatrix
from spikeref.vectors.case import REJECT_KINDS
from spikeref.vectors.outcome import outcome_digest

Likeness: TypeAlias = Literal["outcomes", "cases", "first case"]
LIKENESSES: tuple[Likeness, ...] = get_args(Likeness)
"""Same outcome of every case; same failing cases; same first failing case."""

MOST_GUESSES = 5

_NOT_ACCEPTED = frozenset({NO_ANSWER, *(outcome_digest(kind) for kind in REJECT_KINDS)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A planted fault that the device's failures fit."""

    mutant: KilledMutant
    likeness: Likeness


def consistent_with(matrix: KillMatrix, judgement: Judgement) -> tuple[Suspect, ...]:
    """Return the mutants whose failures on the judged cases are like the device's.

    Those with its very outcomes; if there are none, those that fail the same cases; if there are
    none, at most five with the same first failing case, by how many failing cases they share.
    """
    order = _answered(judgement)
    answered = set(order)
    failing = {f.case: f.outcome for f in judgement.failures if f.case in answered}
    if not failing:
        return ()
    fails = {
        mutant.id: {case: mutant.outcomes[case] for case in order if case in mutant.outcomes}
        for mutant in matrix.mutants
    }
    for likeness in LIKENESSES[:2]:
        found = [m for m in matrix.mutants if _alike(failing, fails[m.id], likeness)]
        if found:
            return tuple(Suspect(mutant=mutant, likeness=likeness) for mutant in found)
    first = next(case for case in order if case in failing)
    guesses = [m for m in matrix.mutants if next(iter(fails[m.id]), None) == first]
    guesses.sort(key=lambda mutant: _distance(failing, fails[mutant.id]))
    return tuple(Suspect(mutant=m, likeness=LIKENESSES[2]) for m in guesses[:MOST_GUESSES])


def _answered(judgement: Judgement) -> list[str]:
    """Return the ids of the cases that say something, in causal order.

    A device that dies in one case leaves out all that follow: the first of those that are missing
    to the end counts as the one that it died in, and the others say nothing.
    """
    order = [manifest.id for manifest in judgement.cases]
    missing = {failure.case for failure in judgement.failures if failure.kind == "missing"}
    end = len(order)
    while end and order[end - 1] in missing:
        end -= 1
    return order[: end + 1] if end else []


def _alike(device: Mapping[str, str], mutant: Mapping[str, str], likeness: Likeness) -> bool:
    if device.keys() != mutant.keys():
        return False
    return likeness == "cases" or all(_same(device[case], mutant[case]) for case in device)


def _same(device: str, mutant: str) -> bool:
    # The types of tensors that should not exist are unknown, so their digest is too.
    return mutant not in _NOT_ACCEPTED if device == ACCEPTED else device == mutant


def _distance(device: Mapping[str, str], mutant: Mapping[str, str]) -> tuple[int, int]:
    """Return a key that sorts by failing cases in common, then by the fewest others."""
    common = len(device.keys() & mutant.keys())
    return -common, len(device.keys() ^ mutant.keys())

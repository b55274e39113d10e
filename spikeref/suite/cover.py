"""A small set of cases that kills what the whole suite kills."""

from collections.abc import Mapping, Sequence

from spikeref.check.kill_matrix import KillMatrix


def smoke_cases(matrix: KillMatrix, classes: Mapping[str, str]) -> list[str]:
    """Return ids of cases that kill every killed mutant, at least one of each class.

    classes: case -> class, in causal order. Greedy: always the case that kills most of the mutants
    that are left, of equals the first in causal order. The result is in causal order.
    """
    kills: dict[str, set[str]] = {case: set() for case in classes}
    for mutant in matrix.mutants:
        for case in mutant.outcomes:
            kills[case].add(mutant.id)
    chosen = set(greedy_cover(list(kills.values()), list(kills)))
    for wanted in dict.fromkeys(classes.values()):
        of_class = [case for case in classes if classes[case] == wanted]
        if not chosen.intersection(of_class):
            chosen.add(max(of_class, key=lambda case: len(kills[case])))
    return [case for case in classes if case in chosen]


def greedy_cover(sets: Sequence[set[str]], names: Sequence[str]) -> list[str]:
    """Return names of sets whose union is that of all, in the order of their choice."""
    left = set().union(*sets)
    chosen = []
    while left:
        best = max(range(len(sets)), key=lambda i: len(sets[i] & left))
        chosen.append(names[best])
        left -= sets[best]
    return chosen

"""`spikeref functions`: how far a profile's HG neurons are from the functions they stand for."""

import argparse
from dataclasses import asdict
from typing import assert_never

from spikeref.cli.command import Command, Outcome
from spikeref.errors import UsageError
from spikeref.evaluate.function_errors import piece_rows
from spikeref.model.any_profile import ALL_PROFILES, find_any_profile
from spikeref.model.las_profile import Functions, LasProfile, adjust_las_profile
from spikeref.model.profile import NonLinear, Profile, adjust_profile


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--profile",
        default="las",
        help=f"one of {', '.join(ALL_PROFILES)} (default %(default)s)",
    )
    parser.add_argument(
        "--steps", type=int, metavar="T", help="time steps, 10 to 16 (default: the profile's)"
    )


def _run(arguments: argparse.Namespace) -> Outcome:
    functions, steps = _chosen(arguments)
    rows = list(piece_rows(functions, steps))
    lines = [
        f"largest error of every piece over all its membranes, {functions.value} functions,"
        f" {steps} steps",
        "function    range of x                       unit   kind      error     in units",
    ]
    lines += [
        f"{row.function:10}  {f'[{row.low:g}, {row.high:g})':30}  {f'2^{row.unit}':>5}"
        f"  {row.kind:8}  {row.error:.2e}  {row.units:8.2f}"
        for row in rows
    ]
    return Outcome(
        json={
            "profile": arguments.profile,
            "functions": functions.value,
            "steps": steps,
            "pieces": [asdict(row) for row in rows],
        },
        lines=lines,
    )


def _chosen(arguments: argparse.Namespace) -> tuple[Functions, int]:
    """Return the functions of a profile and their steps; UsageError where it has none."""
    profile = find_any_profile(arguments.profile)
    match profile:
        case LasProfile():
            las = adjust_las_profile(profile, steps=arguments.steps)
            return las.functions, las.form.steps
        case Profile():
            if profile.non_linear is not NonLinear.HG:
                raise UsageError(f"profile {profile.name}: it has no HG neurons; las has")
            return Functions.EXPANSION, adjust_profile(profile, steps=arguments.steps).steps
        case _:
            assert_never(profile)


COMMAND = Command(
    name="functions",
    summary="largest error of every HG neuron, piece by piece",
    example="spikeref functions --profile las-fitted",
    configure=_configure,
    run=_run,
)

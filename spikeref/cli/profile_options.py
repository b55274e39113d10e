"""The options that choose and adjust a profile."""

import argparse
from fractions import Fraction

from spikeref.arith.ties import Ties
from spikeref.errors import UsageError
from spikeref.model.profile import (
    DEFAULT_PROFILE,
    PROFILES,
    Profile,
    Rotation,
    adjust_profile,
    find_profile,
)
from spikeref.neurons.counts import Encoding


def add_profile_options(parser: argparse.ArgumentParser) -> None:
    """Add --profile and one option for each of its parameters."""
    parser.add_argument("--profile", default=DEFAULT_PROFILE, help=f"one of {', '.join(PROFILES)}")
    parser.add_argument("--weight-bits", type=int, metavar="N", help="2 to 8")
    parser.add_argument("--act-bits", type=int, metavar="N", help="bits of a count, 2 to 8")
    parser.add_argument("--kv-bits", type=int, metavar="N", help="bits of a cached count, 2 to 8")
    parser.add_argument("--encoding", choices=[e.value for e in Encoding])
    parser.add_argument("--rotation", choices=[r.value for r in Rotation])
    parser.add_argument("--clip-ratio", metavar="R", help="0 < R <= 1, such as 0.9 or 9/10")
    parser.add_argument("--ties", choices=[t.value for t in Ties])


def chosen_profile(arguments: argparse.Namespace) -> Profile:
    """Return the profile that the options describe; UsageError if they do not describe one."""
    return adjust_profile(
        find_profile(arguments.profile),
        weight_bits=arguments.weight_bits,
        act_bits=arguments.act_bits,
        kv_bits=arguments.kv_bits,
        encoding=None if arguments.encoding is None else Encoding(arguments.encoding),
        rotation=None if arguments.rotation is None else Rotation(arguments.rotation),
        clip_ratio=None if arguments.clip_ratio is None else fraction(arguments.clip_ratio),
        ties=None if arguments.ties is None else Ties(arguments.ties),
    )


def fraction(text: str) -> Fraction:
    """Return a decimal or "n/d" as an exact fraction; UsageError if it is neither."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"{text!r} is not a number such as 0.9 or 9/10") from None

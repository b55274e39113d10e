"""The options that choose and adjust a profile."""

import argparse
from fractions import Fraction
from typing import assert_never

from spikeref.arith.ties import Ties
from spikeref.errors import UsageError
from spikeref.model.any_model import AnyProfile
from spikeref.model.any_profile import ALL_PROFILES, find_any_profile
from spikeref.model.las_profile import LasProfile, adjust_las_profile
from spikeref.model.profile import DEFAULT_PROFILE, Profile, Rotation, adjust_profile
from spikeref.neurons.counts import Encoding
from spikeref.neurons.multi_threshold import Rule


def add_profile_options(parser: argparse.ArgumentParser) -> None:
    """Add --profile and one option for each of the parameters of either system."""
    parser.add_argument(
        "--profile",
        default=DEFAULT_PROFILE,
        help=f"one of {', '.join(ALL_PROFILES)} (default %(default)s)",
    )
    parser.add_argument("--weight-bits", type=int, metavar="N", help="2 to 8; in las 8 to 16")
    parser.add_argument("--ties", choices=[t.value for t in Ties])
    sdllm = parser.add_argument_group("profiles of SDLLM")
    sdllm.add_argument("--act-bits", type=int, metavar="N", help="bits of a count, 2 to 8")
    sdllm.add_argument("--kv-bits", type=int, metavar="N", help="bits of a cached count, 2 to 8")
    sdllm.add_argument("--encoding", choices=[e.value for e in Encoding])
    sdllm.add_argument("--rotation", choices=[r.value for r in Rotation])
    sdllm.add_argument("--clip-ratio", metavar="R", help="0 < R <= 1, such as 0.9 or 9/10")
    parser.add_argument(
        "--steps", type=int, metavar="T", help="time steps of LAS and of HG neurons, 10 to 16"
    )
    las = parser.add_argument_group("profiles of LAS")
    rules = [rule.value for rule in Rule]
    las.add_argument("--rule", choices=rules, help="the level that is fired (NEUR-2)")
    las.add_argument("--gate", choices=rules, help="what the outlier neuron takes (NEUR-3)")
    las.add_argument("--levels", type=int, metavar="N", help="levels of a spike, 1 to 15")


SDLLM_ONLY = ("act_bits", "kv_bits", "encoding", "rotation", "clip_ratio")
LAS_ONLY = ("levels", "rule", "gate")

LONGEST_NUMBER = 64
LARGEST_EXPONENT = 32
"""A number beyond 10^±32 is a mistake, and as an exact fraction it could fill the memory."""


def chosen_profile(arguments: argparse.Namespace) -> AnyProfile:
    """Return the profile that the options describe; UsageError if they do not describe one."""
    profile = find_any_profile(arguments.profile)
    ties = None if arguments.ties is None else Ties(arguments.ties)
    match profile:
        case Profile():
            _refuse(arguments, LAS_ONLY, "profiles of LAS")
            return adjust_profile(
                profile,
                weight_bits=arguments.weight_bits,
                act_bits=arguments.act_bits,
                kv_bits=arguments.kv_bits,
                encoding=None if arguments.encoding is None else Encoding(arguments.encoding),
                rotation=None if arguments.rotation is None else Rotation(arguments.rotation),
                clip_ratio=None if arguments.clip_ratio is None else fraction(arguments.clip_ratio),
                ties=ties,
                steps=arguments.steps,
            )
        case LasProfile():
            _refuse(arguments, SDLLM_ONLY, "profiles of SDLLM")
            return adjust_las_profile(
                profile,
                weight_bits=arguments.weight_bits,
                steps=arguments.steps,
                levels=arguments.levels,
                rule=None if arguments.rule is None else Rule(arguments.rule),
                gate=None if arguments.gate is None else Rule(arguments.gate),
                ties=ties,
            )
        case _:
            assert_never(profile)


def _refuse(arguments: argparse.Namespace, options: tuple[str, ...], whose: str) -> None:
    for option in options:
        if getattr(arguments, option) is not None:
            name = option.replace("_", "-")
            raise UsageError(f"--{name}: only {whose} have it; the profile is {arguments.profile}")


def fraction(text: str) -> Fraction:
    """Return a decimal or "n/d" as an exact fraction; UsageError if it is neither, or excessive."""
    if len(text) > LONGEST_NUMBER:
        raise UsageError(f"{text[:20]!r}… has {len(text)} characters, {LONGEST_NUMBER} at most")
    try:
        exponent = int(text.lower().partition("e")[2] or 0)
        if abs(exponent) <= LARGEST_EXPONENT:
            return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"{text!r} is not a number such as 0.9 or 9/10") from None
    raise UsageError(
        f"{text!r} is out of all proportion; exponents reach from -{LARGEST_EXPONENT} to"
        f" {LARGEST_EXPONENT}"
    )

"""The options that say what a device claims."""

import argparse

from spikeref.check.selection import Claim, parse_where
from spikeref.vectors.case import CASE_CLASSES


def add_claim_options(parser: argparse.ArgumentParser) -> None:
    """Add --class and --where."""
    parser.add_argument(
        "--class",
        dest="case_class",
        choices=CASE_CLASSES,
        default="full",
        help="what the device claims (default %(default)s: every case of SDLLM)",
    )
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="narrow the claim to a parameter's value; repeat it for others",
    )


def claim_of(arguments: argparse.Namespace) -> Claim:
    """Return the claim that the options state."""
    return Claim(case_class=arguments.case_class, where=parse_where(arguments.where))

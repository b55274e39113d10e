"""The tie rules that a profile may choose (CONV-8)."""

from enum import Enum


class Ties(Enum):
    """Where an exact half goes: to the even neighbour, or to the larger one."""

    HALF_EVEN = "half-even"
    HALF_UP = "half-up"

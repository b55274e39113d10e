"""Where a profile rotates, for the compiler and the forward pass alike (COMP-3, OP-5)."""

from typing import assert_never

from spikeref.arith.hadamard import HadamardPlan, plan_hadamard
from spikeref.model.config import ModelShape
from spikeref.model.groups import Group
from spikeref.model.profile import Rotation


def group_width(shape: ModelShape, group: Group) -> int:
    """Return the number of source neurons of a group of linear operators."""
    match group:
        case "qkv" | "gate_up":
            return shape.hidden
        case "o":
            return shape.query_width
        case "down":
            return shape.intermediate
        case _:
            assert_never(group)


def input_rotation(rotation: Rotation, shape: ModelShape, group: Group) -> HadamardPlan | None:
    """Return the Hadamard matrix online before the group's encoder, or None."""
    match rotation:
        case Rotation.GAMMA_SQP:
            return plan_hadamard(group_width(shape, group))
        case Rotation.QUAROT:
            if group in ("o", "down"):
                return plan_hadamard(group_width(shape, group))
            return None
        case Rotation.NONE:
            return None
        case _:
            assert_never(rotation)


def head_rotation(rotation: Rotation, shape: ModelShape) -> HadamardPlan | None:
    """Return the Hadamard matrix of query, key and value heads, or None."""
    return None if rotation is Rotation.NONE else plan_hadamard(shape.head_dim)


def residual_rotation(rotation: Rotation, shape: ModelShape) -> HadamardPlan | None:
    """Return the Hadamard matrix that the residual stream itself is rotated by, or None."""
    return plan_hadamard(shape.hidden) if rotation is Rotation.QUAROT else None


def order_of(plan: HadamardPlan | None) -> int:
    """Return n: the order of the matrix, 1 where nothing is rotated."""
    return 1 if plan is None else plan.order

"""The linear operators, and the groups of them that share one spiking input (OP-5, OP-11)."""

from typing import Literal, TypeAlias, get_args

Operator: TypeAlias = Literal["q", "k", "v", "o", "gate", "up", "down"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)

Group: TypeAlias = Literal["qkv", "o", "gate_up", "down"]
GROUPS: tuple[Group, ...] = get_args(Group)

GROUP_OF: dict[Operator, Group] = {
    "q": "qkv", "k": "qkv", "v": "qkv", "o": "o",
    "gate": "gate_up", "up": "gate_up", "down": "down",
}  # fmt: skip

OUTPUT_BITS: dict[Operator, int] = {
    "q": 32, "k": 32, "v": 32, "o": 40, "gate": 32, "up": 32, "down": 40,
}  # fmt: skip
"""What the outputs of each operator saturate to, in both systems (OP-8, LAS-6)."""

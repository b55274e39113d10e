"""Names of the linear operators and of the groups that share one spiking input (OP-5, OP-11)."""

from typing import Literal, TypeAlias, get_args

Operator: TypeAlias = Literal["q", "k", "v", "o", "gate", "up", "down"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)

Group: TypeAlias = Literal["qkv", "o", "gate_up", "down"]
GROUPS: tuple[Group, ...] = get_args(Group)

GROUP_OF: dict[Operator, Group] = {
    "q": "qkv", "k": "qkv", "v": "qkv", "o": "o",
    "gate": "gate_up", "up": "gate_up", "down": "down",
}  # fmt: skip

"""Faults that no case can show, and why."""

EQUIVALENTS: dict[tuple[str, str, str], str] = {}
"""(module, function, fault as the tool prints it) -> proof."""

"""Which clauses the specification has."""

from collections.abc import Mapping

LAST_CLAUSES: Mapping[str, int] = {
    "CONV": 9, "ARITH": 10, "HAD": 17, "ENC": 10, "ADD": 6, "MODEL": 8, "COMP": 12, "OP": 13,
    "ATT": 12, "ENG": 8, "EVENT": 7, "TRACE": 9, "COUNT": 7, "THM": 19, "PACK": 6, "CONF": 11,
    "NEUR": 9, "HG": 9, "LAS": 19, "LMOD": 9,
}  # fmt: skip
"""Family -> number of its last clause; a family's numbers run from 1."""


def is_clause(identity: str) -> bool:
    """Return whether the specification has the clause of an id like ENC-2."""
    family, _, number = identity.partition("-")
    # Compared as text: a number may be too long to be read as one.
    return number in map(str, range(1, LAST_CLAUSES.get(family, 0) + 1))

"""A short digest of what a device made of a case, to compare the failures of two devices."""

import hashlib
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from spikeref.vectors.case import RejectKind, type_of
from spikeref.vectors.tensors import tensor_bytes

DIGITS = 16


def outcome_digest(outcome: Mapping[str, NDArray[Any]] | RejectKind) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of an outcome.

    It is over, for each output in the order of the manifest, the line NAME=TYPE:SHAPE with the
    dimensions joined by commas, its line feed, and the bytes of .bin; for a refusal over
    "reject:KIND".
    """
    if isinstance(outcome, str):
        return hashlib.sha256(f"reject:{outcome}".encode()).hexdigest()[:DIGITS]
    whole = hashlib.sha256()
    for name, array in outcome.items():
        kind = type_of(array)
        whole.update(f"{name}={kind}:{','.join(map(str, array.shape))}\n".encode())
        whole.update(tensor_bytes(array, kind, "bin"))
    return whole.hexdigest()[:DIGITS]

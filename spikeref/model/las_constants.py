"""Integers that the operators of LAS read from the model (LMOD-6)."""

from dataclasses import dataclass

from spikeref.errors import ModelError
from spikeref.storage.json_fields import JsonFields


@dataclass(frozen=True, slots=True, kw_only=True)
class LasConstants:
    """Constants of norms and scores, each a mantissa and its exponent."""

    norm_root: int
    norm_root_exponent: int
    norm_epsilon: int
    norm_epsilon_exponent: int
    published_epsilon: int
    published_epsilon_exponent: int
    score_mantissa: int
    score_exponent: int


_MANTISSA_BITS = {
    "norm_root": 16,
    "norm_epsilon": 31,
    "published_epsilon": 31,
    "score_mantissa": 16,
}
_EXPONENTS = {
    "norm_root_exponent": range(-15, -7),
    "norm_epsilon_exponent": range(-128, 31),
    "published_epsilon_exponent": range(-128, 31),
    "score_exponent": range(-128, 129),
}
"""√N of a width N up to 2^15, and an epsilon that leaves energies below 2^62 (LMOD-6, LAS-4)."""


def constant_out_of_range(constants: LasConstants) -> str | None:
    """Return the name of the first constant that LMOD-6 excludes, or None."""
    mantissas = {name: range(1 << (bits - 1), 1 << bits) for name, bits in _MANTISSA_BITS.items()}
    for name, allowed in (mantissas | _EXPONENTS).items():
        if getattr(constants, name) not in allowed:
            return name
    return None


def las_constants_from_json(reader: JsonFields) -> LasConstants:
    """Return the constants of config.json; ModelError for one that LMOD-6 excludes."""
    names = LasConstants.__dataclass_fields__
    constants = LasConstants(**{name: reader.integer(name) for name in names})
    excluded = constant_out_of_range(constants)
    if excluded is not None:
        raise ModelError(f"{reader.where}: {excluded} is out of its range (LMOD-6)")
    return constants

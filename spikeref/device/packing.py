"""Chapter 16: how signals lie in bytes."""

from collections.abc import Sequence

from .tensor import Refusal

TERNARY_CODES = {0: 0b00, 1: 0b01, -1: 0b11}
SPIKES = {code: spike for spike, code in TERNARY_CODES.items()}


def pack_ternary(spikes: Sequence[int]) -> list[int]:
    """One virtual step, four spikes a byte from bit 0 up (PACK-2)."""
    packed = [0] * ((len(spikes) + 3) // 4)
    for k, spike in enumerate(spikes):
        packed[k // 4] |= TERNARY_CODES[spike] << 2 * (k % 4)
    return packed


def unpack_ternary(packed: Sequence[int], neurons: int) -> list[int]:
    """The spikes of one virtual step; refuses code 10 and a tail that is not 0 (PACK-2)."""
    codes = [byte >> 2 * place & 0b11 for byte in packed for place in range(4)]
    if any(codes[neurons:]):
        raise Refusal("code", "a spike in the unused tail of a row")
    if any(code not in SPIKES for code in codes):
        raise Refusal("code", "spike code 10")
    return [SPIKES[code] for code in codes[:neurons]]


def pack_row(values: Sequence[int], bits: int) -> list[int]:
    """A row of signed values: nibbles for at most 4 bits, else bytes (PACK-3, PACK-4)."""
    if bits > 4:
        return [value & 0xFF for value in values]
    packed = [0] * ((len(values) + 1) // 2)
    for m, value in enumerate(values):
        packed[m // 2] |= (value & 0xF) << 4 * (m % 2)
    return packed


def pack_weights(weights: Sequence[int], bits: int) -> list[int]:
    """The weights of one source neuron; refuses −2^(w−1) and wider ones (PACK-3, MODEL-3)."""
    if any(abs(weight) >= 1 << (bits - 1) for weight in weights):
        raise Refusal("range", f"a weight that {bits} symmetric bits do not hold")
    return pack_row(weights, bits)


def pack_entry(counts: Sequence[int], mantissa: int, exponent: int, bits: int) -> list[int]:
    """One position and head of a cache: mantissa, exponent, counts (PACK-4)."""
    scale = mantissa.to_bytes(2, "little") + exponent.to_bytes(2, "little", signed=True)
    return [*scale, *pack_row(counts, bits)]

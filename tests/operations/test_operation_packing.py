"""Packed memories against their definition, bit by bit (PACK-1 to PACK-5)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikeref.errors import RefusedError
from spikeref.operations.packing import pack_cache, pack_trains, pack_weights, unpack_trains
from spikeref.operations.table import run_operation

SPIKES = st.integers(1, 9).flatmap(
    lambda n: st.lists(st.lists(st.integers(-1, 1), min_size=n, max_size=n), min_size=1, max_size=4)
)


def field(packed: list[int], place: int, width: int) -> int:
    """Return bits place·width … of a row of bytes, bit 0 of byte 0 first."""
    row = sum(byte << 8 * k for k, byte in enumerate(packed))
    return row >> place * width & (1 << width) - 1


@given(SPIKES)
def test_ternary_spikes_take_two_bits_each(rows: list[list[int]]) -> None:
    train = np.array(rows, dtype=np.int8)
    packed = pack_trains(train)
    assert packed.shape == (len(rows), -(-train.shape[1] // 4))
    for row, bytes_of_row in zip(rows, packed.tolist(), strict=True):
        codes = [field(bytes_of_row, k, 2) for k in range(4 * len(bytes_of_row))]
        assert codes[: len(row)] == [{0: 0, 1: 1, -1: 3}[spike] for spike in row]
        assert not any(codes[len(row) :])
    assert unpack_trains(packed, train.shape[1]).tolist() == rows


@given(st.integers(0, 255), st.integers(1, 4))
def test_a_byte_is_refused_exactly_where_it_holds_an_illegal_code(byte: int, neurons: int) -> None:
    codes = [byte >> 2 * k & 3 for k in range(4)]
    packed = np.array([[byte]], dtype=np.uint8)
    if 2 in codes or any(codes[neurons:]):
        with pytest.raises(RefusedError) as refusal:
            unpack_trains(packed, neurons)
        assert refusal.value.kind == "code"
    else:
        assert unpack_trains(packed, neurons)[0].tolist() == [
            {0: 0, 1: 1, 3: -1}[code] for code in codes[:neurons]
        ]


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("targets", [1, 2, 5])
def test_weights_fill_nibbles_up_to_four_bits_and_bytes_beyond(bits: int, targets: int) -> None:
    limit = (1 << (bits - 1)) - 1
    weights = np.resize([-limit, limit, -1, 1, 0], (3, targets)).astype(np.int8)
    packed, width = pack_weights(weights, bits), 4 if bits <= 4 else 8
    for row, bytes_of_row in zip(weights.tolist(), packed.tolist(), strict=True):
        assert len(bytes_of_row) == -(-targets * width // 8)
        assert [field(bytes_of_row, m, width) for m in range(targets)] == [
            weight % (1 << width) for weight in row
        ]
    with pytest.raises(RefusedError):
        pack_weights(np.array([[-limit - 1]], dtype=np.int8), bits)


@pytest.mark.parametrize("bits", [4, 5])
def test_a_cache_entry_is_mantissa_exponent_counts(bits: int) -> None:
    counts = np.array([[[1, -2, 3]], [[-8, 7, 0]]], dtype=np.int8)
    mantissa, exponent = np.array([[40000], [32768]]), np.array([[-20], [300]])
    packed = pack_cache(counts, mantissa, exponent, bits).tolist()
    for position, (entry,) in enumerate(packed):
        assert entry[0] + 256 * entry[1] == int(mantissa[position, 0])
        assert entry[2] + 256 * entry[3] == int(exponent[position, 0]) % 65536
        width = 4 if bits == 4 else 8
        found = [field(entry[4:], k, width) for k in range(3)]
        assert found == [int(c) % (1 << width) for c in counts[position, 0]]


def test_an_event_packet_is_eight_bytes() -> None:
    """PACK-5: the words of EVENT-1, little-endian, source in the lowest bits."""
    packets = run_operation(
        "pack_events",
        {"bits": 3, "encoding": "ternary", "epoch": 1},
        {"counts": np.array([0, 0, -1], dtype=np.int16)},
    )["packets"]
    first = packets.astype("<u8").tobytes()[:8]
    assert first == bytes([2, 0, 0, 0, 0b01010000, 0, 0, 0])

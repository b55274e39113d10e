"""Every kind of damage to a trace folder is refused with one line that says what and where."""

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hand_made_trace import (
    Members,
    edit,
    edit_manifest,
    given_linear,
    reseal,
    small_records,
    write,
)

from spikeref.errors import TraceError
from spikeref.model.layers import IntegerModel
from spikeref.trace.manifest import TRACE_LEVELS, TraceLevel
from spikeref.trace.reader import TraceFolder, read_trace


@pytest.fixture
def full(tmp_path: Path, tiny_model: IntegerModel) -> Path:
    """A trace of six records at level full."""
    return write(tmp_path / "trace", tiny_model, small_records())


def refusal(folder: Path) -> str:
    with pytest.raises(TraceError) as caught:
        read_trace(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("level", TRACE_LEVELS)
def test_every_flipped_byte_is_refused(
    tmp_path: Path, tiny_model: IntegerModel, level: TraceLevel
) -> None:
    folder = write(tmp_path / "trace", tiny_model, small_records(), level=level)
    for path in folder.glob("*.bin"):
        whole = path.read_bytes()
        for i in range(len(whole)):
            path.write_bytes(whole[:i] + bytes([whole[i] ^ 0x10]) + whole[i + 1 :])
            assert path.name in refusal(folder)
        path.write_bytes(whole)
    read_trace(folder)


@pytest.mark.parametrize("name", ["index.bin", "payload.bin"])
def test_every_truncation_is_refused(full: Path, name: str) -> None:
    whole = (full / name).read_bytes()
    for length in range(len(whole)):
        (full / name).write_bytes(whole[:length])
        assert "truncated" in refusal(full)
    (full / name).write_bytes(whole + b"\0")
    assert name in refusal(full)


@pytest.mark.parametrize("name", ["manifest.json", "index.bin", "payload.bin"])
def test_missing_file_is_named(full: Path, name: str) -> None:
    (full / name).unlink()
    assert f"{full / name}: cannot be read" in refusal(full)


def test_what_is_no_trace_folder_is_named(
    tmp_path: Path, full: Path, tiny_model: IntegerModel
) -> None:
    assert "no such folder" in refusal(tmp_path / "absent")
    assert "is not a folder" in refusal(full / "manifest.json")
    assert "is no trace" in refusal(tiny_model.folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "not valid JSON"),
        (b"[]", "not a trace"),
        (b"{}", "not a trace"),
        (b"\xff", "not UTF-8"),
        (b'{"format":"spikeref-trace-1","format":"spikeref-trace-1"}', "appears twice"),
        (b'{"format":"spikeref-trace-2"}', "not a trace in the format spikeref-trace-1"),
        (b'{"format":"spikeref-trace-1"}', "specification None"),
    ],
)
def test_foreign_manifest(full: Path, text: bytes, message: str) -> None:
    (full / "manifest.json").write_bytes(text)
    assert message in refusal(full)


OTHER_DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("spec_version", "2.0", "specification '2.0'"),
        ("level", "everything", "known: digest, counts, full"),
        ("level", "digest", "payload_digest must be null"),
        ("level", "counts", "another record or level"),
        ("model_digest", "abc", "model_digest is no SHA-256"),
        ("model_digest", OTHER_DIGEST, "trace_digest does not match"),
        ("trace_digest", OTHER_DIGEST, "trace_digest does not match"),
        ("trace_digest", OTHER_DIGEST.upper(), "trace_digest is no SHA-256"),
        ("index_digest", OTHER_DIGEST, "index.bin: damaged"),
        ("payload_digest", OTHER_DIGEST, "payload.bin: damaged"),
        ("payload_digest", None, "payload_digest is no SHA-256"),
        ("tokens", [5, 7], "trace_digest does not match"),
        ("tokens", [5], "token 1"),
        ("tokens", [], "at least one"),
        ("tokens", [5, -2], "token ids"),
        ("tokens", [5, True], "token ids"),
        ("tokens", [5, 1 << 20], "token ids"),
        ("engine", 3, "engine is missing or not of type str"),
        ("engine", "den\nse", "not printable"),
        ("layers", 0, "layers is 0"),
        ("layers", True, "layers is missing or not of type int"),
        ("records", 0, "records is 0"),
        ("records", 7, "448 are needed for 7 records"),
        ("records", 1 << 80, "are needed for"),
        ("comment", "hello", "'comment' has no place"),
        ("profile", {}, "profile: name is missing"),
    ],
)
def test_lying_member(full: Path, member: str, value: object, message: str) -> None:
    edit_manifest(full, lambda members: members.update({member: value}))
    assert message in refusal(full)


def test_every_missing_member_is_named(full: Path) -> None:
    whole = json.loads((full / "manifest.json").read_text())
    for member in whole:
        (full / "manifest.json").write_text(json.dumps({k: whole[k] for k in whole if k != member}))
        assert member.partition("_")[0] in refusal(full)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("clip_ratio", "1/0"),
        ("clip_ratio", "1e9/1"),
        ("clip_ratio", "2"),
        ("act_bits", 9),
        ("act_bits", 3),
        ("weight_bits", 8),
        ("encoding", "unary"),
        ("rotation", "other"),
        ("ties", "up"),
        ("name", "a\x1b[31m"),
    ],
)
def test_impossible_profile(full: Path, member: str, value: object) -> None:
    edit_manifest(full, lambda members: members["profile"].update({member: value}))
    assert "manifest.json: profile: " in refusal(full)


def put(form: str, entry: int, at: int, *values: Any) -> Callable[[bytearray], None]:
    return lambda data: struct.pack_into(form, data, 64 * entry + at, *values)


def swap_first_two(data: bytearray) -> None:
    data[:64], data[64:128] = data[64:128], data[:64]


def repeat_first(data: bytearray) -> None:
    data[64:128] = data[:64]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (swap_first_two, "record 1 is not in causal order"),
        (repeat_first, "record 1 is not in causal order"),
        (put("<I", 5, 0, 2), "record 5 is of token 2"),
        (put("<i", 0, 4, -1), "record 0 is of token 0, layer -1, op code 1"),
        (put("<i", 0, 4, 2), "layer 2, op code 1"),
        (put("<I", 0, 8, 0), "layer 0, op code 0"),
        (put("<I", 2, 8, 18), "layer 0, op code 18"),
        (put("<I", 0, 8, 19), "op code 19"),
        (put("<I", 0, 12, 1), "record 0"),
        (put("<Q", 0, 48, 1 << 63), "record 0 ends after the file"),
        (put("<Q", 0, 56, (1 << 64) - 1), "record 0 ends after the file"),
        (put("<Q", 0, 56, 1 << 20), "record 0 ends after the file"),
        (put("<Q", 1, 48, 0), "gap or overlap"),
        (put("<Q", 0, 56, 60), "gap or overlap at byte 60"),
        (put("<I", 2, 8, 7), "token 0, layer 0, value_spikes: its payload is of another record"),
        (put("<B", 1, 16, 0), "token 0, layer 0, q: its record digest does not match"),
    ],
)
def test_index_that_is_wrong_though_its_digest_is_right(
    full: Path, change: Callable[[bytearray], None], message: str
) -> None:
    edit(full, "index.bin", change)
    reseal(full)
    assert message in refusal(full)


# Record 0 begins with the 16 bytes of its header, then potential: bytes an element at 16, rank at
# 17, the dimension at 18, three elements of 4 bytes at 22, then exponent at 34.
@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (0, 1, "its payload is of another record or level"),
        (12, 4, "its payload is of another record or level"),
        (16, 8, "potential is not of the type int32"),
        (17, 3, "potential is not of the type int32"),
        (18, 2, "exponent is not of the type int32"),
        (21, 255, "ends after its payload"),
        (22, 99, "its record digest does not match its fields"),
    ],
)
def test_payload_that_is_wrong_though_its_digest_is_right(
    full: Path, at: int, value: int, message: str
) -> None:
    edit(full, "payload.bin", lambda data: data.__setitem__(at, value))
    reseal(full)
    assert f"token 0, layer 0, qkv_input: {message}" in refusal(full).replace(
        "potential of shape [4278190083] ", ""
    )


def test_payload_of_another_length_is_refused(full: Path) -> None:
    # The last record written, token 1's keys, loses or gains bytes at the end of the file.
    length = struct.unpack_from("<Q", (full / "index.bin").read_bytes(), 5 * 64 + 56)[0]
    whole = (full / "payload.bin").read_bytes()
    for new, message in ((length + 2, "2 bytes after its last field"), (17, "too short")):
        (full / "payload.bin").write_bytes((whole + b"\0\0")[: len(whole) - length + new])
        edit(full, "index.bin", put("<Q", 5, 56, new))
        reseal(full)
        assert message in refusal(full)


def test_shape_that_other_records_do_not_have_is_refused(
    tmp_path: Path, tiny_model: IntegerModel
) -> None:
    records = [given_linear(0, 0, [1, 2]), given_linear(1, 0, [1, 2, 3])]
    folder = write(tmp_path / "trace", tiny_model, records)
    assert "token 1, layer 0, q: accumulator has another shape" in refusal(folder)


def test_payloads_may_lie_in_any_order(full: Path) -> None:
    index = bytearray((full / "index.bin").read_bytes())
    payload = (full / "payload.bin").read_bytes()
    before = field_lists(read_trace(full))
    moved = b""
    for entry in (4, 0, 5, 2, 1, 3):
        offset, length = struct.unpack_from("<QQ", index, 64 * entry + 48)
        struct.pack_into("<Q", index, 64 * entry + 48, len(moved))
        moved += payload[offset : offset + length]
    (full / "index.bin").write_bytes(index)
    (full / "payload.bin").write_bytes(moved)
    reseal(full)
    assert field_lists(read_trace(full)) == before


def field_lists(trace: TraceFolder) -> list[dict[str, Any]]:
    """Copies of the fields of every record; views would follow a change of the file."""
    return [{k: v.tolist() for k, v in trace.fields(i).items()} for i in range(len(trace))]


def test_level_digest_with_fields_is_refused(tmp_path: Path, tiny_model: IntegerModel) -> None:
    folder = write(tmp_path / "trace", tiny_model, small_records(), level="digest")
    (folder / "payload.bin").write_bytes(b"x")
    assert "has no place in a trace of level digest" in refusal(folder)
    (folder / "payload.bin").unlink()
    edit(folder, "index.bin", put("<Q", 0, 48, 1))
    reseal(folder)
    assert "must be 0" in refusal(folder)


def test_trace_that_lacks_records_is_read(full: Path) -> None:
    """A device may show only some signals; here one record and its payload are cut out."""
    index = (full / "index.bin").read_bytes()
    offset, length = struct.unpack_from("<QQ", index, 48)
    assert offset == 0
    edit(full, "payload.bin", lambda data: data.__delitem__(slice(0, length)))
    kept = bytearray(index[64:])
    for at in range(48, len(kept), 64):
        struct.pack_into("<Q", kept, at, struct.unpack_from("<Q", kept, at)[0] - length)
    (full / "index.bin").write_bytes(kept)
    reseal(full)
    assert len(read_trace(full)) == 5


def test_copy_elsewhere_is_the_same_trace(tmp_path: Path, full: Path) -> None:
    shutil.copytree(full, tmp_path / "copy")
    members: Members = json.loads((full / "manifest.json").read_text())
    assert read_trace(tmp_path / "copy").manifest.trace_digest == members["trace_digest"]

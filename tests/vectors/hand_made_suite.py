"""A small suite made by hand: four cases of three classes, one of them to be refused."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spikeref.storage.canonical import canonical_json, sha256_hex
from spikeref.vectors.case import Case
from spikeref.vectors.writer import write_suite

SHIFT = Case(
    id="shift-ties",
    operation="round_shift",
    case_class="full",
    mode="teacher-forced",
    provenance="hand-worked",
    requirements=("ARITH-2",),
    comment="3 / 2 and 5 / 2 are ties; both go to 2",
    parameters={"ties": "half-even"},
    inputs={"x": np.array([3, 5, -3], dtype=np.int64), "s": np.array([1, 1, 1], dtype=np.int32)},
    outputs={"y": np.array([2, 2, -2], dtype=np.int64)},
)
REFUSED = Case(
    id="shift-too-wide",
    operation="round_shift",
    case_class="full",
    mode="teacher-forced",
    provenance="directed",
    requirements=("ARITH-2", "CONF-10"),
    comment="2^62 does not fit",
    parameters={"ties": "half-even"},
    inputs={"x": np.array([1 << 62], dtype=np.int64), "s": np.array([1], dtype=np.int32)},
    outputs=None,
    reject="range",
    beside="shift-ties",
)
ENCODE = Case(
    id="encode-b4",
    operation="encode",
    case_class="encoder",
    mode="teacher-forced",
    provenance="directed",
    requirements=("ENC-2", "ENC-10"),
    comment="counts of two tokens",
    parameters={"bits": 4, "encoding": "ternary", "ties": "half-even"},
    inputs={"v": np.array([[70, -35, 10], [7, 0, -7]], dtype=np.int32)},
    outputs={
        "range": np.array([70, 7], dtype=np.int64),
        "counts": np.array([[7, -4, 1], [7, 0, -7]], dtype=np.int16),
    },
)
ADD = Case(
    id="add-b5",
    operation="sparse_add",
    case_class="accumulator",
    mode="teacher-forced",
    provenance="random",
    requirements=("ADD-1",),
    comment="a spike of -1 on a negative weight",
    parameters={"bits": 5, "encoding": "ternary"},
    inputs={
        "counts": np.array([[2, -1]], dtype=np.int16),
        "weights": np.array([[1, -3, 0], [4, -5, 7]], dtype=np.int8),
    },
    outputs={"y": np.array([[-2, -1, -7]], dtype=np.int32)},
)
SMALL_CASES = (SHIFT, REFUSED, ENCODE, ADD)


def write(folder: Path, cases: Sequence[Case] = SMALL_CASES, **options: Any) -> Path:
    """Write a suite into a new folder."""
    folder.mkdir(parents=True)
    write_suite(folder, "core", cases, **options)
    return folder


def edit_case(folder: Path, identity: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a case.json and seal the suite again, so that every digest matches."""
    path = folder / "cases" / identity / "case.json"
    stated = json.loads(path.read_bytes())
    change(stated)
    path.write_text(json.dumps(stated))
    suite_path = folder / "suite.json"
    suite = json.loads(suite_path.read_bytes())
    for entry in suite["cases"]:
        if entry["id"] == identity:
            entry["sha256"] = sha256_hex(path.read_bytes())
    old = suite["root_digest"]
    suite["root_digest"] = sha256_hex(canonical_json(suite["cases"]))
    suite_path.write_text(json.dumps(suite))
    twin = folder / "suite.txt"
    twin.write_text(twin.read_text().replace(old, suite["root_digest"]))


def same(a: Case, b: Case) -> bool:
    """Return whether two cases say the same, types and order of tensors included."""
    pairs = [(a.inputs, b.inputs), (a.outputs or {}, b.outputs or {})]
    return all(
        list(x) == list(y)
        and all(x[n].dtype == y[n].dtype and np.array_equal(x[n], y[n]) for n in x)
        for x, y in pairs
    ) and all(
        getattr(a, name) == getattr(b, name)
        for name in Case.__dataclass_fields__
        if name not in ("inputs", "outputs")
    )

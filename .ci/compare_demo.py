"""Compare what `spikeref demo --json` printed with the pinned digests.

Exit status 1 if they differ.

Usage: compare_demo.py GOLDEN GOT
"""

import json
import sys
from pathlib import Path


def main(golden_path: str, got_path: str) -> int:
    """Print one line for each digest that differs, or one line that all agree."""
    golden = json.loads(Path(golden_path).read_text(encoding="utf-8"))
    got = json.loads(Path(got_path).read_text(encoding="utf-8"))
    expected = {name: golden[name] for name in ("model_digest", "trace_digest")}
    found = {name: got[name] for name in expected}
    for engine in ("dense", "sync", "async"):
        expected[f"trace of {engine}"] = golden["trace_digest"]
        found[f"trace of {engine}"] = got["engines"][engine]
    differing = [name for name in expected if expected[name] != found[name]]
    for name in differing:
        print(f"DIFFERS: {name}: pinned {expected[name]}, got {found[name]}")
    if not differing:
        print(f"agrees: trace {got['trace_digest'][:16]}…, {got['seconds']} s")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

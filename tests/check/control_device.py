"""A device that knows the answers and uses them in a way that its first argument names.

Standard library only, run as a command: control_device.py KIND ANSWERS SUITE OUT LIST. ANSWERS is
the suite with its outputs, or a file that the kind needs.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

KIND, ANSWERS, SUITE, OUT = sys.argv[1], *map(Path, sys.argv[2:5])
IDS = Path(sys.argv[5]).read_text(encoding="ascii").splitlines()


def stated(identity: str) -> dict[str, str]:
    """Return the lines of a case's plain twin."""
    lines = (SUITE / "cases" / identity / "case.txt").read_text(encoding="ascii").splitlines()
    return dict(line.split("=", 1) for line in lines)


def put(identity: str, name: str, data: bytes) -> None:
    """Write a file of a case's output."""
    (OUT / identity).mkdir(exist_ok=True)
    (OUT / identity / name).write_bytes(data)


def right(identity: str, form: str = "bin") -> None:
    """Answer a case rightly."""
    lines = stated(identity)
    if lines["verdict"] == "reject":
        put(identity, "reject.txt", f"{lines['reject']}\n".encode())
    for path in sorted((ANSWERS / "cases" / identity).glob(f"out/*.{form}")):
        put(identity, path.name, path.read_bytes())


def widths(identity: str) -> dict[str, tuple[int, int]]:
    """Return bytes of one element and elements of every output."""
    found = {}
    for key, value in stated(identity).items():
        if key.startswith("output."):
            kind, shape, _ = value.split(":")
            elements = 1
            for size in filter(None, shape.split(",")):
                elements *= int(size)
            found[key.removeprefix("output.")] = (int(kind[1:]) // 8, elements)
    return found


def echo() -> None:
    """Give back the inputs, cut or lengthened to the size of each output."""
    for identity in IDS:
        given = sorted((SUITE / "cases" / identity / "in").glob("*.bin"))[0].read_bytes()
        for name, (width, elements) in widths(identity).items():
            put(identity, f"{name}.bin", (given * (width * elements))[: width * elements])
        if not widths(identity):
            put(identity, "y.bin", given)


def first_element_only() -> None:
    """Be right in the first element of each tensor, and 0 elsewhere."""
    for identity in IDS:
        right(identity)
        for name, (width, elements) in widths(identity).items():
            path = OUT / identity / f"{name}.bin"
            path.write_bytes(path.read_bytes()[:width].ljust(width * elements, b"\0"))


def last_element_wrong() -> None:
    """Be right, but for the last element of the last case."""
    for identity in IDS:
        right(identity)
    name = list(widths(IDS[-1]))[-1]
    path = OUT / IDS[-1] / f"{name}.bin"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def stale() -> None:
    """Compute the first case alone, and give its files for all."""
    right(IDS[0])
    for identity in IDS[1:]:
        shutil.copytree(OUT / IDS[0], OUT / identity)


def all_right(form: str = "bin") -> None:
    """Be right in every case."""
    for identity in IDS:
        right(identity, form)


def peeks() -> None:
    """Copy whatever outputs lie in the suite that it was given."""
    for identity in IDS:
        for path in (SUITE / "cases" / identity).rglob("out/*.bin"):
            put(identity, path.name, path.read_bytes())
    found = [str(path) for path in SUITE.rglob("*") if path.is_symlink() or "out" in path.parts]
    sys.stderr.write(f"found {found}\n")


def spoils() -> None:
    """Be right, and overwrite every input in the suite that it was given."""
    all_right()
    for path in SUITE.rglob("in/*.bin"):
        path.write_bytes(b"spoilt")


def hangs() -> None:
    """Be right, leave a child, and never end."""
    all_right()
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    ANSWERS.with_name("child.pid").write_text(str(child.pid))
    sys.stderr.write("waiting for the queue\n")
    sys.stderr.flush()
    time.sleep(600)


def leaves_child() -> None:
    """Be right, end, and leave a child that would go on."""
    all_right()
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    ANSWERS.with_name("child.pid").write_text(str(child.pid))


def complains() -> None:
    """Be right, say much, and end with a status."""
    all_right()
    sys.stdout.write("this goes nowhere\n")
    sys.stderr.write("x" * 100_000 + "\nassertion \x1b[31mfailed\x00 in lane 3\n")
    sys.exit(3)


def dies() -> None:
    """Answer the first case, then die by a signal."""
    right(IDS[0])
    os.kill(os.getpid(), signal.SIGKILL)


def surplus_case() -> None:
    """Be right, and answer what nobody asked."""
    all_right()
    put("bonus", "y.bin", b"")


def removes_folder() -> None:
    """Put a link in the place of its output folder."""
    shutil.rmtree(OUT)
    OUT.symlink_to(ANSWERS)


def in_both_forms() -> None:
    """Write .bin and .npy of every tensor, and in the last case let them differ."""
    for identity in IDS:
        right(identity)
        right(identity, "npy")
    path = sorted((OUT / IDS[-1]).glob("*.npy"))[-1]
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


KINDS = {
    "null": lambda: None,
    "echo": echo,
    "first-element-only": first_element_only,
    "last-element-wrong": last_element_wrong,
    "stale": stale,
    "right": all_right,
    "right-mem": lambda: all_right("mem"),
    "right-npy": lambda: all_right("npy"),
    "peeks": peeks,
    "spoils": spoils,
    "hangs": hangs,
    "leaves-child": leaves_child,
    "complains": complains,
    "dies": dies,
    "surplus-case": surplus_case,
    "removes-folder": removes_folder,
    "in-both-forms": in_both_forms,
}

if __name__ == "__main__":
    KINDS[KIND]()

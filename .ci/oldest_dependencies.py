"""Print the oldest release that each dependency of a pyproject.toml allows, as pip requirements.

Usage: oldest_dependencies.py pyproject.toml
"""

import sys
import tomllib
from pathlib import Path


def main(path: str) -> None:
    """Print `name==lower-bound` for each `name>=lower-bound`."""
    project = tomllib.loads(Path(path).read_text(encoding="utf-8"))["project"]
    pinned = []
    for requirement in project["dependencies"]:
        name, bound, version = requirement.partition(">=")
        if not bound or not version.replace(".", "").isdecimal():
            sys.exit(f"{path}: {requirement!r} is not name>=version")
        pinned.append(f"{name}=={version}")
    print(" ".join(pinned))


if __name__ == "__main__":
    main(*sys.argv[1:])

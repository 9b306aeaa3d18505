"""Print the entries of requirements.lock for the packages of one image, with their versions and hashes.

    python3 locked.py requirements.lock packages.txt > requirements.txt

It runs while an image is built, before any package is installed, so it needs nothing but Python. Exit code 1 names the
packages that the lock does not have.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

_ENTRY = re.compile(r"^([A-Za-z0-9._-]+)(\[[^\]]*\])?==")


def entries(lock: str) -> dict[str, str]:
    """Return the entry of each package: its requirement, and the lines of its hashes."""
    found: dict[str, str] = {}
    name = ""
    for line in lock.splitlines():
        if match := _ENTRY.match(line):
            name = match[1]
            found[name] = found.get(name, "") + line + "\n"
        elif line.startswith("    --hash="):
            found[name] += line + "\n"
    return found


def names(packages: str) -> Iterator[str]:
    """Yield the names of a list of packages; `#` begins a comment."""
    for line in packages.splitlines():
        if name := line.partition("#")[0].strip():
            yield name


def main(lock: Path, packages: Path) -> int:
    """Print the entries; return the exit code."""
    locked = entries(lock.read_text())
    wanted = list(names(packages.read_text()))
    if missing := [name for name in wanted if name not in locked]:
        sys.stderr.write(f"{lock.name} has no {', '.join(missing)}\n")
        return 1
    sys.stdout.write("".join(locked[name] for name in wanted))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))

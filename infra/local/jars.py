"""The jars that Maven fetches, pinned by hash: Maven itself compares them with the repository's own checksums alone.

The lock has the lines of `sha256sum`, with paths below the runtime folder. `make lock-jars` writes it from the jars
that are there: review its difference after a version has changed in a `pom.xml`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from hashlib import file_digest
from pathlib import Path

from infra.local.processes import StackError
from infra.local.settings import PROJECT, LocalSettings

LOCK = PROJECT / "infra" / "local" / "jars.sha256"
OURS = frozenset({"hourglass-objects.jar"})
"""Built here, beside the jars that it needs."""


def require_locked(folder: Path, lock: Path = LOCK) -> None:
    """Compare the jars of a folder with those that the lock has of a folder of its name.

    Raises:
        StackError: a jar is missing, is not locked or has another hash; with the names.
    """
    locked = {name: digest for name, digest in _read(lock) if name.startswith(f"{folder.name}/")}
    found = dict(_hashed([folder]))
    wrong = sorted(name for name in locked.keys() | found.keys() if locked.get(name) != found.get(name))
    if wrong:
        raise StackError(
            f"jars are not those of {lock.name}: {', '.join(wrong)}. Remove them from ~/.m2 and try again; after a "
            "change of versions run `make lock-jars`"
        )


def write_lock(folders: Iterable[Path], lock: Path = LOCK) -> None:
    """Write the lock of the jars of these folders."""
    lock.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(_hashed(folders))), encoding="utf-8")


def _hashed(folders: Iterable[Path]) -> Iterable[tuple[str, str]]:
    for folder in folders:
        for jar in folder.glob("*.jar"):
            if jar.name not in OURS:
                with jar.open("rb") as file:
                    yield f"{folder.name}/{jar.name}", file_digest(file, "sha256").hexdigest()


def _read(lock: Path) -> Iterable[tuple[str, str]]:
    for line in lock.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        yield name, digest


def main() -> None:
    """Write the lock of this checkout."""
    from infra.local.runtime import PROFILES  # noqa: PLC0415 - it imports this module

    runtime = LocalSettings().runtime_dir
    write_lock(runtime / name for name in (*PROFILES, "s3"))
    sys.stdout.write(f"wrote {LOCK}\n")


if __name__ == "__main__":
    main()

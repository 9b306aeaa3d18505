"""A distinct value for every secret setting of the project, and the places where such a value can turn up.

The settings are those of the catalogue, so a new secret is searched without a change here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from infra.local.settings import LocalSettings
from infra.reference.catalog import settings
from tests.integration.unpacking import unpacked

CANARIES: Mapping[str, str] = {
    one.variable: f"canary-of-{one.variable.removeprefix('HOURGLASS_').lower().replace('_', '-')}"
    for one in settings()
    if one.is_secret
}
"""By variable."""
OF_THE_STACK = {f"HOURGLASS_{name.upper()}": name for name in LocalSettings.model_fields}
NOT_OF_A_STACK = {
    "HOURGLASS_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": "a login by key instead of the password",
    "HOURGLASS_S3_SESSION_TOKEN": "its keys would have to be temporary ones",
    "HOURGLASS_MODE_DISCOVERY_TOKEN": "the local Mode serves no discovery",
    "HOURGLASS_MODE_DISCOVERY_ACCESS_KEY": "the local Mode serves no discovery",
    "HOURGLASS_MODE_DISCOVERY_ACCESS_SECRET": "the local Mode serves no discovery",
}
"""Secrets that a stack cannot be given, with the reason."""
SQLITE = b"SQLite format 3\x00"


def stack_secrets() -> dict[str, str]:
    """Return the fields of a stack's settings whose values are canaries: its servers are started with them."""
    return {OF_THE_STACK[variable]: value for variable, value in CANARIES.items() if variable in OF_THE_STACK}


def other_secrets() -> dict[str, str]:
    """Return the variables that the processes of a stack get beside those of its settings."""
    return {
        variable: f"http://127.0.0.1:1/{value}" if variable.endswith("_URL") else value
        for variable, value in CANARIES.items()
        if variable not in OF_THE_STACK and variable not in NOT_OF_A_STACK
    }


def found_in(content: bytes) -> set[str]:
    """Return the variables whose canaries are in a content."""
    # one search for all: most contents have none
    if b"canary-of-" not in content:
        return set()
    return {variable for variable, value in CANARIES.items() if value.encode() in content}


def file_contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Iterate over the files of a folder, decompressed; databases as the values of their rows."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(folder)), file_content(path)


def file_content(path: Path) -> bytes:
    """Return a file with everything that is packed in it; one that is gone by now is empty."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return b""
    if content.startswith(SQLITE):
        return content + rows_of_database(path)
    return b"\n".join(inner for _, inner in unpacked(path.name, content))


def rows_of_database(path: Path) -> bytes:
    """Return every value of an SQLite database: in its pages a long value is split."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as database:
        return "\n".join(database.iterdump()).encode()


def command_lines() -> Iterator[tuple[str, bytes]]:
    """Iterate over the command lines of all processes of this machine."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield str(path), path.read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue

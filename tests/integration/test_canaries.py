"""The search for secrets finds each of them, however a file packs it."""

from __future__ import annotations

import gzip
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import zstandard

from infra.reference.catalog import settings
from tests.integration.canaries import CANARIES, NOT_OF_A_STACK, file_contents, found_in


def test_every_secret_has_a_canary_that_the_search_finds(tmp_path: Path) -> None:
    """In a text, a compressed log, a landed object, a jar, and a long value of a database, whose pages split it."""
    assert {one.variable for one in settings() if one.is_secret} == set(CANARIES)
    assert set(NOT_OF_A_STACK) <= set(CANARIES), "no setting has this name any more"
    every = " ".join(CANARIES.values()).encode()
    (tmp_path / "text").write_bytes(every)
    (tmp_path / "log.gz").write_bytes(gzip.compress(every))
    (tmp_path / "part.jsonl.zst").write_bytes(zstandard.ZstdCompressor().compress(every))
    with zipfile.ZipFile(tmp_path / "packed.jar", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("settings", every)
    with closing(sqlite3.connect(tmp_path / "events.db")) as database, database:
        database.execute("CREATE TABLE events (event TEXT)")
        database.execute("INSERT INTO events VALUES (?)", (f"{'x' * 3990}{every.decode()}{'x' * 9000}",))
    found = {name: found_in(content) for name, content in file_contents(tmp_path)}
    assert {name: set(CANARIES) for name in ("text", "log.gz", "part.jsonl.zst", "packed.jar", "events.db")} == found

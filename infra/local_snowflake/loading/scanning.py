"""Read files of a stage into temporary relations with their METADATA$ columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from infra.local_snowflake.errors import FileRefusedError
from infra.local_snowflake.files.bucket import ObjectVanishedError, StoredObject
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.files.reading import OTHER_COLUMNS, ROW_NUMBER, FileRows, read_file
from infra.local_snowflake.files.unreadable import FileUnreadableError
from infra.local_snowflake.language.names import quote
from infra.local_snowflake.loading.errors import located
from infra.local_snowflake.objects.stages import Stages, stage_location
from infra.local_snowflake.objects.stored import Stage
from infra.local_snowflake.rewriting.stage_references import StageReference
from infra.local_snowflake.sessions import Session

_ROWS = "hourglass_rows_of_file"
_SCAN = "hourglass_scan_"


def metadata_sql(stored: StoredObject, now: datetime) -> str:
    """Return the METADATA$ columns of a file's rows, in DuckDB's dialect."""
    return (
        f"{_text(stored.key)} AS {quote('METADATA$FILENAME')}, {ROW_NUMBER} AS {quote('METADATA$FILE_ROW_NUMBER')}, "
        f"{_text(stored.etag)} AS {quote('METADATA$FILE_CONTENT_KEY')}, "
        f"{_time(stored.modified)} AS {quote('METADATA$FILE_LAST_MODIFIED')}, "
        f"CAST({_text(now.isoformat())} AS TIMESTAMPTZ) AS {quote('METADATA$START_SCAN_TIME')}"
    )


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _time(time: datetime) -> str:
    return f"CAST(CAST({_text(time.isoformat())} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP)"


@dataclass(frozen=True, slots=True)
class Scans:
    """Reads the files of stages for queries.

    Args:
        stages: of the files.
        now: returns the time.
        folder: of the copies that are being read: the engine reads no file outside of the server's folder.
    """

    stages: Stages
    now: Callable[[], datetime]
    folder: Path

    @contextmanager
    def copies(self, stage: Stage, files: Iterable[StoredObject]) -> Iterator[Iterator[tuple[StoredObject, Path]]]:
        """Copy files one after another to local ones; one that vanished since it was listed is left out."""
        bucket = stage_location(stage).bucket
        with TemporaryDirectory(prefix="stage-", dir=self.folder) as folder:
            target = Path(folder) / "object"

            def each() -> Iterator[tuple[StoredObject, Path]]:
                for stored in files:
                    try:
                        self.stages.storage.download(bucket, stored, target)
                    except ObjectVanishedError:
                        continue
                    yield stored, target

            yield each()

    def format_of(self, reference: StageReference, stage: Stage, session: Session) -> FileFormat:
        """Return the file format of a query: its own, or that of the stage."""
        options = stage.file_format if reference.file_format is None else reference.file_format
        form = self.stages.formats.resolve(options, session)
        form.require_readable()
        return form

    def relation(self, reference: StageReference, session: Session) -> str:
        """Read the files of a stage in FROM into a temporary table; return its quoted name.

        Raises:
            FileRefusedError: a file or a record cannot be read.
        """
        stage = self.stages.of(reference.path, session)
        form = self.format_of(reference, stage, session)
        files = self.stages.files(stage, reference.path.path, reference.pattern)
        cursor = session.duck
        name = f'"temp"."main".{quote(_SCAN + str(len(session.scans)))}'
        session.scans.append(name)
        created, now = False, self.now()
        with self.copies(stage, files) as copies:
            for stored, path in copies:
                rows = _read(cursor, path, stored, form, reference.width)
                columns = f"* EXCLUDE ({_NO_COLUMNS})"
                columns += f", {metadata_sql(stored, now)}" if reference.metadata else ""
                select = f"SELECT {columns} FROM {rows.table}"  # noqa: S608 - names of ours
                if created:
                    _widen(cursor, name, rows)
                    cursor.execute(f"INSERT INTO {name} BY NAME {select}")
                else:
                    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {select}")
                    created = True
        if not created:
            _create_empty(cursor, name, form, reference.width, now)
        return name

    def release(self, session: Session) -> None:
        """Drop the relations of the session's last query."""
        while session.scans:
            session.duck.execute(f"DROP TABLE IF EXISTS {session.scans.pop()}")


_NO_COLUMNS = f"{ROW_NUMBER}, {OTHER_COLUMNS}"


def _read(
    cursor: duckdb.DuckDBPyConnection, path: Path, stored: StoredObject, form: FileFormat, width: int
) -> FileRows:
    try:
        rows = read_file(cursor, path, form, _ROWS, width)
    except FileUnreadableError as exc:
        raise FileRefusedError(f"{exc.message}\n  File '{stored.key}'", exc.code) from exc
    if rows.first_error:
        raise located(rows.first_error, stored.key, _row_of_first_error(cursor, rows))
    return rows


def _row_of_first_error(cursor: duckdb.DuckDBPyConnection, rows: FileRows) -> int:
    found = cursor.execute(
        f"SELECT min({ROW_NUMBER}) FROM {rows.table} WHERE error IS NOT NULL"  # noqa: S608 - names of ours
    ).fetchone()
    return int(found[0]) if found else 1


def _widen(cursor: duckdb.DuckDBPyConnection, name: str, rows: FileRows) -> None:
    for number in range(1, rows.width + 1):
        cursor.execute(f'ALTER TABLE {name} ADD COLUMN IF NOT EXISTS "${number}" VARCHAR')


def _create_empty(cursor: duckdb.DuckDBPyConnection, name: str, form: FileFormat, width: int, now: datetime) -> None:
    first = "VARCHAR" if form.is_text else "JSON"
    columns = ", ".join(
        f'CAST(NULL AS {first if number == 1 else "VARCHAR"}) AS "${number}"' for number in range(1, width + 1)
    )
    none = StoredObject("", 0, "", now)
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {columns}, {metadata_sql(none, now)} "  # noqa: S608 - names of ours
        f"FROM (SELECT 1 AS {ROW_NUMBER}) WHERE FALSE"
    )

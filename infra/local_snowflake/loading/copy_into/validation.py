"""VALIDATION_MODE of COPY INTO: what would be loaded, or what could not be."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra.local_snowflake.answers import Answer
from infra.local_snowflake.errors import InvalidValueError
from infra.local_snowflake.files.bucket import StoredObject
from infra.local_snowflake.loading.copy_into.records import LoadedFile, TableColumn
from infra.local_snowflake.loading.errors import located

_ROWS = re.compile(r"RETURN_(\d+)_ROWS")
_COLUMNS = {
    "ERROR": "text",
    "FILE": "text",
    "LINE": "integer",
    "CHARACTER": "integer",
    "BYTE_OFFSET": "integer",
    "CATEGORY": "text",
    "CODE": "integer",
    "SQL_STATE": "text",
    "COLUMN_NAME": "text",
    "ROW_NUMBER": "integer",
    "ROW_START_LINE": "integer",
    "REJECTED_RECORD": "text",
}


def validated(mode: str, columns: tuple[TableColumn, ...], files: Iterator[tuple[StoredObject, LoadedFile]]) -> Answer:
    """Return the first rows, or the errors of all files.

    Raises:
        FileRefusedError: one of the first rows has an error.
        InvalidValueError: the mode is unknown.
    """
    if mode in {"RETURN_ERRORS", "RETURN_ALL_ERRORS"}:
        rows = [
            (
                found.error.message,
                stored.key,
                found.error.line,
                found.error.character,
                None,
                "parsing" if found.column == "$1" else "conversion",
                found.error.code,
                found.error.sqlstate,
                found.column or None,
                found.row,
                found.error.line,
                None,
            )
            for stored, loaded in files
            for found in loaded.bad
        ]
        return Answer(tuple(_COLUMNS), tuple(_COLUMNS.values()), tuple(rows))
    found_rows = _ROWS.fullmatch(mode)
    if not found_rows:
        raise InvalidValueError(f"SQL compilation error:\ninvalid value [{mode}] for parameter 'VALIDATION_MODE'")
    return _first_rows(int(found_rows[1]), columns, files)


def _first_rows(
    limit: int, columns: tuple[TableColumn, ...], files: Iterator[tuple[StoredObject, LoadedFile]]
) -> Answer:
    names = [column.name for column in columns]
    rows: list[tuple[str | None, ...]] = []
    for stored, loaded in files:
        if loaded.bad and loaded.bad[0].row <= limit - len(rows):
            first = loaded.bad[0]
            raise located(first.error, stored.key, first.row, first.column or "$1")
        records = loaded.rows.to_pylist() if loaded.rows is not None else []
        rows += [tuple(None if record.get(name) is None else str(record[name]) for name in names) for record in records]
        if len(rows) >= limit:
            break
    return Answer.of_text(names, rows[:limit])

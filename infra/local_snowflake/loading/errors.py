"""Errors of loading, with Snowflake's codes and texts."""

from __future__ import annotations

import re

from infra.local_snowflake.errors import FileRefusedError
from infra.local_snowflake.files.unreadable import RecordError
from infra.local_snowflake.meaning.functions import zoned

_QUOTED = re.compile(r"[\"'](.*?)[\"'](?: to | into |, expected|$|\s)", re.DOTALL)
_ADVICE = (
    "\n  If you would like to continue loading when an error is encountered, use other values such as 'SKIP_FILE' or "
    "'CONTINUE' for the ON_ERROR option. For more information on loading options, please run 'info loading_data' in a "
    "SQL client."
)


def located(error: RecordError, file: str, row: int, column: str = "$1", *, advice: bool = False) -> FileRefusedError:
    """Return the error of a record with its place in a file."""
    place = f"  File '{file}', line {error.line}, character {error.character}\n  Row {row}, column {column}"
    refused = FileRefusedError(f"{error.message}\n{place}{_ADVICE if advice else ''}", error.code)
    refused.sqlstate = error.sqlstate
    return refused


def conversion_error(failure: Exception, kind: str, value: str | None, line: int) -> RecordError:
    """Return the error of a value that is not of the type of its column.

    Args:
        failure: of DuckDB.
        kind: DuckDB's type of the column.
        value: as text; None if only the failure has it.
        line: of the record.
    """
    if value is None:
        found = _QUOTED.search(str(failure))
        value = found[1] if found else ""
    code, sqlstate, noun = _of_kind(kind)
    return RecordError(code, sqlstate, f"{noun} '{value}' is not recognized", line, 1)


def _of_kind(kind: str) -> tuple[int, str, str]:
    if kind.startswith("TIMESTAMP") or kind == zoned.TYPE:
        return 100_035, "22007", "Timestamp"
    return _KINDS.get(kind, (100_038, "22018", "Numeric value"))


_KINDS = {
    "DATE": (100_040, "22007", "Date"),
    "TIME": (100_108, "22007", "Time"),
    "BOOLEAN": (100_037, "22018", "Boolean value"),
    "BLOB": (100_115, "22000", "Binary value"),
    "JSON": (100_069, "22P02", "Variant value"),
    "VARCHAR": (100_071, "22000", "Text"),
}

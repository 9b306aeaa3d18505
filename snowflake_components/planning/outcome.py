"""Read the rows of a refresh: files that were registered, updated, unregistered, or failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from snowflake_components.errors import FilesNotRegisteredError


class FileStatus(StrEnum):
    """The status of one file in the rows of a refresh."""

    REGISTERED_NEW = "REGISTERED_NEW"
    REGISTERED_UPDATE = "REGISTERED_UPDATE"
    REGISTER_SKIPPED = "REGISTER_SKIPPED"
    REGISTER_FAILED = "REGISTER_FAILED"
    UNREGISTERED = "UNREGISTERED"
    UNREGISTER_FAILED = "UNREGISTER_FAILED"
    UNKNOWN = "UNKNOWN"


# an unknown status counts as a failure
_FAILED = frozenset({FileStatus.REGISTER_FAILED, FileStatus.UNREGISTER_FAILED, FileStatus.UNKNOWN})
_FILES_NAMED_MAX = 5


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that a refresh reported.

    Args:
        file: its path in the form of Snowflake.
        status: of the file.
        description: Snowflake's text, with the status if it is unknown.
    """

    file: str
    status: FileStatus
    description: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> FileChange:
        """Read a row with the columns file, status and description."""
        status = str(row.get("status", "")).upper()
        description = str(row.get("description") or "")
        if status not in FileStatus.__members__:
            return cls(str(row["file"]), FileStatus.UNKNOWN, f"status {status or 'missing'}: {description}")
        return cls(str(row["file"]), FileStatus(status), description)


def read_changes(rows: Sequence[Mapping[str, Any]]) -> list[FileChange]:
    """Read the rows of a refresh; rows without a file are skipped."""
    return [FileChange.from_row(row) for row in rows if row.get("file")]


def require_registered(changes: Sequence[FileChange], *, sql: str | None = None, query_id: str | None = None) -> None:
    """Raise `FilesNotRegisteredError` with the first failed files, if any file failed."""
    failed = [change for change in changes if change.status in _FAILED]
    if not failed:
        return
    named = "; ".join(f"{change.file}: {change.description or change.status}" for change in failed[:_FILES_NAMED_MAX])
    more = f" and {len(failed) - _FILES_NAMED_MAX} more" if len(failed) > _FILES_NAMED_MAX else ""
    raise FilesNotRegisteredError(
        f"{len(failed)} of {len(changes)} files were not registered: {named}{more}. "
        "Repair or remove the files, then materialize again.",
        sql=sql,
        query_id=query_id,
    )

"""Read the rows of a refresh: files that were registered, updated, unregistered, or failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
FILES_OF_DIRECTORY_MAX = 500
"""More new files of one directory than this are named in the advice of a run."""


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


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """One file that a load reported.

    Args:
        file: its path in the form of Snowflake.
        status: LOADED, PARTIALLY_LOADED, LOAD_FAILED or LOAD_SKIPPED.
        rows_parsed: rows of the file.
        rows_loaded: rows that are in the table now.
        first_error: Snowflake's text of the first error, empty without one.
    """

    file: str
    status: str
    rows_parsed: int
    rows_loaded: int
    first_error: str

    @property
    def is_known(self) -> bool:
        """Whether the file was loaded before, so that nothing of it was read now."""
        return self.status == "LOAD_SKIPPED"

    @property
    def rows_rejected(self) -> int:
        """Rows that were read and left out."""
        return 0 if self.is_known else self.rows_parsed - self.rows_loaded

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> LoadedFile:
        """Read a row of COPY INTO."""
        return cls(
            str(row["file"]),
            str(row.get("status") or "").upper().replace(" ", "_"),
            int(row.get("rows_parsed") or 0),
            int(row.get("rows_loaded") or 0),
            str(row.get("first_error") or ""),
        )


def read_loads(rows: Sequence[Mapping[str, Any]]) -> list[LoadedFile]:
    """Read the rows of COPY INTO; without a new file it has one row, which has no file."""
    return [LoadedFile.from_row(row) for row in rows if row.get("file")]


def read_changes(rows: Sequence[Mapping[str, Any]]) -> list[FileChange]:
    """Read the rows of a refresh; rows without a file are skipped."""
    return [FileChange.from_row(row) for row in rows if row.get("file")]


def advice_on(files: Iterable[str]) -> list[str]:
    """Return an advice for each directory with many files: a query opens each of them, and each is listed apart.

    Args:
        files: that a refresh registered or a load read.
    """
    counts = Counter(file.rpartition("/")[0] for file in files)
    return [
        f"{directory}/ has {count} new files: write fewer and larger ones (Snowflake recommends 16 to 256 MB "
        "for external tables, 100 to 250 MB for loads), or compact the directory"
        for directory, count in sorted(counts.items())
        if count > FILES_OF_DIRECTORY_MAX
    ]


def require_registered(changes: Sequence[FileChange], *, sql: str | None = None, query_id: str | None = None) -> None:
    """Raise `FilesNotRegisteredError` with the first failed files, if any file failed."""
    failed = [change for change in changes if change.status in _FAILED]
    if not failed:
        return
    named = "; ".join(
        f"{change.file}: {(change.description or change.status).rstrip('.')}" for change in failed[:_FILES_NAMED_MAX]
    )
    more = f" and {len(failed) - _FILES_NAMED_MAX} more" if len(failed) > _FILES_NAMED_MAX else ""
    raise FilesNotRegisteredError(
        f"{len(failed)} of {len(changes)} files were not registered: {named}{more}. "
        "Repair or remove the files, then materialize again.",
        sql=sql,
        query_id=query_id,
    )

"""The options of COPY INTO a table, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from infra.local_snowflake.errors import InvalidValueError, OptionRefusedError, ParameterUnknownError
from infra.local_snowflake.language.file_statements import CopyInto
from infra.local_snowflake.language.names import PartialName
from infra.local_snowflake.language.parsing.storage.copying import COPY_OPTIONS
from infra.local_snowflake.language.statements import Options, OptionValue

FILES_MAX = 1000
_SKIP_FILE = re.compile(r"SKIP_FILE(?:_(?P<number>\d+)(?P<percent>%?))?")
_METADATA = frozenset(
    {
        "METADATA$FILENAME",
        "METADATA$FILE_ROW_NUMBER",
        "METADATA$FILE_CONTENT_KEY",
        "METADATA$FILE_LAST_MODIFIED",
        "METADATA$START_SCAN_TIME",
    }
)
_MATCHES = {"NONE": None, "CASE_SENSITIVE": True, "CASE_INSENSITIVE": False}


def _refused(name: str, value: object) -> InvalidValueError:
    return InvalidValueError(f"SQL compilation error:\ninvalid value [{value}] for parameter '{name}'")


@dataclass(frozen=True, slots=True)
class OnError:
    """ON_ERROR: what a bad record does to its file and to the statement.

    Args:
        abort: the statement fails at the first error.
        skip_at: a file with so many errors is skipped; None never.
        skip_above_percent: a file with a greater share of errors is skipped.
    """

    abort: bool = False
    skip_at: int | None = None
    skip_above_percent: int | None = None

    @classmethod
    def of(cls, value: OptionValue) -> OnError:
        """Read the value of the option."""
        text = str(value).upper()
        if text == "ABORT_STATEMENT":
            return cls(abort=True)
        if text == "CONTINUE":
            return cls()
        found = _SKIP_FILE.fullmatch(text)
        if not found:
            raise _refused("ON_ERROR", value)
        number = int(found["number"] or 1)
        return cls(skip_above_percent=number) if found["percent"] else cls(skip_at=number)

    @property
    def errors_max(self) -> int | None:
        """The number of errors of a file after which no other one matters; None if all are counted."""
        return 1 if self.abort else self.skip_at

    def skips(self, errors: int, parsed: int) -> bool:
        """Return whether a file with errors is skipped."""
        if self.skip_at is not None:
            return errors >= self.skip_at
        share = self.skip_above_percent
        return share is not None and errors * 100 > share * max(parsed, 1)

    def limit(self, parsed: int) -> int:
        """Return the error_limit of a file."""
        if self.abort:
            return 1
        if self.skip_at is not None:
            return self.skip_at
        share = self.skip_above_percent
        return parsed if share is None else parsed * share // 100


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """The options of one COPY INTO.

    Args:
        match_case: of MATCH_BY_COLUMN_NAME: whether case counts; None if columns are matched by position.
        truncate: texts that are too long are cut, not refused.
    """

    on_error: OnError
    size_limit: int | None
    purge: bool
    return_failed_only: bool
    match_case: bool | None
    by_name: bool
    truncate: bool
    force: bool
    uncertain: bool

    @classmethod
    def of(cls, stage: Options, statement: CopyInto) -> CopyOptions:
        """Check the options of the stage and the statement; the statement's come first.

        Raises:
            InvalidValueError: one has an invalid value.
            OptionRefusedError: one excludes another.
        """
        given = dict(stage) | dict(statement.options)
        match = str(given.get("MATCH_BY_COLUMN_NAME", "NONE")).upper()
        if match not in _MATCHES:
            raise _refused("MATCH_BY_COLUMN_NAME", match)
        truncate = _boolean(given, "TRUNCATECOLUMNS") or not _boolean(given, "ENFORCE_LENGTH", default=True)
        options = cls(
            OnError.of(given.get("ON_ERROR", "ABORT_STATEMENT")),
            _size(given),
            _boolean(given, "PURGE"),
            _boolean(given, "RETURN_FAILED_ONLY"),
            _MATCHES[match],
            match != "NONE",
            truncate,
            _boolean(given, "FORCE"),
            _boolean(given, "LOAD_UNCERTAIN_FILES"),
        )
        options._require_consistent(statement)
        return options

    def _require_consistent(self, statement: CopyInto) -> None:
        if statement.files is not None and len(statement.files) > FILES_MAX:
            raise OptionRefusedError(f"SQL compilation error:\nFILES has more than {FILES_MAX} names.")
        if self.by_name and statement.transform:
            raise OptionRefusedError(
                "SQL compilation error:\nMATCH_BY_COLUMN_NAME is not supported for COPY with a transformation."
            )
        if statement.include_metadata and not self.by_name:
            raise OptionRefusedError("SQL compilation error:\nINCLUDE_METADATA needs MATCH_BY_COLUMN_NAME.")
        if unknown := set(statement.include_metadata.values()) - _METADATA:
            raise _refused("INCLUDE_METADATA", min(unknown))
        if statement.validation_mode and statement.transform:
            raise OptionRefusedError(
                "SQL compilation error:\nVALIDATION_MODE is not supported for COPY with a transformation."
            )


def require_copy_options(options: Options) -> None:
    """Raise an error if the COPY_OPTIONS of a stage are invalid."""
    if unknown := options.keys() - set(COPY_OPTIONS):
        raise ParameterUnknownError(f"SQL compilation error:\ninvalid parameter '{min(unknown)}'")
    CopyOptions.of(options, CopyInto(PartialName(("T",)), (), ""))


def _boolean(given: Mapping[str, OptionValue], name: str, *, default: bool = False) -> bool:
    value = str(given.get(name, default)).upper()
    if value not in {"TRUE", "FALSE"}:
        raise _refused(name, value)
    return value == "TRUE"


def _size(given: Mapping[str, OptionValue]) -> int | None:
    value = given.get("SIZE_LIMIT")
    if value is None or value == "NULL":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _refused("SIZE_LIMIT", value)
    return value or None

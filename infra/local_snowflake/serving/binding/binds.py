"""The values that clients bind to the placeholders of a statement."""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from infra.local_snowflake.errors import BindMissingError
from infra.local_snowflake.language.tokens import Edit, Kind, Token, apply, tokenize
from infra.local_snowflake.meaning.functions import zoned

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - TIMESTAMP_NTZ has no zone


@dataclass(frozen=True, slots=True)
class Binds:
    """The values of one request.

    Args:
        values: by position.
        named: by name, of clients that bind names.
        columns: of a batch: the texts of all rows by position, with their types.
    """

    values: tuple[Any, ...] = ()
    named: dict[str, Any] = field(default_factory=dict)
    columns: tuple[tuple[str, list[str | None]], ...] = ()

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The values of a batch, row by row."""
        columns = [[value_of(kind, text) for text in texts] for kind, texts in self.columns]
        return list(zip(*columns, strict=True))

    @property
    def count(self) -> int:
        """The number of positions."""
        return len(self.columns) or len(self.values)


def decoded(bindings: Mapping[str, Mapping[str, Any]] | None) -> Binds:
    """Return the values of a request: `{"1": {"type": "FIXED", "value": "10"}}`, where a batch has a list of values."""
    if not bindings:
        return Binds()
    if not all(name.isdigit() for name in bindings):
        return Binds(named={name: value_of(bound["type"], bound["value"]) for name, bound in bindings.items()})
    ordered = [bindings[str(position)] for position in range(1, len(bindings) + 1)]
    if any(isinstance(bound["value"], list) for bound in ordered):
        return Binds(columns=tuple((bound["type"].upper(), bound["value"]) for bound in ordered))
    return Binds(values=tuple(value_of(bound["type"], bound["value"]) for bound in ordered))


def value_of(kind: str, text: str | None) -> Any:
    """Return a bound value; an unknown type is text."""
    if text is None:
        return None
    read = _READERS.get(kind.upper())
    return read(text) if read else text


def marks(sql: str) -> list[Token]:
    """Return the question marks of a statement that are placeholders."""
    return [token for token in tokenize(sql) if token.kind is Kind.SYMBOL and token.text == "?"] if "?" in sql else []


def require_all(sql: str, binds: Binds) -> None:
    """Refuse a statement with more question marks than values.

    Raises:
        BindMissingError: with the position of the first that has no value.
    """
    found = marks(sql)
    if len(found) > binds.count:
        start = found[binds.count].start
        line = sql.count("\n", 0, start) + 1
        position = start - (sql.rfind("\n", 0, start) + 1)
        raise BindMissingError(
            f"SQL compilation error: error line {line} at position {position}\nBind variable ? not set."
        )


def with_spaced_marks(sql: str) -> str:
    """Return the statement with a blank after each placeholder: `?::` is one token for sqlglot."""
    return apply(sql, [Edit(mark.end, mark.end, " ") for mark in marks(sql)])


def values_of(sql: str, binds: Binds) -> tuple[Any, ...] | dict[str, Any] | None:
    """Return the values for the placeholders of a statement; those that are left over are not read."""
    if binds.named:
        return binds.named
    count = len(marks(sql))
    return (binds.values[:count] if count else binds.values) or None


def _fixed(text: str) -> int | Decimal:
    return int(text) if text.lstrip("+-").isdigit() else Decimal(text)


def _date(text: str) -> date:
    return (_EPOCH + timedelta(milliseconds=int(text))).date()


def _time(text: str) -> time:
    return (_EPOCH + timedelta(microseconds=int(text) // 1000)).time()


def _without_zone(text: str) -> datetime:
    return _EPOCH + timedelta(microseconds=int(text) // 1000)


def _instant(text: str) -> datetime:
    return _without_zone(text.partition(" ")[0]).replace(tzinfo=UTC)


def moment_and_code(text: str) -> tuple[int, int]:
    """Return microseconds since 1970 and the code of the offset of a bound TIMESTAMP_TZ."""
    nanoseconds, _, code = text.partition(" ")
    return int(nanoseconds) // 1000, int(code or zoned.OFFSET_OF_UTC)


def _with_zone(text: str) -> duckdb.Value:
    return duckdb.Value(zoned.literal(*moment_and_code(text)), duckdb.sqltype(zoned.TYPE))


_READERS: dict[str, Callable[[str], Any]] = {
    "FIXED": _fixed,
    "REAL": float,
    "BOOLEAN": lambda text: text.lower() == "true",
    "DATE": _date,
    "TIME": _time,
    "TIMESTAMP_NTZ": _without_zone,
    "TIMESTAMP_LTZ": _instant,
    "TIMESTAMP_TZ": _with_zone,
    "BINARY": unhexlify,
}

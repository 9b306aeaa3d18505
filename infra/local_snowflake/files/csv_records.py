"""Split a text into records and fields, by the options of a CSV file format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.files.unreadable import RecordError

_NOT_UTF8 = re.compile("[\udc80-\udcff]+")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0"}


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """The fields of one record, or its error.

    Args:
        fields: None is NULL.
        line: of its start in the file, from 1.
    """

    fields: tuple[str | None, ...]
    line: int
    error: RecordError | None = None


@dataclass(frozen=True, slots=True)
class CsvReader:
    """Reads texts of one file format."""

    form: FileFormat

    def records(self, text: str) -> Iterator[CsvRecord]:
        """Yield the records after the header."""
        skipped = 1 if self.form["PARSE_HEADER"] else self.form["SKIP_HEADER"]
        for number, (line, record) in enumerate(self._records(text)):
            if number >= skipped and not (self.form["SKIP_BLANK_LINES"] and not record.strip()):
                yield self._record(record, line)

    def header(self, text: str) -> tuple[str, ...]:
        """Return the fields of the first record."""
        first = next(self._records(text), None)
        return tuple(field or "" for field in self._record(first[1], 1).fields) if first else ()

    def _records(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield the line number and the text of every record; an enclosed field may hold the delimiter."""
        delimiter, quote = self.form["RECORD_DELIMITER"], self.form["FIELD_OPTIONALLY_ENCLOSED_BY"]
        if delimiter is None:
            pieces = [text] if text else []
        else:
            if delimiter == "\n":
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            pieces = text.split(delimiter)
            if pieces[-1] == "":
                pieces.pop()
        line, start, held = 1, 1, None
        for piece in pieces:
            record = piece if held is None else held + (delimiter or "") + piece
            start = line if held is None else start
            line += piece.count("\n") + (delimiter or "").count("\n")
            if self.form["MULTI_LINE"] and quote and quote in record and self._is_open(record, quote):
                held = record
                continue
            held = None
            yield start, record
        if held is not None:
            yield start, held

    def _is_open(self, record: str, quote: str) -> bool:
        """Return whether the last field of a record begins with a quote that is not closed."""
        delimiter, position = self.form["FIELD_DELIMITER"], 0
        while True:
            start = self._after_blank(record, position)
            if record[start : start + 1] == quote:
                _, position, closed = self._enclosed(record, start + 1, quote)
                if not closed:
                    return True
            position = record.find(delimiter, position) if delimiter else -1
            if position < 0:
                return False
            position += len(delimiter)

    def _after_blank(self, record: str, position: int) -> int:
        while self.form["TRIM_SPACE"] and record[position : position + 1] in {" ", "\t"}:
            position += 1
        return position

    def _record(self, record: str, line: int) -> CsvRecord:
        if not record.isascii() and (found := _NOT_UTF8.search(record)):
            shown = found[0].encode("utf-8", "surrogateescape").hex().upper()
            message = f"Invalid UTF8 detected in string '0x{shown}'"
            return CsvRecord((), line, RecordError(100_144, "22000", message, line, found.start() + 1))
        delimiter, quote = self.form["FIELD_DELIMITER"], self.form["FIELD_OPTIONALLY_ENCLOSED_BY"]
        if quote and quote in record:
            return self._quoted_record(record, line, delimiter, quote)
        escape = self.form["ESCAPE"] or self.form["ESCAPE_UNENCLOSED_FIELD"]
        if escape and escape in record:
            return CsvRecord(tuple(map(self._plain, _split_escaped(record, delimiter, escape))), line)
        return CsvRecord(tuple(map(self._plain, record.split(delimiter) if delimiter else [record])), line)

    def _quoted_record(self, record: str, line: int, delimiter: str | None, quote: str) -> CsvRecord:
        fields: list[str | None] = []
        position = 0
        while True:
            start = self._after_blank(record, position)
            if record[start : start + 1] == quote:
                value, position, _ = self._enclosed(record, start + 1, quote)
                position = self._after_blank(record, position)
                fields.append(None if value in self.form["NULL_IF"] else value)
            else:
                end = record.find(delimiter, position) if delimiter else -1
                end = len(record) if end < 0 else end
                fields.append(self._plain(record[position:end]))
                position = end
            if position >= len(record):
                return CsvRecord(tuple(fields), line)
            if not delimiter or not record.startswith(delimiter, position):
                message = f"Found character '{record[position]}' instead of field delimiter '{delimiter}'"
                return CsvRecord((), line, RecordError(100_016, "22000", message, line, position + 1))
            position += len(delimiter)

    def _enclosed(self, record: str, position: int, quote: str) -> tuple[str, int, bool]:
        """Read an enclosed field; return it, the position after its closing quote, and whether there is one."""
        escape, parts = self.form["ESCAPE"], []
        while position < len(record):
            character = record[position]
            following = record[position + 1 : position + 2]
            if escape and character == escape and following:
                parts.append(_ESCAPES.get(following, following) if escape == "\\" else following)
                position += 2
            elif character == quote and following == quote:
                parts.append(quote)
                position += 2
            elif character == quote:
                return "".join(parts), position + 1, True
            else:
                parts.append(character)
                position += 1
        return "".join(parts), position, False

    def _plain(self, field: str) -> str | None:
        if self.form["TRIM_SPACE"]:
            field = field.strip()
        if field == "" and self.form["EMPTY_FIELD_AS_NULL"]:
            return None
        return None if field in self.form["NULL_IF"] else field


def _split_escaped(record: str, delimiter: str | None, escape: str) -> list[str]:
    fields, part, position = [], "", 0
    while position < len(record):
        if record[position] == escape and position + 1 < len(record):
            following = record[position + 1]
            if escape == "\\" and following == "N":
                part += "\\N"
            else:
                part += _ESCAPES.get(following, following) if escape == "\\" else following
            position += 2
        elif delimiter and record.startswith(delimiter, position):
            fields.append(part)
            part, position = "", position + len(delimiter)
        else:
            part += record[position]
            position += 1
    return [*fields, part]

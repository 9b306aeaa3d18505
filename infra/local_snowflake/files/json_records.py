"""Split a text into JSON documents: one or many a line, or one over several lines.

A document that cannot be parsed is a record with an error; parsing goes on at the next line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json.decoder import JSONDecodeError
from typing import Any, TypeAlias

from infra.local_snowflake.files.duplicates import DuplicateKeyError, last_values, refuse_twice
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.files.unreadable import RecordError

DOCUMENT_BYTES_MAX = 16 * 1024 * 1024
"""Longest VARIANT."""
BYTE_ORDER_MARK = "\ufeff"
_BLANK = re.compile(r"[ \t\r\n]*")
_NOT_UTF8 = re.compile("[\udc80-\udcff]+")


JsonRecord: TypeAlias = tuple[str | None, RecordError | None]
"""One document as its text, or the error that took its place."""


def _no_constant(name: str) -> Any:
    raise ValueError(f"unexpected {name}")


_STRICT = json.JSONDecoder(object_pairs_hook=refuse_twice, parse_constant=_no_constant)
_LENIENT = json.JSONDecoder(parse_constant=_no_constant)


def decoded(data: bytes, form: FileFormat) -> str:
    """Decode the content of a file; bytes that are not UTF-8 are replaced, or kept as lone surrogates."""
    replaced = form.get("REPLACE_INVALID_CHARACTERS") or form.get("IGNORE_UTF8_ERRORS")
    text = data.decode(form.encoding, "replace" if replaced else "surrogateescape")
    return text.removeprefix(BYTE_ORDER_MARK) if form.get("SKIP_BYTE_ORDER_MARK") else text


def json_records(text: str, form: FileFormat) -> Iterator[JsonRecord]:
    """Yield the documents of a text, in order."""
    decoder = _LENIENT if form["ALLOW_DUPLICATE"] else _STRICT
    strip, changed, length = form["STRIP_OUTER_ARRAY"], _changes_values(form), len(text)
    single_line = not form["MULTI_LINE"]
    position = _after_blank(text, 0)
    while position < length:
        if strip and text[position] == "[":
            records, position = _elements(text, position, decoder)
        else:
            record, position = _document(text, position, decoder)
            records = [record]
        if single_line:
            records = [_on_one_line(text, record, position) for record in records]
        yield from [_settled(record, form) for record in records] if changed else records
        position = _after_blank(text, position)


def _on_one_line(text: str, record: JsonRecord, end: int) -> JsonRecord:
    """Return an error for a document with a line break, with MULTI_LINE = FALSE."""
    if record[0] is None or "\n" not in record[0]:
        return record
    return None, _located(text, end - len(record[0]), 100_069, "22P02", "Error parsing JSON: misplaced line break")


def _changes_values(form: FileFormat) -> bool:
    options = ("ALLOW_DUPLICATE", "STRIP_NULL_VALUES", "TRIM_SPACE", "NULL_IF")
    return any(form[option] for option in options)


def _after_blank(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    return found.end() if found else position


def _document(text: str, position: int, decoder: json.JSONDecoder) -> tuple[JsonRecord, int]:
    try:
        _, end = decoder.raw_decode(text, position)
    except (ValueError, RecursionError) as exc:
        following = text.find("\n", position)
        return (None, _error(text, position, exc)), len(text) if following < 0 else following + 1
    return _checked(text, position, end), end


def _checked(text: str, start: int, end: int) -> JsonRecord:
    document = text[start:end]
    if not document.isascii():
        if found := _NOT_UTF8.search(document):
            shown = found[0].encode("utf-8", "surrogateescape").hex().upper()
            message = f"Invalid UTF8 detected in string '0x{shown}'"
            return (None, _located(text, start + found.start(), 100_144, "22000", message))
        if (
            len(document) * 3 > DOCUMENT_BYTES_MAX
            and len(document.encode("utf-8", "surrogatepass")) > DOCUMENT_BYTES_MAX
        ):
            return None, _too_large(text, start)
    elif len(document) > DOCUMENT_BYTES_MAX:
        return None, _too_large(text, start)
    return document, None


def _too_large(text: str, start: int) -> RecordError:
    message = f"Error parsing JSON: document is too large, max size {DOCUMENT_BYTES_MAX} bytes"
    return _located(text, start, 100_069, "22P02", message)


def _elements(text: str, position: int, decoder: json.JSONDecoder) -> tuple[list[JsonRecord], int]:
    """Return the elements of an array as records; after an error the rest of its line is skipped."""
    records: list[JsonRecord] = []
    position = _after_blank(text, position + 1)
    if text[position : position + 1] == "]":
        return records, position + 1
    while True:
        record, position = _document(text, position, decoder)
        records.append(record)
        if record[1] and record[1].code != _UTF8_CODE:
            return records, position
        position = _after_blank(text, position)
        mark = text[position : position + 1]
        if mark == "]":
            return records, position + 1
        if mark != ",":
            found = _error(text, position, JSONDecodeError("Expecting ',' delimiter", text, position))
            following = text.find("\n", position)
            return [*records, (None, found)], len(text) if following < 0 else following + 1
        position = _after_blank(text, position + 1)


_UTF8_CODE = 100_144


def _error(text: str, start: int, exc: Exception) -> RecordError:
    if isinstance(exc, DuplicateKeyError):
        return _located(text, start, 100_069, "22P02", f"Error parsing JSON: duplicate object attribute {exc}")
    if isinstance(exc, JSONDecodeError):
        if _NOT_UTF8.match(text, exc.pos):
            return _located(text, exc.pos, _UTF8_CODE, "22000", "Invalid UTF8 detected in string")
        ended = exc.pos >= len(text.rstrip())
        reason = "incomplete object value" if ended else f"{exc.msg[0].lower()}{exc.msg[1:]}"
        return _located(text, min(exc.pos, len(text)), 100_069, "22P02", f"Error parsing JSON: {reason}")
    reason = "nested too deeply" if isinstance(exc, RecursionError) else str(exc)
    return _located(text, start, 100_069, "22P02", f"Error parsing JSON: {reason}")


def _located(text: str, position: int, code: int, sqlstate: str, message: str) -> RecordError:
    line = text.count("\n", 0, position) + 1
    character = position - text.rfind("\n", 0, position)
    return RecordError(code, sqlstate, message, line, character)


def _settled(record: JsonRecord, form: FileFormat) -> JsonRecord:
    """Apply the options that change the value of a document."""
    text = record[0]
    if text is None:
        return record
    if form["ALLOW_DUPLICATE"]:
        text = last_values(text)
    nulls = form["NULL_IF"]
    if form["STRIP_NULL_VALUES"] or form["TRIM_SPACE"] or nulls:
        value = _stripped(json.loads(text), form, frozenset(nulls))
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text, None


def _stripped(value: Any, form: FileFormat, nulls: frozenset[str]) -> Any:
    strip = form["STRIP_NULL_VALUES"]
    if isinstance(value, dict):
        members = {key: _stripped(member, form, nulls) for key, member in value.items()}
        return {key: member for key, member in members.items() if not (strip and member is None)}
    if isinstance(value, list):
        elements = [_stripped(element, form, nulls) for element in value]
        return [element for element in elements if not (strip and element is None)]
    if isinstance(value, str):
        value = value.strip() if form["TRIM_SPACE"] else value
        return None if value in nulls else value
    return value

"""The rows of one file, as the file format of the documentation gives them."""

from __future__ import annotations

import bz2
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped] # it ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped] # it ships no types
import pytest
import zstandard

from infra.local_snowflake.errors import (
    InvalidValueError,
    NotSupportedError,
    OptionRefusedError,
    ParameterUnknownError,
    StatementRefusedError,
)
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.files.reading import read_file, value_sql
from infra.local_snowflake.files.unreadable import FileUnreadableError


class Reading:
    """Reads bytes by a file format."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, path: Path) -> None:
        self.cursor = cursor
        self.path = path

    def rows(self, data: bytes, **options: Any) -> list[tuple[Any, ...]]:
        """Return the `$` columns of every record, or the error of it."""
        self.path.write_bytes(data)
        found = read_file(self.cursor, self.path, FileFormat.of(options), "rows")
        columns = ", ".join(f'"${number}"' for number in range(1, found.width + 1))
        sql = f"SELECT error, error_line, {columns} FROM {found.table} ORDER BY row_number"  # noqa: S608 - names of ours
        read = self.cursor.execute(sql)
        return [(row[0], row[1]) if row[0] else row[2:] for row in read.fetchall()]

    def values(self, data: bytes, **options: Any) -> list[str]:
        """Return every record as one VARIANT."""
        self.path.write_bytes(data)
        form = FileFormat.of(options)
        found = read_file(self.cursor, self.path, form, "rows")
        sql = f"SELECT {value_sql(found, form)} FROM {found.table}"  # noqa: S608 - names of ours
        return [row[0] for row in self.cursor.execute(sql).fetchall()]


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    with duckdb.connect() as connection:
        yield Reading(connection, tmp_path / "object")


def test_a_document_may_extend_over_several_lines(reading: Reading) -> None:
    assert [('{"a":\n1}',), ('{"a":2}',)] == reading.rows(b'{"a":\n1}\n{"a":2}', TYPE="JSON")


def test_without_multi_line_a_document_ends_with_its_line(reading: Reading) -> None:
    first, second = reading.rows(b'{"a":1}\n{"a":\n2}', TYPE="JSON", MULTI_LINE=False)
    assert first == ('{"a":1}',)
    assert second == ("Error parsing JSON: misplaced line break", 2)


def test_strip_outer_array_makes_a_row_of_each_element(reading: Reading) -> None:
    data = b'[\n {"a":1},\n {"a":[2]}\n]\n'
    assert [('{"a":1}',), ('{"a":[2]}',)] == reading.rows(data, TYPE="JSON", STRIP_OUTER_ARRAY=True)


def test_without_strip_outer_array_an_array_is_one_row(reading: Reading) -> None:
    assert [("[1,2]",)] == reading.rows(b"[1,2]", TYPE="JSON")


def test_strip_null_values_removes_members_and_elements(reading: Reading) -> None:
    data = b'{"a":null,"b":{"c":null},"d":[null,1]}'
    assert [('{"b":{},"d":[1]}',)] == reading.rows(data, TYPE="JSON", STRIP_NULL_VALUES=True)


def test_a_bad_document_is_a_row_with_its_error_and_the_next_line_is_read(reading: Reading) -> None:
    data = b'{"a":1}\nnot json\n{"a":3}\n'
    first, bad, last = reading.rows(data, TYPE="JSON")
    assert (('{"a":1}',), ('{"a":3}',)) == (first, last)
    assert bad == ("Error parsing JSON: expecting value", 2)


def test_a_key_twice_is_an_error_unless_allowed(reading: Reading) -> None:
    data = b'{"a":1,"a":2}'
    assert [('Error parsing JSON: duplicate object attribute "a"', 1)] == reading.rows(data, TYPE="JSON")
    assert [('{"a": 2}',)] == reading.rows(data, TYPE="JSON", ALLOW_DUPLICATE=True)


@pytest.mark.parametrize("option", ["REPLACE_INVALID_CHARACTERS", "IGNORE_UTF8_ERRORS"])
def test_invalid_utf8_is_replaced_only_if_wanted(reading: Reading, option: str) -> None:
    data = b'{"a":"\xff"}'
    assert [("Invalid UTF8 detected in string '0xFF'", 1)] == reading.rows(data, TYPE="JSON")
    assert [('{"a":"\ufffd"}',)] == reading.rows(data, TYPE="JSON", **{option: True})


def test_a_byte_order_mark_is_skipped_by_default(reading: Reading) -> None:
    data = b'\xef\xbb\xbf{"a":1}'
    assert [('{"a":1}',)] == reading.rows(data, TYPE="JSON")
    assert reading.rows(data, TYPE="JSON", SKIP_BYTE_ORDER_MARK=False)[0][1] == 1


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("GZIP", gzip.compress),
        ("ZSTD", zstandard.compress),
        ("BZ2", bz2.compress),
        ("DEFLATE", zlib.compress),
        ("NONE", bytes),
    ],
)
def test_compression_is_detected_or_given(reading: Reading, name: str, pack: Any) -> None:
    data = pack(b'{"a":1}\n')
    assert [('{"a":1}',)] == reading.rows(data, TYPE="JSON")
    assert [('{"a":1}',)] == reading.rows(data, TYPE="JSON", COMPRESSION=name)


def test_another_compression_than_given_is_unreadable(reading: Reading) -> None:
    with pytest.raises(FileUnreadableError, match="not valid GZIP"):
        reading.rows(b'{"a":1}\n', TYPE="JSON", COMPRESSION="GZIP")


def test_csv_fields_are_numbered(reading: Reading) -> None:
    assert [("1", "x"), ("2", None)] == reading.rows(b"1,x\n2,\n")
    assert ['{"c1":"1","c2":"x"}', '{"c1":"2"}'] == reading.values(b"1,x\n2,\n")


def test_an_enclosed_field_may_hold_delimiters_line_breaks_and_quotes(reading: Reading) -> None:
    data = b'a,"1,2"\r\nb,"x\ny"\r\nc,"say ""hi"""\r\nd,in"ches\r\n'
    expected = [("a", "1,2"), ("b", "x\ny"), ("c", 'say "hi"'), ("d", 'in"ches')]
    assert expected == reading.rows(data, FIELD_OPTIONALLY_ENCLOSED_BY='"')


def test_text_after_a_closing_quote_is_an_error(reading: Reading) -> None:
    expected = [("Found character 'y' instead of field delimiter ','", 1), ("1",)]
    rows = reading.rows(b'"x"y\n1\n', FIELD_OPTIONALLY_ENCLOSED_BY='"')
    assert expected == rows


def test_csv_header_is_skipped_or_names_the_fields(reading: Reading) -> None:
    assert [("1", "x")] == reading.rows(b"id,name\n1,x\n", SKIP_HEADER=1)
    assert [("1", "x")] == reading.rows(b"id,name\n1,x\n", PARSE_HEADER=True)


def test_null_if_empty_fields_and_spaces(reading: Reading) -> None:
    assert [(None, " b "), ("", "NA")] == reading.rows(b"\\N, b \n,NA\n", EMPTY_FIELD_AS_NULL=False)
    assert [(None, "b"), (None, None)] == reading.rows(b"\\N, b \n,NA\n", NULL_IF=("\\N", "NA"), TRIM_SPACE=True)


def test_an_escaped_delimiter_belongs_to_the_field(reading: Reading) -> None:
    assert [("a|b", "c")] == reading.rows(b"a\\|b|c\n", FIELD_DELIMITER="|")


def test_blank_lines_are_rows_unless_skipped(reading: Reading) -> None:
    assert [("1",), (None,), ("2",)] == reading.rows(b"1\n\n2\n")
    assert [("1",), ("2",)] == reading.rows(b"1\n\n2\n", SKIP_BLANK_LINES=True)


def test_another_encoding_is_decoded(reading: Reading) -> None:
    assert [("\u00e9",)] == reading.rows("\u00e9\n".encode("cp1252"), ENCODING="WINDOWS1252")


def test_a_row_of_parquet_is_one_object(reading: Reading) -> None:
    body = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{"id": 1, "na'me": 'x"'}, {"id": 2, "na'me": None}]), body)
    assert [('{"id":1,"na\'me":"x\\""}',), ('{"id":2}',)] == reading.rows(body.getvalue(), TYPE="PARQUET")


def test_another_file_is_no_parquet_file(reading: Reading) -> None:
    with pytest.raises(FileUnreadableError):
        reading.rows(b"id\n1\n", TYPE="PARQUET")


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ({"TYPE": "YAML"}, InvalidValueError),
        ({"TYPE": "CSV", "STRIP_OUTER_ARRAY": True}, ParameterUnknownError),
        ({"TYPE": "JSON", "FIELD_DELIMITER": ","}, ParameterUnknownError),
        ({"TYPE": "JSON", "COMPRESSION": "RAR"}, InvalidValueError),
        ({"SKIP_HEADER": "one"}, InvalidValueError),
        ({"FIELD_OPTIONALLY_ENCLOSED_BY": "x"}, InvalidValueError),
        ({"ENCODING": "EBCDIC-NO"}, InvalidValueError),
        ({"PARSE_HEADER": True, "SKIP_HEADER": 1}, OptionRefusedError),
    ],
)
def test_an_invalid_option_is_refused(options: dict[str, Any], refusal: type[StatementRefusedError]) -> None:
    with pytest.raises(refusal):
        FileFormat.of(options)


@pytest.mark.parametrize("kind", ["AVRO", "ORC", "XML"])
def test_a_format_that_cannot_be_read_is_refused_when_it_is_read(reading: Reading, kind: str) -> None:
    with pytest.raises(NotSupportedError, match=kind):
        reading.rows(b"", TYPE=kind)

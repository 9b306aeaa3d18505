# ruff: noqa: DTZ001 - TIMESTAMP_NTZ has no zone
"""Dates and times: formats, conversions, arithmetic."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from infra.local_snowflake.meaning.functions.format_models import parse, to_char


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("yyyy-mm-dd hh24:mi:ss", "2025-08-01 15:04:05"),
        ("Mon DD, YYYY HH12:MI AM", "Aug 01, 2025 03:04 PM"),
        ("DY MMMM YY", "Fri August 25"),
        ("HH24:MI:SS.FF3", "15:04:05.678"),
        ("FF", "678900000"),
        ('YYYY"T"MM', "2025T08"),
        ("HH24:MIUTC", "15:04UTC"),
        ("TZH:TZM", "+00:00"),
    ],
)
def test_a_format_model_prints(model: str, text: str) -> None:
    """Upper and lower case mean the same; what is no element is printed as it is."""
    assert text == to_char("2025-08-01 15:04:05.678900", model)


@pytest.mark.parametrize(
    ("text", "model", "value"),
    [
        ("01-AUG-2025", "DD-MON-YYYY", datetime(2025, 8, 1)),
        ("20250801T030405", 'YYYYMMDD"T"HH24MISS', datetime(2025, 8, 1, 3, 4, 5)),
        ("3:04 pm", "HH12:MI AM", datetime(1970, 1, 1, 15, 4)),
        ("2025-08-01T12:00:00+05:30", "AUTO", datetime(2025, 8, 1, 12)),
        ("08/01/2025 03:04:05", "AUTO", datetime(2025, 8, 1, 3, 4, 5)),
        ("Fri, 01 Aug 2025 03:04:05 +0000", "AUTO", datetime(2025, 8, 1, 3, 4, 5)),
        ("1754017200", "AUTO", datetime(2025, 8, 1, 3)),
        ("1754017200000", "AUTO", datetime(2025, 8, 1, 3)),
        ("1754017200000000", "AUTO", datetime(2025, 8, 1, 3)),
    ],
)
def test_a_text_is_parsed(text: str, model: str, value: datetime) -> None:
    """With a model, or detected; whole numbers are seconds, milliseconds or microseconds by their size."""
    assert value == parse(text, model, "TIMESTAMP")


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("'2025-08-01 03:00:00'::timestamp_ntz::varchar", "2025-08-01 03:00:00.000"),
        ("'2025-08-01'::date::varchar", "2025-08-01"),
        ("TO_VARCHAR('2025-08-01'::date, 'yyyymmdd')", "20250801"),
        ("TO_TIMESTAMP(1754017200)", datetime(2025, 8, 1, 3)),
        ("TO_TIMESTAMP(1754017200123, 3)", datetime(2025, 8, 1, 3, 0, 0, 123000)),
        ("TO_TIMESTAMP('1754017200000')", datetime(2025, 8, 1, 3)),
        ("TRY_TO_TIMESTAMP('x')", None),
        ("TRY_TO_DATE('x', 'YYYY')", None),
        ("TO_TIME('3:04 PM', 'HH12:MI AM')", time(15, 4)),
        ("TO_DATE('08/01/2025')", date(2025, 8, 1)),
        ("TO_TIMESTAMP_TZ('2025-08-01 12:00:00 +0530')", datetime(2025, 8, 1, 6, 30, tzinfo=UTC)),
        ("DATE_TRUNC('week', '2025-08-03'::date)", date(2025, 7, 28)),
        ("DATE_TRUNC('hour', '2025-08-01 03:59:59'::timestamp)", datetime(2025, 8, 1, 3)),
        ("TRUNC('2025-08-17'::date, 'MONTH')", date(2025, 8, 1)),
        ("DATEADD(month, 1, '2025-01-31'::date)", date(2025, 2, 28)),
        ("DATEADD(hour, 1, '2025-08-01'::date)", datetime(2025, 8, 1, 1)),
        ("DATEADD(ns, 1000, '2025-08-01'::timestamp)", datetime(2025, 8, 1, 0, 0, 0, 1)),
        ("ADD_MONTHS('2025-01-31'::date, 1)", date(2025, 2, 28)),
        ("DATEDIFF(week, '2025-08-03'::date, '2025-08-04'::date)", 1),
        ("DATEDIFF(day, '2025-08-01', '2025-08-03')", 2),
    ],
)
def test_expressions_of_time(client: Any, expression: str, result: object) -> None:
    """Dates stay dates, text is converted, and a number is seconds."""
    assert [result] == client.values(f"SELECT {expression}")


def test_a_column_of_dates_keeps_its_type(client: Any) -> None:
    """Truncating a DATE column, or adding months to it, gives a DATE, also through a subquery."""
    client.rows("CREATE TABLE days AS SELECT '2025-08-17'::date d")
    assert [date(2025, 8, 1)] == client.values("SELECT DATE_TRUNC('month', d) FROM days")
    assert [date(2025, 9, 17)] == client.values("SELECT DATEADD('month', 1, x) FROM (SELECT d AS x FROM days)")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT 'x'::timestamp", 100035),
        ("SELECT 'x'::date", 100040),
        ("SELECT 'x'::time", 100108),
        ("SELECT TO_DATE('x', 'YYYY')", 100096),
    ],
)
def test_a_wrong_time_is_refused(client: Any, sql: str, code: int) -> None:
    """The code names the type, or the format."""
    assert (code, "22007") == client.refused(sql)

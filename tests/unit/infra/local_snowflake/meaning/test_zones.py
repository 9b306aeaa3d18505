# ruff: noqa: DTZ001 - TIMESTAMP_NTZ has no zone
"""TIMESTAMP_LTZ and TIMESTAMP_TZ, and the session parameters of dates and times."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import duckdb
import pytest
from snowflake.connector.constants import FIELD_ID_TO_NAME

from infra.local_snowflake.meaning.columns import former
from infra.local_snowflake.meaning.macros.install import install

INDIA = timezone(timedelta(hours=5, minutes=30))
NOON = "'2025-08-01 12:00:00 +0530'::timestamp_tz"


def kinds(client: Any, sql: str) -> list[str]:
    """Return the types of the columns in the description of a result."""
    with client.connection.cursor() as cursor:
        cursor.execute(sql)
        return [FIELD_ID_TO_NAME[column.type_code] for column in cursor.description]


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        (NOON, datetime(2025, 8, 1, 12, tzinfo=INDIA)),
        (f"{NOON}::varchar", "2025-08-01 12:00:00.000 +0530"),
        (f"TO_CHAR({NOON}, 'HH24:MI TZH:TZM')", "12:00 +05:30"),
        (f"'at ' || {NOON}", "at 2025-08-01 12:00:00.000 +0530"),
        (f"{NOON}::timestamp_ntz", datetime(2025, 8, 1, 12)),
        (f"TO_DATE({NOON})", date(2025, 8, 1)),
        (f"HOUR({NOON})", 12),
        (f"DATE_PART(EPOCH_SECOND, {NOON})", 1754029800),
        (f"DATEDIFF(minute, {NOON}, '2025-08-01 06:31:00 Z'::timestamp_tz)", 1),
        (f"DATE_TRUNC('day', {NOON})", datetime(2025, 8, 1, tzinfo=INDIA)),
        (f"DATEADD(hour, 13, {NOON})", datetime(2025, 8, 2, 1, tzinfo=INDIA)),
        (f"{NOON} = '2025-08-01 06:30:00 +0000'::timestamp_tz", True),
        (f"{NOON} BETWEEN '2025-08-01 06:00:00' AND '2025-08-01 07:00:00'", True),
        ("TRY_TO_TIMESTAMP_TZ('x')", None),
        ("TO_TIMESTAMP_TZ('01.08.2025 -0800', 'DD.MM.YYYY TZHTZM')::varchar", "2025-08-01 00:00:00.000 -0800"),
        (
            "CONVERT_TIMEZONE('Asia/Kolkata', '2025-08-01 06:30:00 Z'::timestamp_tz)",
            datetime(2025, 8, 1, 12, tzinfo=INDIA),
        ),
        ("CONVERT_TIMEZONE('America/New_York', '2025-12-01 03:00:00 Z'::timestamp_ltz)::date", date(2025, 11, 30)),
        ("'1960-01-01 00:00:00.5 Z'::timestamp_tz", datetime(1960, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)),
    ],
)
def test_an_offset_is_kept_in_a_statement(client: Any, expression: str, result: object) -> None:
    """It is shown, printed, converted, added to and compared by its instant."""
    (found,) = client.values(f"SELECT {expression}")
    assert result == found
    if isinstance(found, datetime):
        assert isinstance(result, datetime)
        assert result.utcoffset() == found.utcoffset()


@pytest.fixture
def moments(client: Any) -> Any:
    """A table of two TIMESTAMP_TZs of one instant, and of a third one."""
    client.rows("CREATE TABLE t (id INT, z TIMESTAMP_TZ, n TIMESTAMP_NTZ)")
    client.rows(
        "INSERT INTO t (id, z) VALUES (1, '2025-08-01 12:00:00 +0530'), (2, '2025-08-01T06:30:00Z'), "
        "(3, '2025-07-31 22:00:00 -05:00'), (4, NULL)"
    )
    return client


def shown(client: Any, sql: str) -> list[str | None]:
    """Return the first column with its offsets, which two equal datetimes of Python can differ in."""
    return [None if value is None else value.isoformat() for value in client.values(sql)]


FIRST, SAME, THIRD = "2025-08-01T12:00:00+05:30", "2025-08-01T06:30:00+00:00", "2025-07-31T22:00:00-05:00"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT z FROM t ORDER BY id",
        "SELECT * EXCLUDE (id, n) FROM (SELECT * FROM t) ORDER BY z IS NULL, id",
        "WITH c AS (SELECT z AS y, id FROM t) SELECT y FROM c ORDER BY id",
        "SELECT z FROM (SELECT id, z FROM t WHERE id < 3 UNION ALL SELECT id, z FROM t WHERE id > 2) ORDER BY id",
        "SELECT z FROM v ORDER BY id",
        "SELECT z FROM u ORDER BY id",
        "SELECT z FROM c ORDER BY id",
        "SELECT z FROM w ORDER BY id",
        "SELECT COALESCE(z, NULL) FROM t ORDER BY id",
        "SELECT TO_TIMESTAMP_TZ(z::varchar) FROM t ORDER BY id",
    ],
)
def test_an_offset_is_stored(moments: Any, sql: str) -> None:
    """A table, a view, a copy, a clone and a query over them show what was written."""
    moments.rows("CREATE VIEW v AS SELECT * FROM t")
    moments.rows("CREATE TABLE u AS SELECT id, z FROM v")
    moments.rows("CREATE TABLE c CLONE t")
    moments.rows("CREATE TABLE w LIKE t")
    moments.rows("INSERT INTO w SELECT * FROM v")
    assert [FIRST, SAME, THIRD, None] == shown(moments, sql)


@pytest.mark.parametrize(
    ("sql", "result"),
    [
        ("SELECT COUNT(DISTINCT z) FROM t", [2]),
        ("SELECT COUNT(*) FROM t GROUP BY z ORDER BY z", [1, 2, 1]),
        ("SELECT COUNT(*) FROM (SELECT DISTINCT z FROM t)", [3]),
        ("SELECT COUNT(*) FROM (SELECT z FROM t UNION SELECT z FROM t)", [3]),
        ("SELECT COUNT(*) FROM t a JOIN t b ON a.z = b.z", [5]),
        ("SELECT COUNT(*) FROM t JOIN t AS b USING (z)", [5]),
        ("SELECT id FROM t WHERE z IN ('2025-08-01 06:30:00') ORDER BY id", [1, 2]),
        ("SELECT id FROM t WHERE z > '2025-08-01 03:00:00'::timestamp_ntz ORDER BY id", [1, 2]),
        ("SELECT id FROM t ORDER BY z, id DESC", [3, 2, 1, 4]),
        ("SELECT MIN_BY(id, z) FROM t", [3]),
        ("SELECT HASH(z) = (SELECT HASH(z) FROM t WHERE id = 2) FROM t WHERE id = 1", [True]),
        ("SELECT ROW_NUMBER() OVER (PARTITION BY z ORDER BY id) FROM t WHERE id < 4 ORDER BY id", [1, 2, 1]),
        ("SELECT HOUR(z) FROM t WHERE id < 4 ORDER BY id", [12, 6, 22]),
        ("SELECT z::date FROM t WHERE id < 4 ORDER BY id", [date(2025, 8, 1), date(2025, 8, 1), date(2025, 7, 31)]),
        ("SELECT DATE_PART(timezone_minute, z) FROM t WHERE id < 4 ORDER BY id", [30, 0, 0]),
        ("SELECT z::timestamp_ntz FROM t WHERE id = 3", [datetime(2025, 7, 31, 22)]),
        ("SELECT DATEADD(month, 1, z)::varchar FROM t WHERE id = 1", ["2025-09-01 12:00:00.000 +0530"]),
        ("SELECT (z + INTERVAL '1 month')::varchar FROM t WHERE id = 1", ["2025-09-01 12:00:00.000 +0530"]),
        ("SELECT OBJECT_CONSTRUCT('z', z):z::varchar FROM t WHERE id = 1", ["2025-08-01 12:00:00.000 +0530"]),
        ("SELECT ARRAY_AGG(z)[0]::varchar FROM t WHERE id = 1", ["2025-08-01 12:00:00.000 +0530"]),
        ("SELECT 'at ' || z FROM t WHERE id = 1", ["at 2025-08-01 12:00:00.000 +0530"]),
        (
            "SELECT TIMESTAMP_TZ_FROM_PARTS(2025, 8, 1, 0, 0, 0, 0, 'Asia/Kolkata')::varchar",
            ["2025-08-01 00:00:00.000 +0530"],
        ),
    ],
)
def test_a_stored_offset_is_the_shown_time_and_its_instant_is_compared(
    moments: Any, sql: str, result: list[object]
) -> None:
    """Groups, joins and order take the instant; dates, hours and text the time that is shown."""
    assert result == moments.values(sql)


def test_every_way_of_writing_keeps_the_offset(moments: Any) -> None:
    """UPDATE, MERGE, a default, other types, and a value of `?`, alone and of a batch."""
    moments.rows("UPDATE t SET n = z WHERE id = 1")
    moments.rows("UPDATE t SET z = '2025-08-01 00:00:00 -0100' WHERE id = 1")
    moments.rows(f"MERGE INTO t USING (SELECT 2 id, {NOON} z) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET z = s.z")
    moments.rows("INSERT INTO t (id, z) SELECT 5, n FROM t WHERE id = 1 UNION ALL SELECT 6, n FROM t WHERE id = 1")
    moments.rows("ALTER TABLE t ADD COLUMN d TIMESTAMP_TZ DEFAULT '2025-08-01 00:00:00 +0200'")
    bound = ("TIMESTAMP_TZ", datetime(2025, 8, 1, 12, tzinfo=INDIA))
    with moments.server.connect(schema=moments.schema, paramstyle="qmark") as session, session.cursor() as cursor:
        cursor.execute("INSERT INTO t (id, z) VALUES (7, ?)", (bound,))
        cursor.executemany("INSERT INTO t (id, z) VALUES (?, ?)", [(8, bound), (9, None)])
        cursor.executemany("INSERT INTO t (id, z) VALUES (?, ?)", [(10, bound), (11, bound)])
    ntz = "2025-08-01T12:00:00+00:00"
    written = ["2025-08-01T00:00:00-01:00", FIRST, THIRD, None, ntz, ntz, FIRST, FIRST, None, FIRST, FIRST]
    assert written == shown(moments, "SELECT z FROM t ORDER BY id")
    assert {"2025-08-01T00:00:00+02:00"} == set(shown(moments, "SELECT d FROM t"))


@pytest.mark.parametrize("sql", ["SELECT INTERVAL '1 day'", "SELECT z - z FROM t"])
def test_an_interval_is_no_value(moments: Any, sql: str) -> None:
    """DuckDB stores a TIMESTAMP_TZ as an INTERVAL: another one is never shown as if it was one."""
    assert (2, "0A000") == moments.refused(sql)


def test_a_folder_of_a_former_version_is_converted() -> None:
    """It stored instants, and the names of the columns: their offset is that of UTC, their default is kept."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("ATTACH ':memory:' AS home")
        connection.execute("CREATE SCHEMA home.raw")
        install(connection, "home")
        connection.execute("CREATE TABLE t (z TIMESTAMPTZ DEFAULT '2025-08-01 00:00:00+00', l TIMESTAMPTZ)")
        connection.execute("INSERT INTO t VALUES ('2025-08-01 06:30:00+00', '2025-08-01 06:30:00+00')")
        connection.execute(
            "CREATE TABLE home.main.zoned_columns AS "
            "SELECT current_database() AS database_name, 'main' AS schema_name, "
            "'t' AS table_name, 'z' AS column_name"
        )
        for _ in range(2):
            former.convert(connection, "home")
        connection.execute("INSERT INTO t (l) VALUES (NULL)")
        found = connection.execute("SELECT home.main.sf_text(z), l IS NULL FROM t").fetchall()
    assert [("2025-08-01 06:30:00.000 +0000", False), ("2025-08-01 00:00:00.000 +0000", True)] == found


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t (n) VALUES ('2025-08-01 12:00:00.123456789')",
        "SELECT '2025-08-01 12:00:00.123456789'::timestamp",
        "SELECT TRY_TO_TIMESTAMP('2025-08-01 12:00:00.123456789')",
        "SELECT TO_TIMESTAMP(1754017200123456789, 9)",
        "SELECT TO_TIMESTAMP('1754017200123456789')",
    ],
)
def test_what_would_be_lost_is_unsupported(client: Any, sql: str) -> None:
    """A fraction of more than six digits."""
    client.rows("CREATE TABLE t (n TIMESTAMP_NTZ)")
    client.rows("INSERT INTO t VALUES (NULL)")
    assert (2, "0A000") == client.refused(sql)
    assert [{"n": None}] == client.rows("SELECT * FROM t")


def test_columns_tell_the_types_of_timestamps(client: Any) -> None:
    """In DESC and in the description of a result, of a copy, after a change, and through a view."""
    client.rows("CREATE TABLE t (z TIMESTAMP_TZ, l TIMESTAMP_LTZ, n TIMESTAMP)")
    client.rows("CREATE TABLE u AS SELECT z, CURRENT_TIMESTAMP() AS l FROM t")
    client.rows("CREATE TABLE c CLONE t")
    client.rows("ALTER TABLE c RENAME TO d")
    client.rows("ALTER TABLE d RENAME COLUMN z TO y")
    client.rows("ALTER TABLE d ADD COLUMN x TIMESTAMP_TZ")
    client.rows("CREATE VIEW v AS SELECT MAX(y) AS y, MIN(l) AS z FROM d")
    described = {name: [row["type"] for row in client.rows(f"DESC TABLE {name}")] for name in ("t", "u", "d", "v")}
    tz, ltz, ntz = "TIMESTAMP_TZ(9)", "TIMESTAMP_LTZ(9)", "TIMESTAMP_NTZ(9)"
    assert {"t": [tz, ltz, ntz], "u": [tz, ltz], "d": [tz, ltz, ntz, tz], "v": [tz, ltz]} == described
    assert ["TIMESTAMP_TZ", "TIMESTAMP_LTZ", "TIMESTAMP_NTZ"] == kinds(client, "SELECT * FROM t")
    assert ["TIMESTAMP_LTZ", "TIMESTAMP_TZ"] == kinds(client, "SELECT CURRENT_TIMESTAMP(), MAX(y) FROM v")
    assert ["TIMESTAMP_LTZ(9)[SB16]"] == client.values("SELECT SYSTEM$TYPEOF(CURRENT_TIMESTAMP())")


def test_text_is_written_as_it_is_read(client: Any) -> None:
    """An INSERT knows Snowflake's formats; TIMESTAMP_NTZ drops an offset, where DuckDB would shift to UTC."""
    client.rows("CREATE TABLE t (d DATE, n TIMESTAMP_NTZ, l TIMESTAMP_LTZ)")
    client.rows("INSERT INTO t VALUES ('01-AUG-2025', '2025-08-01 12:00:00 +0530', '2025-08-01T12:00:00+05:30')")
    assert [(date(2025, 8, 1), datetime(2025, 8, 1, 12), datetime(2025, 8, 1, 6, 30, tzinfo=UTC))] == [
        tuple(row.values()) for row in client.rows("SELECT * FROM t WHERE n = '2025-08-01T12:00:00+05:30'")
    ]


def test_the_zone_of_a_session(client: Any) -> None:
    """TIMEZONE is the zone of TIMESTAMP_LTZ in text, in casts, in functions, and in the values of the connector."""
    client.rows(
        "CREATE TABLE t AS SELECT '2025-08-01 02:00:00 Z'::timestamp_ltz l, '2025-08-01 02:00:00 Z'::timestamp_tz z"
    )
    client.rows("ALTER SESSION SET TIMEZONE = 'America/New_York'")
    (row,) = client.rows(
        "SELECT l::varchar a, l::timestamp_ntz b, HOUR(l) c, DATE_TRUNC('day', l)::date d, l, z FROM t"
    )
    assert ["2025-07-31 22:00:00.000 -0400", datetime(2025, 7, 31, 22), 22, date(2025, 7, 31)] == list(row.values())[:4]
    assert timedelta(hours=-4) == row["l"].utcoffset()
    assert [("2025-08-01 02:00:00.000 +0000", 2, timedelta(0))] == [
        (one["a"], one["b"], one["z"].utcoffset()) for one in client.rows("SELECT z::varchar a, HOUR(z) b, z FROM t")
    ]
    assert [datetime(2025, 8, 1, 16, tzinfo=UTC)] == client.values("SELECT '2025-08-01 12:00:00'::timestamp_ltz")
    assert [True] == client.values("SELECT z = l AND z = '2025-07-31 22:00:00'::timestamp_ntz FROM t")
    client.rows("ALTER SESSION UNSET TIMEZONE")
    assert ["2025-08-01 02:00:00.000 +0000"] == client.values("SELECT l::varchar FROM t")
    with client.server.connect(session_parameters={"TIMEZONE": "Asia/Kolkata"}) as connection:
        (found,) = connection.cursor().execute("SELECT CURRENT_TIMESTAMP()").fetchone()
        assert timedelta(hours=5, minutes=30) == found.utcoffset()


@pytest.mark.parametrize(
    ("setting", "expression", "result"),
    [
        ("DATE_OUTPUT_FORMAT = 'DD.MM.YYYY'", "'2025-08-01'::date::varchar", "01.08.2025"),
        ("TIME_OUTPUT_FORMAT = 'HH24-MI'", "'03:04:05'::time::varchar", "03-04"),
        ("TIMESTAMP_NTZ_OUTPUT_FORMAT = 'YYYY'", "'' || '2025-08-01'::timestamp", "2025"),
        ("TIMESTAMP_NTZ_OUTPUT_FORMAT = ''", "'2025-08-01'::timestamp::varchar", "2025-08-01 00:00:00.000 +0000"),
        ("TIMESTAMP_OUTPUT_FORMAT = 'DD TZH'", "'2025-08-01 00:00:00 Z'::timestamp_ltz::varchar", "01 +00"),
        ("TIMESTAMP_TZ_OUTPUT_FORMAT = 'HH24 TZH'", f"{NOON}::varchar", "12 +05"),
        ("DATE_INPUT_FORMAT = 'DD.MM.YYYY'", "'01.08.2025'::date", date(2025, 8, 1)),
        (
            "TIMESTAMP_INPUT_FORMAT = 'DD.MM.YYYY HH24:MI'",
            "TO_TIMESTAMP('01.08.2025 03:04')",
            datetime(2025, 8, 1, 3, 4),
        ),
        (
            "TIMESTAMP_TYPE_MAPPING = TIMESTAMP_LTZ",
            "'2025-08-01 00:00:00 Z'::timestamp",
            datetime(2025, 8, 1, tzinfo=UTC),
        ),
        ("TIMESTAMP_TYPE_MAPPING = TIMESTAMP_LTZ", "'2025-08-01'::datetime", datetime(2025, 8, 1)),
        (
            "TIMESTAMP_TYPE_MAPPING = TIMESTAMP_TZ",
            "TO_TIMESTAMP('2025-08-01 00:00 +0530')",
            datetime(2025, 8, 1, tzinfo=INDIA),
        ),
        ("WEEK_START = 7", "DATE_TRUNC('week', '2025-08-01'::date)", date(2025, 7, 27)),
        ("WEEK_START = 7", "DAYOFWEEK('2025-08-03'::date)", 1),
        ("WEEK_START = 7", "DATEDIFF(week, '2025-08-03'::date, '2025-08-04'::date)", 0),
        ("WEEK_START = 7", "LAST_DAY('2025-08-01'::date, 'week')", date(2025, 8, 2)),
        ("WEEK_START = 3", "DATE_PART(dow, '2025-08-01'::date)", 3),
        ("WEEK_OF_YEAR_POLICY = 0", "WEEK('2016-01-02'::date)", 53),
        ("WEEK_OF_YEAR_POLICY = 1", "WEEK('2016-01-02'::date)", 1),
        ("WEEK_OF_YEAR_POLICY = 1", "WEEK('2015-12-31'::date)", 53),
        ("WEEK_OF_YEAR_POLICY = 1", "YEAROFWEEK('2016-01-02'::date)", 2016),
        ("WEEK_OF_YEAR_POLICY = 1", "YEAROFWEEKISO('2016-01-02'::date)", 2015),
    ],
)
def test_a_parameter_changes_expressions_until_it_is_unset(
    client: Any, setting: str, expression: str, result: object
) -> None:
    """In this session alone, and SHOW PARAMETERS tells its value."""
    name = setting.partition(" ")[0]
    client.rows(f"ALTER SESSION SET {setting}")
    assert [result] == client.values(f"SELECT {expression}")
    (shown,) = client.rows(f"SHOW PARAMETERS LIKE '{name}'")
    assert setting.partition("= ")[2].strip("'") == shown["value"]
    client.rows(f"ALTER SESSION UNSET {name}")
    (shown,) = client.rows(f"SHOW PARAMETERS LIKE '{name}'")
    assert shown["default"] == shown["value"]


def test_a_setting_that_is_refused_changes_nothing(client: Any) -> None:
    """Of several parameters all are set or none."""
    assert 1008 == client.refused("ALTER SESSION SET DATE_OUTPUT_FORMAT = 'YYYY' TIMEZONE = 'Mars/Base'")[0]
    assert ["2025-08-01"] == client.values("SELECT '2025-08-01'::date::varchar")

# ruff: noqa: S608 - the names in the SQL are the tests' own
"""Queries read the registered files as the bucket holds them, and no others."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from infra.local_snowflake.files.bucket import StoredObject
from tests.fakes.local_snowflake import FolderBucket

HOUR = (
    "CAST(SPLIT_PART(METADATA$FILENAME, '/', 2) || ' ' || SPLIT_PART(METADATA$FILENAME, '/', 3) || ':00:00' "
    "AS TIMESTAMP)"
)


@pytest.fixture
def table(client: Any) -> Any:
    """An external table over two hours, partitioned by hour and by zone."""
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/'")
    for hour, numbers in (("03", (1, 2)), ("04", (3,))):
        client.bucket.write(f"{client.schema}/2025-08-01/{hour}/a b%'.jsonl", *({"n": n} for n in numbers))
    client.rows(
        f"CREATE EXTERNAL TABLE ext (hour TIMESTAMP AS ({HOUR}), zone VARCHAR AS "
        "(NULLIF(SPLIT_PART(METADATA$FILENAME, '/', 3), '04')), n INT AS (value:n::INT)) "
        "PARTITION BY (hour, zone) LOCATION = @st FILE_FORMAT = (TYPE = JSON)"
    )
    return client


def key(client: Any, hour: str) -> str:
    return f"{client.schema}/2025-08-01/{hour}/a b%'.jsonl"


def test_a_vanished_object_is_skipped(table: Any) -> None:
    """A registered file that is gone gives no rows and no error, and stays registered until a refresh."""
    table.bucket.remove(key(table, "03"))
    assert [3] == table.values("SELECT n FROM ext")
    assert 2 == len(table.rows("SELECT * FROM TABLE(INFORMATION_SCHEMA.EXTERNAL_TABLE_FILES('ext'))"))


def test_an_object_that_was_written_again_gives_its_present_rows(table: Any) -> None:
    """A query reads the object, not what it was at its registration."""
    assert [1, 2, 3] == table.values("SELECT n FROM ext ORDER BY n")
    table.bucket.write(key(table, "03"), {"n": 9})
    assert [3, 9] == table.values("SELECT n FROM ext ORDER BY n")


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("hour = '2025-08-01 03:00:00'", [1, 2]),
        ("hour > '2025-08-01 03:00:00'", [3]),
        ("zone = '03'", [1, 2]),
        ("zone IS NULL", [3]),
        ("METADATA$FILENAME LIKE '%/03/%'", [1, 2]),
        ("DATE_TRUNC('day', hour) = '2025-08-01'", [1, 2, 3]),
    ],
)
def test_only_files_of_the_partitions_that_a_query_needs_are_read(
    table: Any, where: str, found: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter on partition columns or on the file name opens no other object."""
    hours = {"03" if n < 3 else "04" for n in found}
    read = []
    download = FolderBucket.download

    def spy(bucket: FolderBucket, name: str, stored: StoredObject, target: Path) -> None:
        read.append(stored.key)
        download(bucket, name, stored, target)

    monkeypatch.setattr(FolderBucket, "download", spy)
    assert found == table.values(f"SELECT n FROM ext WHERE {where} ORDER BY n")
    assert {key(table, hour) for hour in hours} == set(read)


def test_a_bucket_that_refuses_fails_the_query(table: Any) -> None:
    """Rows are never left out because the storage does not answer."""
    bucket = table.bucket.folder / "hourglass"
    bucket.rename(bucket.with_name("away"))
    try:
        assert (91016, "58030") == table.refused("SELECT n FROM ext")
    finally:
        bucket.with_name("away").rename(bucket)


def test_metadata_columns_are_read_by_name_alone(table: Any) -> None:
    """SELECT * returns VALUE and the columns, also beside a metadata column."""
    columns = ["value", "hour", "zone", "n"]
    assert columns == list(table.rows("SELECT * FROM ext")[0])
    assert [*columns, "f"] == list(table.rows("SELECT *, METADATA$FILENAME f FROM ext WHERE n = 3")[0])
    assert ["hour", "zone", "n", "f"] == list(
        table.rows("SELECT * EXCLUDE value, METADATA$FILENAME f FROM ext WHERE n = 3")[0]
    )
    assert ["value", "hour", "zone", "n", "k", "r"] == list(
        table.rows("SELECT e.*, t.*, e.METADATA$FILE_ROW_NUMBER r FROM ext e, (SELECT 3 AS k) t WHERE t.k = e.n")[0]
    )
    assert [1, 2, 1] == table.values("SELECT METADATA$FILE_ROW_NUMBER r FROM ext ORDER BY n")
    assert [(key(table, "04"), 1)] == [
        (row["f"], row["c"])
        for row in table.rows(
            f"WITH e AS (SELECT e.*, e.METADATA$FILENAME AS f FROM AWS.{table.schema}.ext AS e), "
            "ext AS (SELECT * FROM e) SELECT f, COUNT(*) c FROM ext WHERE zone IS NULL GROUP BY f"
        )
    ]


def test_columns_have_numbers(table: Any) -> None:
    """$1 is VALUE, and $2 the first column."""
    assert [1, 2, 3] == table.values("SELECT $1:n::INT FROM ext ORDER BY 1")
    assert [3] == table.values("SELECT e.$4 FROM ext e, (SELECT 1 AS one) WHERE e.$3 IS NULL")


def test_partition_columns_of_every_type_are_filtered(table: Any) -> None:
    """Dates, numbers with and without a scale, booleans, and times with a zone."""
    part = "SPLIT_PART(METADATA$FILENAME, '/', {})"
    day, hour = part.format(2), part.format(3)
    table.rows(
        f"CREATE EXTERNAL TABLE typed (d DATE AS ({day}::DATE), i NUMBER(2,0) AS ({hour}::NUMBER(2,0)), "
        f"f FLOAT AS ({hour}::FLOAT), b BOOLEAN AS ({hour} = '03'), n INT AS (value:n::INT)) "
        "PARTITION BY (d, i, f, b) LOCATION = @st FILE_FORMAT = (TYPE = JSON)"
    )
    assert [3] == table.values("SELECT n FROM typed WHERE d = '2025-08-01' AND i = 4 AND f = 4 AND NOT b")


def test_a_view_over_metadata_columns_reads_a_replaced_table(table: Any) -> None:
    """A view finds its external table by name."""
    table.rows("CREATE VIEW v AS SELECT METADATA$FILENAME AS f FROM ext")
    table.rows("CREATE OR REPLACE EXTERNAL TABLE ext LOCATION = @st/2025-08-01/04 FILE_FORMAT = (TYPE = JSON)")
    assert [key(table, "04")] == table.values("SELECT f FROM v")


def test_a_file_whose_partition_cannot_be_computed_is_not_registered(table: Any) -> None:
    """Its status is REGISTER_FAILED; an empty file has no rows and is registered."""
    table.bucket.write(f"{table.schema}/stray.jsonl", {"n": 5})
    table.bucket.write(f"{table.schema}/_SUCCESS")
    assert ["REGISTERED_NEW", "REGISTER_FAILED"] == [
        row["status"] for row in table.rows("ALTER EXTERNAL TABLE ext REFRESH")
    ]
    assert [1, 2, 3] == table.values("SELECT n FROM ext ORDER BY n")


def test_a_session_without_a_database_reads_a_table(table: Any) -> None:
    """The functions of its columns are found without a current database."""
    table.rows(
        "CREATE EXTERNAL TABLE at (t TIMESTAMP AS (TO_TIMESTAMP('2025-08-01 03:00:00'))) LOCATION = @st "
        "FILE_FORMAT = (TYPE = JSON)"
    )
    with closing(table.server.connect(database=None, schema=None)) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(t) FROM AWS.{table.schema}.at")
        assert (3,) == cursor.fetchone()

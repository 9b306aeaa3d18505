"""The statements that the macros of dbt-external-tables send for Snowflake, in their order and their layout."""

from __future__ import annotations

from typing import Any

import pytest


def column(name: str, kind: str, path: str) -> str:
    """Return a column as the macro writes it."""
    null = f"(case when is_null_value({path}) or lower({path}) = 'null' then null else {path} end)"
    return f"{name} {kind} as ({null}::{kind})"


@pytest.fixture
def source(client: Any) -> Any:
    """A stage over people in JSON and CSV, partitioned by section."""
    client.rows(f"create or replace stage {client.schema}.st\n url = 's3://hourglass/{client.schema}';")
    for section, ids in (("a", (1, 2)), ("b", (3,))):
        client.bucket.write(f"{client.schema}/json/section={section}/p.json", *({"id": n, "n": "null"} for n in ids))
        lines = "".join(f"{n},{n * 10}\n" for n in ids)
        client.bucket.write(f"{client.schema}/csv/section={section}/p.csv", f"id,n\n{lines}")
    return client


SECTION = "section varchar as substr(split_part(metadata$filename, 'section=', 2), 1, 1)"


def create(client: Any, folder: str, columns: str, file_format: str) -> None:
    client.rows(
        f"""
    create or replace external table AWS.{client.schema}.people({SECTION}, {columns}
            )
     partition by (section)
    location = @{client.schema}.st/{folder} auto_refresh = False
      refresh_on_create = True
      pattern = '.*[.](json|csv)'
    file_format = {file_format}

;
"""
    )


def test_a_json_source_is_created_refreshed_and_created_again(source: Any) -> None:
    """Create in the first run, refresh in the next, and create or replace in a full refresh."""
    columns = column("id", "int", "value:id") + "," + column("n", "int", "value:n")
    for _ in range(2):
        create(source, "json", columns, "( type = json )")
        rows = source.rows("SELECT section, id, n FROM people ORDER BY id")
        assert [("a", 1, None), ("a", 2, None), ("b", 3, None)] == [tuple(row.values()) for row in rows]
    source.bucket.write(f"{source.schema}/json/section=c/p.json", {"id": 4})
    for sql in ("begin", f"alter external table AWS.{source.schema}.people refresh", "commit"):
        source.rows(f"\n        {sql};\n")
    assert [4] == source.values("SELECT id FROM people WHERE section = 'c'")


@pytest.mark.parametrize("file_format", ["( type = csv skip_header = 1 )", "{schema}.dbt_csv", "AWS.{schema}.dbt_csv"])
def test_a_csv_source_reads_its_fields_by_position(source: Any, file_format: str) -> None:
    """The macro asks for the types of file formats first, and finds the named one."""
    source.rows(f"create or replace file format {source.schema}.dbt_csv type = csv skip_header = 1")
    formats = source.rows(f"show file formats in AWS.{source.schema}")
    assert [("DBT_CSV", "CSV")] == [(row["name"], row["type"]) for row in formats]
    columns = column("id", "int", "value:c1") + "," + column("n", "int", "value:c2")
    create(source, "csv", columns, file_format.format(schema=source.schema))
    assert [10, 20, 30] == source.values("SELECT n FROM people ORDER BY id")


def test_a_source_without_columns_has_value_alone(source: Any) -> None:
    """`columns` of a source may be empty."""
    source.rows(
        f"create or replace external table people\n location = @{source.schema}.st/json file_format = (type = json);"
    )
    assert ["value"] == list(source.rows("SELECT * FROM people")[0])
    source.rows(f"drop external table if exists AWS.{source.schema}.people;")

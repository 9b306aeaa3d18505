"""Rules of Snowflake for stages and directory tables, asked through its own connector."""

from __future__ import annotations

from typing import Any

import pytest


def create(client: Any, rest: str = "DIRECTORY = (ENABLE = TRUE REFRESH_ON_CREATE = FALSE)", name: str = "st") -> None:
    client.rows(f"CREATE STAGE {name} URL = 's3://hourglass/{client.schema}/' {rest}")


def test_a_stage_is_shown_with_what_it_was_created_with(client: Any) -> None:
    """SHOW STAGES has url, storage_integration, comment and directory_enabled."""
    create(
        client,
        "STORAGE_INTEGRATION = aws_integration DIRECTORY = (ENABLE = TRUE AUTO_REFRESH = FALSE) COMMENT = 'it''s'",
    )
    (row,) = client.rows("SHOW STAGES")
    assert ("ST", f"s3://hourglass/{client.schema}/", "AWS_INTEGRATION", "it's", "Y") == (
        row["name"],
        row["url"],
        row["storage_integration"],
        row["comment"],
        row["directory_enabled"],
    )


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("stage_a", ["STAGEXA", "STAGE_A"]),
        ("STAGE\\\\_A", ["STAGE_A"]),
        ("stage%", ["STAGEXA", "STAGE_A", "STAGE_AB"]),
        ("stage", []),
        ("%.%", []),
    ],
)
def test_like_ignores_case_and_knows_two_wildcards_and_an_escape(client: Any, pattern: str, shown: list[str]) -> None:
    """`_` is any character, `%` any text, a backslash takes the next character as it is."""
    for name in ("stage_a", "stageXa", "stage_ab"):
        create(client, name=name)
    assert shown == sorted(row["name"] for row in client.rows(f"SHOW STAGES LIKE '{pattern}'"))


def test_show_lists_its_scope(client: Any) -> None:
    """IN SCHEMA lists one schema, IN ACCOUNT all, an unqualified SHOW the session's schema."""
    create(client)
    here = client.schema
    assert ["ST"] == [row["name"] for row in client.rows(f'SHOW STAGES LIKE \'st\' IN SCHEMA "AWS"."{here}"')]
    assert [] == client.rows("SHOW STAGES LIKE 'st' IN SCHEMA AWS.DEV")
    assert here in {row["schema_name"] for row in client.rows("SHOW STAGES IN ACCOUNT")}
    assert here in {row["schema_name"] for row in client.rows("SHOW STAGES IN DATABASE aws")}


def test_a_quoted_name_keeps_its_spelling(client: Any) -> None:
    """A name in double quotes differs from the folded name."""
    create(client, name='"St age"')
    assert ["St age"] == [row["name"] for row in client.rows("SHOW STAGES")]
    assert (2003, "02000") == client.refused("DESC STAGE st")


def test_creating_a_stage_that_exists(client: Any) -> None:
    """CREATE is refused with 2002, IF NOT EXISTS changes nothing, OR REPLACE makes a new stage."""
    create(client, "COMMENT = 'first'")
    assert (2002, "42710") == client.refused("CREATE STAGE st URL = 's3://hourglass/x/'")
    client.rows("CREATE STAGE IF NOT EXISTS st URL = 's3://hourglass/x/'")
    assert "first" == client.rows("SHOW STAGES")[0]["comment"]
    client.rows("CREATE OR REPLACE STAGE st URL = 's3://hourglass/x/' COMMENT = 'second'")
    assert "second" == client.rows("SHOW STAGES")[0]["comment"]


def test_a_refresh_reports_new_changed_and_vanished_files_relative_to_the_stage(client: Any) -> None:
    """ALTER STAGE REFRESH returns file, status, description; a second one returns no rows."""
    create(client)
    for name in ("a", "b"):
        client.bucket.write(f"{client.schema}/2025/{name}.jsonl", {"n": 1})
    assert [("2025/a.jsonl", "REGISTERED_NEW"), ("2025/b.jsonl", "REGISTERED_NEW")] == refresh(client)
    client.bucket.write(f"{client.schema}/2025/a.jsonl", {"n": 2})
    client.bucket.remove(f"{client.schema}/2025/b.jsonl")
    assert [("2025/a.jsonl", "REGISTERED_UPDATE"), ("2025/b.jsonl", "UNREGISTERED")] == refresh(client)
    assert [] == refresh(client)


def refresh(client: Any, rest: str = "") -> list[tuple[str, str]]:
    return [(row["file"], row["status"]) for row in client.rows(f"ALTER STAGE st REFRESH {rest}")]


def test_a_subpath_leaves_the_rest_of_the_directory_table_alone(client: Any) -> None:
    """REFRESH SUBPATH lists below that path only: a file elsewhere is neither added nor removed."""
    create(client)
    client.bucket.write(f"{client.schema}/01/a.jsonl", {})
    refresh(client)
    client.bucket.remove(f"{client.schema}/01/a.jsonl")
    client.bucket.write(f"{client.schema}/02/b.jsonl", {})
    assert [("02/b.jsonl", "REGISTERED_NEW")] == refresh(client, "SUBPATH = '02/'")
    assert ["01/a.jsonl", "02/b.jsonl"] == client.values("SELECT relative_path FROM DIRECTORY(@st) ORDER BY 1")


def test_the_directory_table_is_what_was_refreshed_and_list_is_what_is_there(client: Any) -> None:
    """DIRECTORY(@s) needs a refresh, LIST reads the bucket and takes a path and a pattern."""
    create(client)
    client.bucket.write(f"{client.schema}/01/a.jsonl", {})
    client.bucket.write(f"{client.schema}/01/a.txt", {})
    assert [] == client.rows("SELECT * FROM DIRECTORY(@st)")
    assert [f"s3://hourglass/{client.schema}/01/a.jsonl"] == client.values("LIST @st/01/ PATTERN = '.*[.]jsonl'")
    assert [] == client.values(f"LIST @AWS.{client.schema}.st/02/")


def test_refresh_on_create_fills_the_directory_table(client: Any) -> None:
    """DIRECTORY = (ENABLE = TRUE REFRESH_ON_CREATE = TRUE) lists the stage once."""
    client.bucket.write(f"{client.schema}/a.jsonl", {})
    create(client, "DIRECTORY = (ENABLE = TRUE REFRESH_ON_CREATE = TRUE)")
    assert ["a.jsonl"] == client.values("SELECT relative_path FROM DIRECTORY(@st)")


def test_a_stage_without_a_directory_table_cannot_be_refreshed(client: Any) -> None:
    """REFRESH needs DIRECTORY = (ENABLE = TRUE); SET gives it."""
    create(client, "")
    assert 1420 == client.refused("ALTER STAGE st REFRESH")[0]
    client.rows("ALTER STAGE st SET DIRECTORY = (ENABLE = TRUE) COMMENT = 'now'")
    assert [] == client.rows("ALTER STAGE st REFRESH")
    assert ("now", "Y") == (
        client.rows("SHOW STAGES")[0]["comment"],
        client.rows("SHOW STAGES")[0]["directory_enabled"],
    )


def test_a_stage_that_is_not_there(client: Any) -> None:
    """Every use fails with 2003, except with IF EXISTS."""
    for sql in ("DROP STAGE st", "DESC STAGE st", "ALTER STAGE st REFRESH", "LIST @st", "SELECT * FROM DIRECTORY(@st)"):
        assert (2003, "02000") == client.refused(sql)
    client.rows("DROP STAGE IF EXISTS st")
    client.rows("ALTER STAGE IF EXISTS st REFRESH")


def test_a_dropped_stage_is_gone(client: Any) -> None:
    """DROP STAGE removes it; before that DESC returns the URL."""
    create(client)
    urls = [row["property_value"] for row in client.rows("DESC STAGE st") if row["property"] == "URL"]
    assert [f'["s3://hourglass/{client.schema}/"]'] == urls
    client.rows("DROP STAGE st")
    assert [] == client.rows("SHOW STAGES")


def test_the_url_is_checked_when_it_is_used_not_when_the_stage_is_created(client: Any) -> None:
    """CREATE STAGE checks neither URL nor rights."""
    client.rows("CREATE STAGE nowhere URL = 's3://no-such-bucket/x/'")
    assert 91016 == client.refused("LIST @nowhere")[0]

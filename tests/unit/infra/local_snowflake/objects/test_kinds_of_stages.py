"""Internal, temporary, user and table stages, and the clauses of CREATE and ALTER STAGE."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest


def put(client: Any, path: Path, target: str, options: str = "AUTO_COMPRESS = FALSE") -> None:
    path.write_text("1,x\n")
    client.rows(f"PUT file://{path} {target} {options}")


def names(client: Any, location: str) -> list[str]:
    found: list[str] = client.values(f"LIST {location}")
    return found


def test_an_internal_stage_keeps_files_until_it_is_dropped(client: Any, tmp_path: Path) -> None:
    client.rows("CREATE STAGE st")
    put(client, tmp_path / "a.csv", "@st/sub/")
    assert names(client, "@st") == ["st/sub/a.csv"]
    assert client.rows("SHOW STAGES")[0]["type"] == "INTERNAL"
    client.rows("CREATE OR REPLACE STAGE st")
    assert names(client, "@st") == []


def test_put_compresses_by_default_and_get_copies_files_back(client: Any, tmp_path: Path) -> None:
    client.rows("CREATE STAGE st")
    put(client, tmp_path / "a.csv", "@st", "")
    assert names(client, "@st") == ["st/a.csv.gz"]
    back = tmp_path / "back"
    back.mkdir()
    client.rows(f"GET @st file://{back}")
    assert [path.name for path in back.iterdir()] == ["a.csv.gz"]


def test_remove_deletes_the_files_that_match(client: Any, tmp_path: Path) -> None:
    client.rows("CREATE STAGE st")
    for name in ("a.csv", "b.txt"):
        put(client, tmp_path / name, "@st")
    assert client.rows("REMOVE @st PATTERN = '.*[.]txt'") == [{"name": "st/b.txt", "result": "removed"}]
    assert names(client, "@st") == ["st/a.csv"]


def test_put_into_an_external_stage_is_refused(client: Any, tmp_path: Path) -> None:
    client.rows("CREATE STAGE st URL = 's3://hourglass/x/'")
    assert client.refused(f"PUT file://{tmp_path}/a.csv @st") == (2, "0A000")


def test_a_temporary_stage_belongs_to_its_session_and_hides_a_permanent_one(client: Any) -> None:
    client.bucket.write(f"{client.schema}/t/a.jsonl", {"n": 1})
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/none/'")
    client.rows(f"CREATE TEMPORARY STAGE st URL = 's3://hourglass/{client.schema}/t/'")
    assert len(names(client, "@st")) == 1
    assert client.rows("SHOW STAGES")[0]["type"] == "EXTERNAL TEMPORARY"
    other = client.another()
    with closing(other.connection):
        assert names(other, "@st") == []
    client.rows("DROP STAGE st")
    assert names(client, "@st") == []


def test_users_and_tables_have_stages_of_their_own(client: Any, tmp_path: Path) -> None:
    client.rows("CREATE TABLE t (a INT)")
    put(client, tmp_path / f"{client.schema}.csv", "@%t")
    put(client, tmp_path / f"{client.schema}.csv", f"@~/{client.schema}")
    assert names(client, "@%t") == [f"{client.schema}.csv"]
    assert names(client, f"@~/{client.schema}") == [f"{client.schema}/{client.schema}.csv"]
    assert client.refused("LIST @%missing") == (2003, "42S02")


def test_create_or_alter_changes_the_url_and_keeps_the_directory_table(client: Any) -> None:
    client.rows("CREATE STAGE st URL = 's3://hourglass/x/' COMMENT = 'c' DIRECTORY = (ENABLE = TRUE)")
    client.rows("CREATE OR ALTER STAGE st URL = 's3://hourglass/y/'")
    (row,) = client.rows("SHOW STAGES")
    assert (row["url"], row["comment"], row["directory_enabled"]) == ("s3://hourglass/y/", "", "N")


def test_a_stage_is_renamed_and_its_comment_unset(client: Any) -> None:
    client.rows("CREATE STAGE st URL = 's3://hourglass/x/' COMMENT = 'c'")
    client.rows("ALTER STAGE st RENAME TO other")
    client.rows("ALTER STAGE other UNSET COMMENT")
    (row,) = client.rows("SHOW STAGES")
    assert (row["name"], row["comment"]) == ("OTHER", "")


def test_desc_has_the_defaults_of_the_file_format_and_the_copy_options(client: Any) -> None:
    client.rows("CREATE STAGE st URL = 's3://hourglass/x/' COPY_OPTIONS = (ON_ERROR = 'SKIP_FILE')")
    found = {(row["parent_property"], row["property"]): row["property_value"] for row in client.rows("DESC STAGE st")}
    assert found["STAGE_FILE_FORMAT", "TYPE"] == "CSV"
    assert found["STAGE_COPY_OPTIONS", "ON_ERROR"] == "SKIP_FILE"
    assert found["STAGE_LOCATION", "URL"] == '["s3://hourglass/x/"]'


def test_a_url_without_a_slash_is_a_prefix(client: Any) -> None:
    for folder in ("in", "in-old"):
        client.bucket.write(f"{client.schema}/{folder}/a.jsonl", {"n": 1})
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/in'")
    assert len(names(client, "@st")) == 2
    assert len(names(client, "@st/a")) == 1


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("URL = 'http://hourglass/x/'", 1011),
        ("URL = 's3gov://hourglass/x/'", 2),
        ("URL = 'azure://x/y/'", 2),
        ("URL = 's3://hourglass/x/' STORAGE_INTEGRATION = missing", 2003),
        ("URL = 's3://hourglass/x/' FILE_FORMAT = 'missing'", 2003),
        ("URL = 's3://hourglass/x/' FILE_FORMAT = (TYPE = JSON SKIP_HEADER = 1)", 1006),
        ("URL = 's3://hourglass/x/' ENCRYPTION = (TYPE = 'ROT13')", 1008),
        ("URL = 's3://hourglass/x/' ENCRYPTION = (TYPE = 'AWS_CSE' MASTER_KEY = 'x')", 2),
        ("URL = 's3://hourglass/x/' TAG (a = 'b')", 2),
        ("STORAGE_INTEGRATION = aws_integration", 1420),
    ],
)
def test_a_clause_that_cannot_be_kept_is_refused(client: Any, rest: str, code: int) -> None:
    assert client.refused(f"CREATE STAGE st {rest}")[0] == code
    assert client.rows("SHOW STAGES") == []


def test_or_replace_and_if_not_exists_exclude_each_other(client: Any) -> None:
    assert client.refused("CREATE OR REPLACE STAGE IF NOT EXISTS st") == (1003, "42000")


def test_a_comment_is_kept_and_other_words_before_stage_are_refused(client: Any) -> None:
    client.rows("CREATE STAGE st")
    client.rows("COMMENT ON STAGE st IS 'it''s'")
    assert client.rows("SHOW STAGES")[0]["comment"] == "it's"
    assert client.refused("CREATE TRANSIENT STAGE other") == (1003, "42000")
    assert client.refused("CREATE STAGE other COPY_OPTIONS = (ON_ERROR = IGNORE)")[0] == 1008
    assert client.refused("CREATE STAGE other CLONE st")[0] == 2

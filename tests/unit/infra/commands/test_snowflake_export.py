"""`hourglass snowflake export` on the local Snowflake: documents, refusals, files and marks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from infra.cli import app
from snowflake_components.connection import SnowflakeSettings, open_session, query
from tests.fakes.local_snowflake import FOREIGN_WARNING, PASSWORD

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)
Run = Callable[..., Result]

MADE_BY_HAND = (
    "CREATE FILE FORMAT LINES TYPE = JSON ALLOW_DUPLICATE = TRUE COMMENT = 'it''s by hand'",
    (
        "CREATE STAGE LANDING URL = 's3://hourglass/landing/' DIRECTORY = (ENABLE = TRUE) "
        "FILE_FORMAT = (FORMAT_NAME = LINES)"
    ),
    (
        "CREATE EXTERNAL TABLE EVENTS (ID VARCHAR AS (value:id::varchar)) LOCATION = @LANDING/x/ AUTO_REFRESH = FALSE "
        "PATTERN = '.*[.]jsonl' FILE_FORMAT = (FORMAT_NAME = LINES)"
    ),
    "CREATE STAGE PRIVATE",
    'CREATE TABLE LOADED (ID VARCHAR NOT NULL, "at" TIMESTAMP_NTZ)',
)


@pytest.fixture
def run(own_schema: SnowflakeSettings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Make objects by hand, and run a command of `hourglass snowflake`."""
    monkeypatch.setenv("HOURGLASS_TARGET", "remote")
    monkeypatch.setenv("HOURGLASS_SNOWFLAKE_PORT", str(own_schema.port))
    monkeypatch.setenv("HOURGLASS_SNOWFLAKE_PASSWORD", PASSWORD)
    with open_session(own_schema) as session:
        for sql in MADE_BY_HAND:
            session.execute(sql)

    def run(*arguments: str) -> Result:
        ran = CliRunner().invoke(app, ["snowflake", *arguments])
        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
        return ran

    return run


def test_objects_become_documents_whose_plan_is_empty(run: Run, own_schema: SnowflakeSettings, tmp_path: Path) -> None:
    """One component a document; what no document says is refused by name, and the rest is written."""
    schema, file = f"AWS.{own_schema.schema_name}", tmp_path / "landing" / "defs.yaml"
    ran = run("export", schema, "--to", str(file))
    assert 1 == ran.exit_code
    assert f"stage {schema}.PRIVATE: it is an internal stage" in ran.stderr
    assert f"table {schema}.LOADED: the account does not say how it is loaded" in ran.stderr
    documents = list(yaml.safe_load_all(file.read_text()))
    assert [("lines", "file format"), ("landing", "stage"), ("events", "external table")] == [
        (one["attributes"]["name"], one["attributes"]["type"]) for one in documents
    ]
    assert {
        "location": "@landing/x/",
        "columns": [{"name": "id", "type": "VARCHAR(16777216)", "as": "value:id::varchar"}],
        "file_format": "lines",
        "pattern": ".*[.]jsonl",
    } == documents[2]["attributes"]["options"]
    assert "it's by hand" == documents[0]["attributes"]["options"]["comment"]
    assert 0 == run("plan", str(tmp_path)).exit_code
    assert 0 == run("plan", str(tmp_path), "--deep").exit_code


def test_the_marks_are_written_only_when_told(run: Run, own_schema: SnowflakeSettings, tmp_path: Path) -> None:
    """They make the next plans short, and change nothing but the comments, whose words stay."""
    schema, file = f"AWS.{own_schema.schema_name}", tmp_path / "defs.yaml"
    assert 2 == run("export", schema, "lines", "--to", str(file), "--adopt").exit_code
    assert not file.exists()
    assert 0 == run("export", schema, "lines", "--to", str(file), "--adopt", "--yes").exit_code
    (row,) = query(own_schema, "SHOW FILE FORMATS IN SCHEMA").rows
    assert str(row["comment"]).startswith("it's by hand [hourglass 1 ")
    assert 0 == run("plan", str(tmp_path)).exit_code
    ran = run("export", schema)
    assert "left out: file format" in ran.stderr
    assert "lines" not in [one["attributes"]["name"] for one in yaml.safe_load_all(ran.stdout)]


def test_a_file_is_never_overwritten_without_a_word(run: Run, own_schema: SnowflakeSettings, tmp_path: Path) -> None:
    """Nothing is asked of the account either."""
    schema, file = f"AWS.{own_schema.schema_name}", tmp_path / "defs.yaml"
    file.write_text("mine")
    ran = run("export", schema, "--to", str(file))
    assert (2, "mine") == (ran.exit_code, file.read_text())
    assert 0 == run("export", schema, "landing", "--to", str(file), "--yes").exit_code
    assert "mine" != file.read_text()


def test_a_table_is_exported_with_the_stage_of_its_files(
    run: Run, own_schema: SnowflakeSettings, tmp_path: Path
) -> None:
    """The account knows its columns, and a person where its lines are."""
    schema = f"AWS.{own_schema.schema_name}"
    ran = run("export", schema, "loaded", "--load-from", "@landing/x/", "--json")
    (document,) = json.loads(ran.stdout)["documents"]
    assert {
        "location": "@landing/x/",
        "columns": [
            {"name": "id", "type": "VARCHAR(16777216)", "as": "$1:id::VARCHAR(16777216)", "not_null": True},
            {"name": '"at"', "type": "TIMESTAMP_NTZ(9)", "as": '$1:"at"::TIMESTAMP_NTZ(9)'},
        ],
        "file_format": "lines",
    } == document["attributes"]["options"]
    (tmp_path / "defs.yaml").write_text(yaml.safe_dump(document))
    assert 0 == run("plan", str(tmp_path)).exit_code

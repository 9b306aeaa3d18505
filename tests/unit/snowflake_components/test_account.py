"""Documents of a folder against an account: plan and apply, over the local Snowflake."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.commands.snowflake import snowflake
from snowflake_components.applying.project import read_objects
from snowflake_components.connection import SnowflakeSettings, query
from snowflake_components.documents.messages import DocumentError
from tests.fakes.local_snowflake import FOREIGN_WARNING, PASSWORD, Server

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

STAGE = """\
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: stage_a
  database_name: aws
  schema_name: dev
  target_schema: "{{ env('HOURGLASS_SNOWFLAKE_SCHEMA') }}"
  type: stage
  options:
    url: s3://hourglass/landing/
    directory: {enable: true}
    file_format: {type: JSON}
    comment: the stage
"""
TABLE = """\
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  name: ext_a
  database_name: aws
  schema_name: dev
  target_schema: "{{ env('HOURGLASS_SNOWFLAKE_SCHEMA') }}"
  type: external table
  options:
    location: "@stage_a"
    partition_by: HOUR
    columns:
      - {name: HOUR, type: TIMESTAMP, as: hour_of_path}
      - {name: ID, type: VARCHAR, as: "value:id::varchar"}
    file_format: {type: JSON}
  asset_attributes:
    partitions_def: "{{ hours_of('landed_hour') }}"
"""
Plan = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "defs.yaml").write_text(f"{STAGE}---\n{TABLE}")
    return tmp_path


@pytest.fixture
def run(own_schema: SnowflakeSettings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Run a command of `hourglass snowflake` on the folder; return its exit code and its JSON."""
    monkeypatch.setenv("HOURGLASS_SNOWFLAKE_PORT", str(own_schema.port))
    monkeypatch.setenv("HOURGLASS_SNOWFLAKE_PASSWORD", PASSWORD)

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        ran = CliRunner().invoke(snowflake, [arguments[0], str(folder), "--json", *arguments[1:]])
        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
        return ran.exit_code, json.loads(ran.stdout)

    return run


def _actions(planned: dict[str, Any]) -> dict[str, str]:
    return {one["object"].rpartition(".")[2]: one["action"] for one in planned["objects"]}


def _edit(folder: Path, written: str, instead: str) -> None:
    file = folder / "defs.yaml"
    text = file.read_text()
    assert written in text
    file.write_text(text.replace(written, instead))


def _rows(own_schema: SnowflakeSettings, sql: str) -> list[dict[str, Any]]:
    return [dict(row) for row in query(own_schema, sql).rows]


def test_documents_become_objects_and_an_edit_a_plan(
    run: Plan, server: Server, own_schema: SnowflakeSettings, folder: Path
) -> None:
    """Create, compare, replace with what was registered, move with what reads it: each answer is the account's."""
    server.bucket.write("landing/2025/08/01/03/a.jsonl", {"id": "a"})
    server.bucket.write("landing/2025/08/01/04/b.jsonl", {"id": "b"})
    assert (1, {"STAGE_A": "create", "EXT_A": "create"}) == (run("plan")[0], _actions(run("plan")[1]))
    assert (1, []) == (run("apply")[0], _rows(own_schema, "SHOW STAGES IN SCHEMA")), "without --yes nothing is changed"
    assert 0 == run("apply", "--yes")[0]
    code, planned = run("plan")
    assert (0, {"STAGE_A": "unchanged", "EXT_A": "unchanged"}, 2) == (
        code,
        _actions(planned),
        planned["statements_sent"],
    )

    _edit(folder, "columns:\n", 'columns:\n      - {name: N, type: INT, as: "value:n::int"}\n')
    server.bucket.write("landing/2025/08/01/05/c.jsonl", {"id": "c"})
    code, planned = run("plan")
    (replaced,) = [one for one in planned["objects"] if one["action"] != "unchanged"]
    assert (1, ["columns (added N)"]) == (code, replaced["reasons"])
    assert 1 == run("apply", "--yes")[0], "a replacement needs to be allowed"
    assert 0 == run("apply", "--yes", "--allow-replace")[0]
    assert [{"ID": "a"}, {"ID": "b"}] == _rows(own_schema, "SELECT ID FROM EXT_A WHERE N IS NULL ORDER BY ID"), (
        "what was registered is registered again, and nothing else"
    )

    _edit(folder, "s3://hourglass/landing/", "s3://hourglass/elsewhere/")
    code, planned = run("plan")
    assert {"STAGE_A": "move", "EXT_A": "replace"} == _actions(planned)
    assert ["external table AWS." in one for one in planned["objects"][0]["depends_on_it"]]
    assert 1 == run("apply", "--yes")[0]
    assert 0 == run("apply", "--yes", "--allow-replace")[0]
    assert 0 == run("plan")[0]


def test_a_change_by_hand_is_found_and_other_peoples_objects_are_not(
    run: Plan, own_schema: SnowflakeSettings, folder: Path
) -> None:
    """An object without a mark is in no plan; one of ours without a document is reported and stays."""
    run("apply", "--yes")
    query(own_schema, "CREATE STAGE OTHER URL = 's3://hourglass/other/'")
    query(own_schema, "ALTER STAGE STAGE_A SET URL = 's3://hourglass/by-hand/'")
    code, planned = run("plan")
    assert (1, {"STAGE_A": "move", "EXT_A": "replace"}) == (code, _actions(planned))
    assert [] == planned["orphans"]
    assert ["url (s3://hourglass/by-hand/ in the account, not s3://hourglass/landing/)"] == (
        planned["objects"][0]["reasons"]
    )
    run("apply", "--yes", "--allow-replace")
    _edit(folder, "name: ext_a", "name: ext_b")
    code, planned = run("plan")
    assert {"STAGE_A": "unchanged", "EXT_B": "create"} == _actions(planned)
    (old,) = planned["orphans"]
    assert old["object"].endswith(".EXT_A")
    assert "renamed to" in old["reason"]
    run("apply", "--yes")
    assert ["EXT_A", "EXT_B"] == sorted(row["name"] for row in _rows(own_schema, "SHOW EXTERNAL TABLES IN SCHEMA"))


def test_a_table_without_a_mark_is_replaced_or_adopted(run: Plan, own_schema: SnowflakeSettings) -> None:
    """The comment was replaced by hand, so nobody can say which definition is in force."""
    run("apply", "--yes")
    query(own_schema, "CREATE OR REPLACE EXTERNAL TABLE EXT_A LOCATION = @STAGE_A/ FILE_FORMAT = (TYPE = JSON)")
    assert {"STAGE_A": "unchanged", "EXT_A": "replace"} == _actions(run("plan")[1])
    assert {"STAGE_A": "unchanged", "EXT_A": "alter"} == _actions(run("plan", "--adopt")[1])


def test_a_new_column_at_the_end_keeps_the_registered_files(
    run: Plan, server: Server, own_schema: SnowflakeSettings, folder: Path
) -> None:
    """Nothing is replaced, so nobody needs to allow it, and no query sees fewer rows."""
    server.bucket.write("landing/2025/08/01/03/a.jsonl", {"id": "a", "n": 1})
    run("apply", "--yes")
    _edit(folder, '::varchar"}\n', '::varchar"}\n      - {name: N, type: INT, as: "value:n::int"}\n')
    code, planned = run("apply", "--yes")
    assert (0, {"STAGE_A": "unchanged", "EXT_A": "alter"}) == (code, _actions(planned))
    assert [{"ID": "a", "N": 1}] == _rows(own_schema, "SELECT ID, N FROM EXT_A WHERE N = 1")
    assert 0 == run("plan", "--deep")[0]


def test_a_replaced_table_keeps_its_grants_and_the_plan_names_them(
    run: Plan, own_schema: SnowflakeSettings, folder: Path
) -> None:
    """Whoever may read the table may read it after the replacement."""
    run("apply", "--yes")
    query(own_schema, "GRANT SELECT ON EXTERNAL TABLE EXT_A TO ROLE AWS_WRITER")
    _edit(folder, "    file_format: {type: JSON}\n  asset", "    file_format: {type: JSON}\n    pattern: x\n  asset")
    code, planned = run("plan")
    assert (1, ["grant SELECT to AWS_WRITER"]) == (code, planned["objects"][1]["depends_on_it"])
    assert 0 == run("apply", "--yes", "--allow-replace")[0]
    grants = _rows(own_schema, "SHOW GRANTS ON EXTERNAL TABLE EXT_A")
    assert {"OWNERSHIP", "SELECT"} == {row["privilege"] for row in grants}


def test_a_renamed_document_renames_its_object(run: Plan, own_schema: SnowflakeSettings, folder: Path) -> None:
    """The rows and grants of the object stay; who reads it is named, and a person must allow it."""
    (folder / "defs.yaml").write_text(STAGE)
    run("apply", "--yes")
    _edit(folder, "name: stage_a", "name: stage_b")
    code, planned = run("plan")
    (one,) = planned["objects"]
    assert (1, "rename", ["name (STAGE_A in the account, not STAGE_B)"]) == (code, one["action"], one["reasons"])
    assert [] == planned["orphans"]
    assert 1 == run("apply", "--yes")[0]
    assert 0 == run("apply", "--yes", "--allow-replace")[0]
    assert ["STAGE_B"] == [row["name"] for row in _rows(own_schema, "SHOW STAGES IN SCHEMA")]
    assert 0 == run("plan", "--deep")[0]


def test_a_change_by_hand_beside_the_mark_is_found_by_a_deep_plan(run: Plan, own_schema: SnowflakeSettings) -> None:
    """SHOW does not print the file format of a stage; its description does."""
    run("apply", "--yes")
    query(own_schema, "ALTER STAGE STAGE_A SET FILE_FORMAT = (TYPE = CSV)")
    assert 0 == run("plan")[0]
    code, planned = run("plan", "--deep")
    assert (1, ["file_format (TYPE=CSV in the account, not TYPE=JSON)"]) == (code, planned["objects"][0]["reasons"])
    assert 0 == run("apply", "--deep", "--yes")[0]
    assert 0 == run("plan", "--deep")[0]


def test_a_folder_names_every_mistake_of_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents are read without Dagster's loader; what is wrong in one of them does not hide another."""
    monkeypatch.setenv("HOURGLASS_SNOWFLAKE_SCHEMA", "dev")
    for name, text in {
        "a": STAGE.replace("  type: stage", "  rol: X\n  type: stage"),
        "b": f"{STAGE.replace('stage_a', 'b')}---\n{TABLE.replace('as: hour_of_path', 'as: hour(1')}",
        "c": "type: orchestration.HourlyStreamComponent\nattributes: {}\n",
        "d": f"{STAGE.replace('stage_a', 'd')}---\n{STAGE.replace('stage_a', 'D')}",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "defs.yaml").write_text(text)
    with pytest.raises(DocumentError) as caught:
        read_objects(tmp_path, ["snowflake_components.SnowflakeCreateOrRefreshComponent"])
    places = [f"{Path(str(one.file)).parent.name}:{one.line}" for one in caught.value.mistakes]
    assert ["a:7", "b:25", "d:14"] == places

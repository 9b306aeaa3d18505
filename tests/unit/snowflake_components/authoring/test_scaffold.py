"""The documents that the scaffold writes, and the schema that an editor reads."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from jsonschema import Draft7Validator

from snowflake_components.applying.account import apply_plan, plan_account
from snowflake_components.applying.project import read_objects
from snowflake_components.authoring.editor_schema import FILE, schema_text
from snowflake_components.connection import SnowflakeSettings, open_session, query
from snowflake_components.scaffold import ObjectsScaffolder, scaffolded
from tests.fakes.local_snowflake import FOREIGN_WARNING, Server

LINES = [{"id": "a", "payload": {"n": 1}}, {"id": "b", "payload": {}}]


def scaffold(folder: Path, *, append: bool = False) -> Path:
    """Write the documents into a folder, as `dg scaffold defs` does."""
    ObjectsScaffolder().scaffold(cast("Any", SimpleNamespace(target_path=folder, append=append)))
    return folder / "defs.yaml"


@pytest.mark.filterwarnings(FOREIGN_WARNING)
def test_the_objects_of_the_scaffold_are_created_and_read(
    server: Server, own_schema: SnowflakeSettings, tmp_path: Path
) -> None:
    """As they are: in the schema of the environment, with the named format; the table is loaded once."""
    server.bucket.write("my-orders/2025/08/01/03/part-0.jsonl", *LINES)
    scaffold(tmp_path / "My-orders")
    described = read_objects(tmp_path)
    with open_session(own_schema) as session:
        list(apply_plan(session, plan_account(session, described).pending))
        assert () == tuple(plan_account(session, described).pending)
    for sql in ("SELECT ID FROM EXT_MY_ORDERS WHERE HOUR = '2025-08-01 03:00:00'", "SELECT ID FROM MY_ORDERS"):
        assert ["a", "b"] == [row["ID"] for row in query(own_schema, f"{sql} ORDER BY ID").rows]


def test_the_scaffold_shows_every_kind_with_a_line_for_the_editor(tmp_path: Path) -> None:
    """The first line names the schema relative to the file; a second scaffold is appended to the first."""
    file = scaffold(tmp_path / "a" / "orders")
    first = file.read_text().splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert FILE.samefile(file.parent / first.partition("=")[2])
    scaffold(tmp_path / "a" / "orders", append=True)
    documents = list(yaml.safe_load_all(file.read_text()))
    kinds = ["file format", "stage", "external table", "table"]
    assert kinds * 2 == [document["attributes"]["type"] for document in documents]


def test_the_schema_for_editors_is_current() -> None:
    """`python -m snowflake_components.authoring.editor_schema` writes it."""
    assert FILE.read_text() == schema_text()


def test_an_editor_marks_a_mistake_and_accepts_the_scaffold() -> None:
    """Documents of other components in the file are not judged."""
    schema = json.loads(FILE.read_text())
    Draft7Validator.check_schema(schema)
    editor = Draft7Validator(schema)
    documents = list(yaml.safe_load_all(scaffolded("orders")))
    assert not [error.message for document in documents for error in editor.iter_errors(document)]
    assert editor.is_valid({"type": "orchestration.HourlyStreamComponent", "attributes": {"name": "x"}})
    documents[1]["attributes"]["options"]["directroy"] = {}
    documents[2]["attributes"]["options"]["pattern"] = 1
    documents[3]["attributes"]["type"] = "iceberg table"
    assert [1, 1, 1] == [len(list(editor.iter_errors(document))) for document in documents[1:]]

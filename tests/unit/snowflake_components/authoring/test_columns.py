"""Columns that are proposed from lines, and the patch that adds them to a document."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from snowflake_components.applying.project import read_objects
from snowflake_components.authoring.columns import LinesError, missing, paths_of, propose, read_lines
from snowflake_components.authoring.patch import NoSuchTableError, patch
from snowflake_components.connection import SnowflakeSettings, query
from snowflake_components.scaffold import scaffolded
from tests.fakes.local_snowflake import FOREIGN_WARNING


def columns_of(*lines: object) -> dict[str, str]:
    """Return the types of the proposed columns by their expressions, without casts."""
    found = propose(read_lines(map(json.dumps, lines), 1_000))
    return {one.expression("value").partition("::")[0]: one.type for one in found}


def test_a_type_reads_every_value_of_the_field() -> None:
    """The narrowest type; a mixture that no type reads is VARIANT, and so is what was only null."""
    assert {
        "value:i": "INTEGER",
        "value:f": "FLOAT",
        "value:b": "BOOLEAN",
        "value:t": "VARCHAR",
        "value:day": "DATE",
        "value:at": "TIMESTAMP_TZ",
        "value:wall": "TIMESTAMP_NTZ",
        "value:not_a_day": "VARCHAR",
        "value:mixed": "VARIANT",
        "value:list": "VARIANT",
        "value:nothing": "VARIANT",
        "value:empty": "VARIANT",
        "value:huge": "FLOAT",
        "value:late": "INTEGER",
    } == columns_of(
        {"i": 1, "f": 1, "b": True, "t": "x", "day": "2025-08-01", "at": "2025-08-01T03:00:00Z", "wall": "2025-08-01"}
        | {"not_a_day": "2025-13-01", "mixed": 1, "list": [1], "nothing": None, "empty": {}, "huge": 10**40},
        {"i": -2, "f": 1.5, "b": None, "t": "2025-08-01", "at": "2025-08-01T03:00:00.123+02:00", "late": 1}
        | {"mixed": "1", "list": [], "wall": "2025-08-01 03:00", "not_a_day": "2025-08-01"},
    )


def test_objects_are_opened_to_a_depth_and_names_are_unique() -> None:
    """A key that is no plain name is quoted in the expression and in the name."""
    lines = [{"id": 1, "event": {"id": "x", "createdAt": "2025-08-01T03:00:00Z", "deep": {"a": 1}}, "odd key": 1}]
    assert [
        '- {name: ID, type: INTEGER, as: "value:id::integer"}',
        '- {name: EVENT_ID, type: VARCHAR, as: "value:event:id::varchar"}',
        '- {name: CREATED_AT, type: TIMESTAMP_TZ, as: "value:event:createdAt::timestamp_tz"}',
        '- {name: DEEP, type: VARIANT, as: "value:event:deep"}',
        '- {name: "\\"odd key\\"", type: INTEGER, as: \'value:"odd key"::integer\'}',
    ] == [one.item("value") for one in propose(lines)]


def test_a_field_that_a_column_reads_is_not_proposed() -> None:
    """Nor what lies inside of an object that a column reads, whatever is done with it."""
    found = propose([{"a": 1, "b": {"x": 1, "y": 2}, "c": {"z": 1}, "d": 1}])
    expressions = ["value:a::integer", "to_varchar(value:b.x)", "VALUE:c"]
    assert [("b", "y"), ("d",)] == [one.path for one in missing(found, expressions)]
    assert {("a",), ("odd key", "b")} == paths_of("coalesce($1:a, $1:\"odd key\".b::int, 'value')")


@pytest.mark.parametrize(("line", "said"), [("{", "line 2 is not JSON"), ("[1]", "line 2 is no JSON object")])
def test_a_line_that_is_no_object_is_named(line: str, said: str) -> None:
    """Its content is not in the message."""
    with pytest.raises(LinesError, match=said):
        list(read_lines(['{"a": 1}', line], 10))


def test_the_patch_adds_what_the_document_lacks_and_applies(tmp_path: Path) -> None:
    """`git apply` takes it, comments and the other documents stay, and the file loads with the new columns."""
    file = tmp_path / "defs.yaml"
    file.write_text(scaffolded("orders"))
    found = propose([{"id": "a", "amount": 1.5}])
    for table in ("ext_orders", "orders"):
        diff = patch(file, table, found)
        assert 1 == sum(line.startswith("+ ") for line in diff.splitlines())
        relative = diff.replace(str(file), "defs.yaml")
        subprocess.run(["git", "apply", "-"], input=relative, text=True, cwd=tmp_path, check=True)
        assert not patch(file, table, found)
    text = file.read_text()
    assert '      - {name: AMOUNT, type: FLOAT, as: "value:amount::float"}\n    file_format' in text
    assert '      - {name: AMOUNT, type: FLOAT, as: "$1:amount::float"}\n    file_format' in text
    read_objects(tmp_path)


def test_a_table_without_document_is_named(tmp_path: Path) -> None:
    """A stage is none."""
    file = tmp_path / "defs.yaml"
    file.write_text(scaffolded("orders"))
    with pytest.raises(
        NoSuchTableError, match="no document of an external table or a table with the name stage_orders"
    ):
        patch(file, "stage_orders", ())


@pytest.mark.filterwarnings(FOREIGN_WARNING)
def test_every_proposed_expression_reads_its_values(own_schema: SnowflakeSettings) -> None:
    """On the local Snowflake, over lines of each type."""
    line = {"i": 1, "f": 1.5, "b": True, "t": "x", "day": "2025-08-01", "at": "2025-08-01T03:00:00Z", "odd key": "y"}
    found = propose([line])
    selected = ", ".join(f"{one.expression('value')} AS C{number}" for number, one in enumerate(found))
    sql = f"SELECT {selected} FROM (SELECT PARSE_JSON('{json.dumps(line)}') AS VALUE)"  # noqa: S608
    row = list(query(own_schema, sql).rows[0].values())
    assert [1, 1.5, True, "x", "2025-08-01", "2025-08-01T03:00:00+00:00", "y"] == [
        value.isoformat() if hasattr(value, "isoformat") else value for value in row
    ]

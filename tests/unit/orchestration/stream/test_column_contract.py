"""The gate between the model of the events and the columns of the tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, create_model

from flink_jobs.contracts.layout import AcceptedLine
from orchestration.stream.column_contract import _ENVELOPE, DEFS, broken_columns
from producers.events import PlatformEvent
from snowflake_components.authoring.tables import read_written_tables, written_tables

DOCUMENT = """\
type: snowflake_components.SnowflakeCreateOrRefreshComponent
attributes:
  type: {kind}
  options:
    columns:
      - {{name: A, type: {type}, as: "{expression}"{more}}}
"""


def broken(
    type_: str,
    expression: str,
    *,
    folder: str = "platform_events",
    **given: str,
) -> list[str]:
    """Return the findings of one column of a table."""
    text = DOCUMENT.format(type=type_, expression=expression, **{"kind": "external table", "more": ""} | given)
    file = Path("/defs") / folder / "defs.yaml"
    return [str(one) for one in broken_columns([(file, table) for table in written_tables(text)])]


def changed(*removed: str, **added: Any) -> type[BaseModel]:
    """Return the model of the events without some fields, and with others."""
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in PlatformEvent.model_fields.items() if name not in removed
    }
    return create_model("Changed", __module__=__name__, **fields | added)


def test_the_tables_of_the_project_hold_their_events() -> None:
    """After a change of `producers/events.py`: each finding names the column and the field, with file and line."""
    assert [] == [str(one) for one in broken_columns(read_written_tables(DEFS))]


def test_a_field_that_is_renamed_breaks_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """The column would be NULL in every row, and nothing else would say so. Both tables of the project read it."""
    monkeypatch.setattr("orchestration.stream.column_contract._place_of", lambda _model, field: f"events.py, {field}")
    found = broken_columns(read_written_tables(DEFS), changed("shard", region=(str, ...)))
    assert ["dagster_events", "platform_events"] == [Path(one.place.partition(":")[0]).parent.name for one in found]


def test_the_envelope_is_that_of_the_landing_job() -> None:
    """A field that is added to the line can be read by a column."""
    assert set(_ENVELOPE) | {"event"} == set(AcceptedLine.model_fields)
    assert {"key"} == {name for name, contract in _ENVELOPE.items() if not contract["required"]}


def test_both_places_are_named() -> None:
    """The line of the column in its document, and the line of the field in its model."""
    (found,) = broken("INTEGER", "value:event:run_id::integer")
    lines = Path("producers/events.py").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.startswith("    run_id:"))
    assert found == (
        "/defs/platform_events/defs.yaml:6: column A is INTEGER, which does not hold every id of run_id "
        f"(producers/events.py:{line})"
    )


@pytest.mark.parametrize(
    ("type_", "expression"),
    [
        ("VARCHAR(16)", "value:event:run_id::varchar(16)"),
        ("VARIANT", "value:event:run_id"),
        ("TIMESTAMP_TZ", "value:event:occurred_at::timestamp_tz"),
        ("VARIANT", "value:event:payload"),
        ("INTEGER", "value:event:payload:n::integer"),
        ("INTEGER", "length(value:event:run_id)"),
        ("VARIANT", "value:event"),
        ("VARCHAR", "METADATA$FILENAME"),
        ("TIMESTAMP", "value:timestamp::timestamp"),
        ("INTEGER", "value:event.schema_version::integer"),
    ],
)
def test_a_column_that_holds_every_value_is_no_finding(type_: str, expression: str) -> None:
    """What a function makes of a field is not judged."""
    assert [] == broken(type_, expression)


@pytest.mark.parametrize(
    ("type_", "expression", "said"),
    [
        ("VARCHAR", "value:event:runid::varchar", "reads runid, which an event does not have"),
        ("VARCHAR", "coalesce(value:event:run_id, value:event:runid)::varchar", "reads runid"),
        ("INTEGER", "value:event:occurred_at::integer", "does not hold every timestamp of occurred_at"),
        ("VARCHAR", "value:event:payload::varchar", "does not hold every object of payload"),
        ("VARCHAR", "value:event:run_id:x::varchar", "run_id is no object"),
        ("VARCHAR", "value:offset::varchar", "does not hold every integer of offset"),
        ("VARCHAR", "value:ofset::varchar", "reads ofset, which a line does not have"),
    ],
)
def test_a_column_that_would_be_empty_or_fail_is_found(type_: str, expression: str, said: str) -> None:
    """One finding, with the reason."""
    (found,) = broken(type_, expression)
    assert said in found


def test_a_field_that_becomes_optional_breaks_a_column_that_refuses_null() -> None:
    """Only a table has such columns."""
    table: dict[str, Any] = {"kind": "table", "more": ", not_null: true"}
    assert [] == broken("VARCHAR", "$1:event:event_id::varchar", **table)
    (found,) = broken("VARCHAR", "$1:event:run_id::varchar", **table)
    assert "run_id may be absent" in found


def test_a_stream_of_other_producers_may_have_more_fields() -> None:
    """They land unchanged; the fields of every event are still judged."""
    assert [] == broken("FLOAT", "value:event:amount::float", folder="orders")
    assert broken("FLOAT", "value:event:run_id::float", folder="orders")

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.frames.types import FrameType, table_schema
from orchestration.metapipeline.frames import JsonFrames
from orchestration.metapipeline.graph.nodes import Node, NodeKind, PlatformGraph
from orchestration.metapipeline.relations import RelationName
from orchestration.metapipeline.state import FolderState

MOMENT = datetime(2025, 8, 1, 3, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a frame."""

    name: str
    runs: int | None
    seconds: float
    at: datetime


ROWS = FrameType(tuple[Row, ...], "Rows")
GOOD = (Row("a", 3, 0.5, MOMENT), Row("b", None, 1.0, MOMENT))


def run(value: Any, folder: Path) -> tuple[dg.ExecuteInProcessResult, list[Any]]:
    """Hand a value from one asset to the next one."""
    taken: list[Any] = []

    @dg.asset(dagster_type=ROWS)
    def given() -> Any:
        return value

    @dg.asset(ins={"given": dg.AssetIn(dagster_type=ROWS)})
    def reader(given: Any) -> None:
        taken.append(given)

    storage = {"io_manager": JsonFrames(FolderState(folder.parent), folder.name)}
    result = dg.materialize([given, reader], resources=storage, raise_on_error=False)
    return result, taken


def test_a_frame_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The file is JSON, and the reader gets rows of the declared type."""
    result, taken = run(GOOD, tmp_path)
    assert result.success
    assert [GOOD] == taken
    assert '"name": "a"' in (tmp_path / "given.json").read_text()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ((Row(3, 3, 0.5, MOMENT),), "name"),  # type: ignore[arg-type]
        ((Row("a", 2.5, 0.5, MOMENT),), "runs"),  # type: ignore[arg-type]
        (({"name": "a"},), "Row"),
        ("rows", "value"),
        (None, "value"),
    ],
)
def test_a_wrong_frame_is_refused_where_it_is_made(value: Any, message: str, tmp_path: Path) -> None:
    """The step fails with the name of the field, nothing is stored, and no reader runs."""
    result, taken = run(value, tmp_path)
    assert not result.success
    assert [] == taken
    assert [] == list(tmp_path.iterdir())
    (output,) = [event for event in result.all_events if event.event_type_value == "STEP_OUTPUT"]
    assert message in str(output.step_output_data.type_check_data)


def test_a_stored_frame_of_another_shape_is_refused_by_its_reader(tmp_path: Path) -> None:
    """A file of an older release, or one that somebody edited, is not read as something else."""
    run(GOOD, tmp_path)
    text = (tmp_path / "given.json").read_text()
    (tmp_path / "given.json").write_text(text.replace('"runs": 3', '"runs": "3"'))
    with pytest.raises(Exception, match=r"0\.runs"):
        ROWS.from_json((tmp_path / "given.json").read_bytes())


def test_the_platform_graph_is_a_frame() -> None:
    """Names of relations, kinds and facts survive; the columns are declared."""
    nodes = (
        Node("model.p.a", NodeKind.MODEL, "a", "p", RelationName.parse('db.s."A b"'), ("me",), {"access": None}),
        Node("query.mode.w.1", NodeKind.QUERY),
    )
    graph = PlatformGraph(nodes, (("model.p.a", "query.mode.w.1"),))
    frame = FrameType(PlatformGraph, "PlatformGraph")
    read = frame.from_json(frame.to_json(graph))
    assert read == graph
    assert nodes[0].relation == read.nodes[0].relation
    assert {"access": None} == read.nodes[0].facts
    assert ["nodes", "edges", "gaps"] == [column.name for column in table_schema(PlatformGraph).columns]
    assert [("name", "str"), ("runs", "int | None")] == [
        (column.name, column.type) for column in table_schema(tuple[Row, ...]).columns
    ][:2]

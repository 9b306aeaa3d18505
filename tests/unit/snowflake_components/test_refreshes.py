"""Plan the refreshes of an object."""

from __future__ import annotations

import pytest

from snowflake_components.identifiers import Identifier, QualifiedName, StagePath, Word
from snowflake_components.planning.refreshes import ObjectSpec, Refresh, RefreshPath, RefreshWhole, plan_refreshes
from snowflake_components.statements.external_tables import CreateExternalTable, RefreshExternalTable
from snowflake_components.statements.stages import CreateStage, RefreshStage

NAME = QualifiedName(Identifier("D"), Identifier("S"), Identifier("X"))
STAGE = ObjectSpec(CreateStage(NAME, "s3://b/p/", directory_auto_refresh=False))
TABLE = ObjectSpec(CreateExternalTable(NAME, (), StagePath(NAME), {"TYPE": Word("JSON")}))
LAZY_TABLE = ObjectSpec(TABLE.definition, refresh_on_create=False)
PLAIN_STAGE = ObjectSpec(CreateStage(NAME, "s3://b/p/"), refreshable=False)
HOURS = ["2025/08/01/03/", "2025/08/01/04/"]


def _kinds(steps: list[Refresh]) -> list[str]:
    return [step.path if isinstance(step, RefreshPath) else type(step).__name__ for step in steps]


@pytest.mark.parametrize(
    ("spec", "is_new", "paths", "steps"),
    [
        (TABLE, True, None, ["RefreshWhole"]),
        (TABLE, False, None, ["RefreshWhole"]),
        (TABLE, True, HOURS, HOURS),
        (TABLE, False, HOURS, HOURS),
        (LAZY_TABLE, True, None, []),
        (LAZY_TABLE, True, HOURS, HOURS),
        (LAZY_TABLE, False, None, ["RefreshWhole"]),
        (STAGE, True, None, ["RefreshWhole"]),
        (STAGE, False, HOURS, HOURS),
        (PLAIN_STAGE, True, None, []),
        (PLAIN_STAGE, True, HOURS, []),
        (PLAIN_STAGE, False, None, []),
        (PLAIN_STAGE, False, HOURS, []),
    ],
)
def test_what_is_listed_is_listed_once(
    spec: ObjectSpec, is_new: bool, paths: list[str] | None, steps: list[str]
) -> None:
    """A refresh lists a partition's directories, else everything, never twice. No directory table means no refresh."""
    assert _kinds(plan_refreshes(spec, is_new=is_new, paths=paths)) == steps


def test_creating_lists_nothing_by_itself() -> None:
    """The refresh that follows lists the location and returns the found files."""
    assert "REFRESH_ON_CREATE = FALSE" in TABLE.definition.sql
    assert [RefreshWhole(RefreshExternalTable(NAME))] == plan_refreshes(TABLE, is_new=True, paths=None)


def test_each_kind_has_its_own_refresh() -> None:
    """A stage's directory table and an external table are refreshed by different statements."""
    of_stage = plan_refreshes(STAGE, is_new=False, paths=HOURS[:1])
    assert of_stage == [RefreshPath(RefreshStage(NAME, HOURS[0]), HOURS[0])]
    of_table = plan_refreshes(TABLE, is_new=False, paths=HOURS[:1])
    assert of_table == [RefreshPath(RefreshExternalTable(NAME, HOURS[0]), HOURS[0])]

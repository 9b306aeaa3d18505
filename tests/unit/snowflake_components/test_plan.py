"""Plan the statements for an object, from its definition and its present state."""

from __future__ import annotations

import pytest

from snowflake_components.identifiers import Identifier, QualifiedName, StagePath, Word
from snowflake_components.planning.refresh import Create, ObjectSpec, RefreshPath, RefreshWhole, Step, plan
from snowflake_components.statements.external_tables import CreateExternalTable, RefreshExternalTable
from snowflake_components.statements.stages import CreateStage, RefreshStage

NAME = QualifiedName(Identifier("D"), Identifier("S"), Identifier("X"))
STAGE = ObjectSpec(CreateStage(NAME, "s3://b/p/", directory_auto_refresh=False))
TABLE = ObjectSpec(CreateExternalTable(NAME, (), StagePath(NAME), {"TYPE": Word("JSON")}))
LAZY_TABLE = ObjectSpec(TABLE.definition, refresh_on_create=False)
PLAIN_STAGE = ObjectSpec(CreateStage(NAME, "s3://b/p/"), refreshable=False)
HOURS = ["2025/08/01/03/", "2025/08/01/04/"]


def _kinds(steps: list[Step]) -> list[str]:
    return [step.path if isinstance(step, RefreshPath) else type(step).__name__ for step in steps]


@pytest.mark.parametrize(
    ("spec", "exists", "paths", "steps"),
    [
        (TABLE, False, None, ["Create", "RefreshWhole"]),
        (TABLE, True, None, ["RefreshWhole"]),
        (TABLE, False, HOURS, ["Create", *HOURS]),
        (TABLE, True, HOURS, HOURS),
        (LAZY_TABLE, False, None, ["Create"]),
        (LAZY_TABLE, False, HOURS, ["Create", *HOURS]),
        (LAZY_TABLE, True, None, ["RefreshWhole"]),
        (STAGE, False, None, ["Create", "RefreshWhole"]),
        (STAGE, True, HOURS, HOURS),
        (PLAIN_STAGE, False, None, ["Create"]),
        (PLAIN_STAGE, False, HOURS, ["Create"]),
        (PLAIN_STAGE, True, None, []),
        (PLAIN_STAGE, True, HOURS, []),
    ],
)
def test_absent_is_created_and_present_is_refreshed_once(
    spec: ObjectSpec, exists: bool, paths: list[str] | None, steps: list[str]
) -> None:
    """A refresh lists a partition's directories, else everything, never twice. No directory table means no refresh."""
    assert _kinds(plan(spec, exists=exists, paths=paths)) == steps


def test_creating_lists_nothing_by_itself() -> None:
    """The refresh that follows lists the location and returns the found files."""
    create, refresh = plan(TABLE, exists=False, paths=None)
    assert isinstance(create, Create)
    assert "REFRESH_ON_CREATE = FALSE" in create.statement.sql
    assert refresh == RefreshWhole(RefreshExternalTable(NAME))


def test_each_kind_has_its_own_refresh() -> None:
    """A stage's directory table and an external table are refreshed by different statements."""
    assert plan(STAGE, exists=True, paths=HOURS[:1]) == [RefreshPath(RefreshStage(NAME, HOURS[0]), HOURS[0])]
    assert plan(TABLE, exists=True, paths=HOURS[:1]) == [RefreshPath(RefreshExternalTable(NAME, HOURS[0]), HOURS[0])]

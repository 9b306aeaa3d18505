"""Plan the refreshes of an object from what happened to it and from the paths of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from snowflake_components.identifiers import Identifier, QualifiedName
from snowflake_components.statements.external_tables import RefreshExternalTable
from snowflake_components.statements.kinds import Definition, ObjectType, ShowObject, Statement
from snowflake_components.statements.stages import RefreshStage
from snowflake_components.statements.tables import CopyInto


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """One object that must exist.

    Args:
        definition: the statement that creates it.
        role: for every statement about the object; None keeps that of the session.
        refreshable: False for a stage without directory table.
        refresh_on_create: whether a run without partition refreshes everything after creating it.
        applies_changes: whether a run changes an object that differs from its document; else the run fails.
        load: how a table is loaded; None for an object that is refreshed.
        loads_older_files: whether a table loads hours that are older than Snowflake's load metadata.
        rejected_rows_max: more left out rows than this fail the check of a table.
    """

    definition: Definition
    role: Identifier | None = None
    refreshable: bool = True
    refresh_on_create: bool = True
    applies_changes: bool = False
    load: CopyInto | None = None
    loads_older_files: bool = False
    rejected_rows_max: int = 0

    @property
    def object_type(self) -> ObjectType:
        """Stage or external table."""
        return self.definition.object_type

    @property
    def name(self) -> QualifiedName:
        """Its full name."""
        return self.definition.name

    @property
    def look(self) -> ShowObject:
        """The statement that shows whether it exists."""
        return ShowObject(self.object_type, self.name)


@dataclass(frozen=True, slots=True)
class RefreshWhole:
    """List everything below the object's location, or load it."""

    statement: Statement


@dataclass(frozen=True, slots=True)
class RefreshPath:
    """List one directory below the object's location, or load it."""

    statement: Statement
    path: str


Refresh: TypeAlias = RefreshWhole | RefreshPath


def plan_refreshes(spec: ObjectSpec, *, is_new: bool, paths: Sequence[str] | None) -> list[Refresh]:
    """List the refreshes, none of which lists a file twice.

    1. With `paths`, exactly these directories are refreshed, for a new object as well.
    2. Without `paths`, a present object is refreshed once, and a new one only if `refresh_on_create`.
    3. A stage without directory table is never refreshed.

    Args:
        spec: of the object.
        is_new: whether it was created just now, without listing its location.
        paths: directories of the run's partitions, `2025/08/01/03/`; None for a run without partition.
    """
    if not spec.refreshable:
        return []
    if paths is not None:
        return [RefreshPath(_refresh(spec, path), path) for path in paths]
    if is_new and not spec.refresh_on_create:
        return []
    return [RefreshWhole(_refresh(spec, None))]


def _refresh(spec: ObjectSpec, path: str | None) -> Statement:
    if spec.load is not None:
        return spec.load.below(path)
    if spec.object_type is ObjectType.STAGE:
        return RefreshStage(spec.name, path)
    return RefreshExternalTable(spec.name, path)

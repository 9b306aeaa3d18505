"""Plan the steps for an object from its definition, its existence and the paths of a run.

An absent object is created, a present one is refreshed. Nothing is dropped, replaced or altered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from snowflake_components.identifiers import Identifier, QualifiedName
from snowflake_components.statements.external_tables import CreateExternalTable, RefreshExternalTable
from snowflake_components.statements.kinds import ObjectType, ShowObject
from snowflake_components.statements.stages import CreateStage, RefreshStage


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """One object that must exist.

    Args:
        definition: the statement that creates it.
        role: for every statement about the object; None keeps that of the session.
        refreshable: False for a stage without directory table.
        refresh_on_create: whether a run without partition refreshes everything after creating it.
    """

    definition: CreateStage | CreateExternalTable
    role: Identifier | None = None
    refreshable: bool = True
    refresh_on_create: bool = True

    @property
    def object_type(self) -> ObjectType:
        """Stage or external table."""
        return ObjectType.STAGE if isinstance(self.definition, CreateStage) else ObjectType.EXTERNAL_TABLE

    @property
    def name(self) -> QualifiedName:
        """Its full name."""
        return self.definition.name

    @property
    def look(self) -> ShowObject:
        """The statement that shows whether it exists."""
        return ShowObject(self.object_type, self.name)


@dataclass(frozen=True, slots=True)
class Create:
    """Create the object without listing its location."""

    statement: CreateStage | CreateExternalTable


@dataclass(frozen=True, slots=True)
class RefreshWhole:
    """List everything below the object's location."""

    statement: RefreshStage | RefreshExternalTable


@dataclass(frozen=True, slots=True)
class RefreshPath:
    """List one directory below the object's location."""

    statement: RefreshStage | RefreshExternalTable
    path: str


Step: TypeAlias = Create | RefreshWhole | RefreshPath


def plan(spec: ObjectSpec, *, exists: bool, paths: Sequence[str] | None) -> list[Step]:
    """List the steps, in this order: create what is absent, then refresh.

    1. An absent object is created without listing its location.
    2. With `paths`, exactly these directories are refreshed, for a new object as well.
    3. Without `paths`, a present object is refreshed once, and a new one only if `refresh_on_create`.
    4. A stage without directory table is never refreshed.

    Args:
        spec: of the object.
        exists: whether an object of exactly this name exists.
        paths: directories of the run's partitions, `2025/08/01/03/`; None for a run without partition.
    """
    steps: list[Step] = [] if exists else [Create(spec.definition)]
    if not spec.refreshable:
        return steps
    if paths is not None:
        return [*steps, *(RefreshPath(_refresh(spec, path), path) for path in paths)]
    if exists or spec.refresh_on_create:
        steps.append(RefreshWhole(_refresh(spec, None)))
    return steps


def _refresh(spec: ObjectSpec, path: str | None) -> RefreshStage | RefreshExternalTable:
    if spec.object_type is ObjectType.STAGE:
        return RefreshStage(spec.name, path)
    return RefreshExternalTable(spec.name, path)

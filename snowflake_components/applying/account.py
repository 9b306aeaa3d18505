"""Compare all documents with an account, and apply what differs.

One SHOW lists the objects of a kind in a schema, so a plan of a thousand objects is a few statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TypeAlias

from snowflake_components.applying.objects import Sent, apply_change, compared, require_applied, take_refresh
from snowflake_components.applying.project import DescribedObject
from snowflake_components.errors import SnowflakeError
from snowflake_components.identifiers import Identifier, QualifiedName
from snowflake_components.planning.change import Action, Change
from snowflake_components.planning.changes import plan_change
from snowflake_components.planning.differences import Found, is_of_kind
from snowflake_components.planning.marks import mark_of
from snowflake_components.planning.refreshes import plan_refreshes
from snowflake_components.statements.changes import ShowObjects
from snowflake_components.statements.external_tables import CreateExternalTable
from snowflake_components.statements.kinds import ObjectType
from snowflake_components.work import Session

SHOWN_ROWS_MAX = 10_000
"""SHOW prints at most so many rows; with as many, an object may be missing."""
_ORDER = list(ObjectType)
_Place: TypeAlias = tuple[ObjectType, Identifier, Identifier]


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """The change of one object, and the document that wants it."""

    described: DescribedObject
    change: Change


@dataclass(frozen=True, slots=True)
class Undescribed:
    """An object with a mark of ours that no document describes; it is reported, and never dropped.

    Args:
        object_type: its kind.
        name: its full name.
        hint: a document whose object is probably this one under another name, or nothing.
    """

    object_type: ObjectType
    name: QualifiedName
    hint: str


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What the documents want of an account.

    Args:
        objects: in the order in which they are applied: what others are made of comes first.
        undescribed: objects of ours without a document.
        statements: that the comparison sent.
    """

    objects: tuple[PlannedObject, ...]
    undescribed: tuple[Undescribed, ...]
    statements: tuple[str, ...]

    @property
    def pending(self) -> tuple[PlannedObject, ...]:
        """The objects that are not what their documents say."""
        return tuple(one for one in self.objects if one.change.action is not Action.UNCHANGED)


def plan_account(session: Session, described: Sequence[DescribedObject], *, adopt: bool = False) -> AccountPlan:
    """Compare every document with its object.

    Args:
        session: its role is used for documents without one.
        described: all documents.
        adopt: take tables without a mark as what their documents say.

    Raises:
        SnowflakeError: a schema cannot be listed, or has too many objects to be listed.
    """
    sent = Sent(session)
    found = _listed(sent, described)
    ordered = sorted(described, key=lambda one: (_ORDER.index(one.spec.object_type), str(one.spec.name)))
    planned: list[PlannedObject] = []
    moved: set[QualifiedName] = set()
    for one in ordered:
        definition = one.spec.definition
        is_on_moved = isinstance(definition, CreateExternalTable) and definition.location.stage in moved
        reasons = ["its stage moves"] if is_on_moved else []
        there = found.get(_place(one.spec.object_type, one.spec.name), {}).get(one.spec.name.name.name)
        change = plan_change(definition, there, moves=reasons, adopt=adopt)
        if change.action is Action.MOVE:
            moved.add(one.spec.name)
        if change.action in {Action.MOVE, Action.BY_HAND}:
            change = _with_readers(change, found)
        planned.append(PlannedObject(one, change))
    return AccountPlan(tuple(planned), tuple(_undescribed(found, planned)), tuple(sent.statements))


def apply_plan(session: Session, planned: Iterable[PlannedObject]) -> Iterator[PlannedObject]:
    """Apply the changes in order, and yield each one that is done.

    A replaced table registers again what it had registered; a created object is listed once if its document says so.
    A change by hand is left out.

    Raises:
        ObjectDiffersError: Snowflake accepted a change that had no effect.
        SnowflakeError: any other refusal; what was yielded before is done.
    """
    for one in planned:
        spec, change = one.described.spec, one.change
        if change.action in {Action.UNCHANGED, Action.BY_HAND}:
            continue
        sent = Sent(session)
        with session.role(spec.role) if spec.role else nullcontext():
            refreshes = apply_change(sent, change, spec)
            if change.action is Action.CREATE:
                refreshes = plan_refreshes(spec, is_new=True, paths=None)
            for refresh in refreshes:
                take_refresh(sent, refresh)
            require_applied(compared(sent, spec))
        yield one


def _with_readers(change: Change, found: dict[_Place, dict[str, Found]]) -> Change:
    """Name the external tables of the account that read a stage."""
    stage = str(change.definition.name)
    readers = [
        f"{database.name}.{schema.name}.{name}"
        for (object_type, database, schema), objects in found.items()
        if object_type is ObjectType.EXTERNAL_TABLE
        for name, there in objects.items()
        if there.shown("stage").replace('"', "") == stage
    ]
    said = f"{change.consequence}. External tables that read it: {', '.join(sorted(readers)) or 'none that is listed'}"
    return replace(change, consequence=said)


def _listed(sent: Sent, described: Sequence[DescribedObject]) -> dict[_Place, dict[str, Found]]:
    """List the objects of each kind and schema, in the role of their documents."""
    found: dict[_Place, dict[str, Found]] = {}
    wanted = {(one.spec.role, _place(one.spec.object_type, one.spec.name)): one.spec.name for one in described}
    for role in dict.fromkeys(role for role, _ in wanted):
        with sent.session.role(role) if role else nullcontext():
            for (of_role, place), name in wanted.items():
                if of_role == role:
                    found.setdefault(place, {}).update(_objects(sent, place[0], name))
    return found


def _objects(sent: Sent, object_type: ObjectType, name: QualifiedName) -> dict[str, Found]:
    result = sent.send(ShowObjects(object_type, name).sql)
    if len(result.rows) >= SHOWN_ROWS_MAX:
        raise SnowflakeError(
            f"schema {name.database.name}.{name.schema.name} has {SHOWN_ROWS_MAX} {object_type}s or more, and SHOW "
            "prints no more: some cannot be compared",
            query_id=result.query_id,
        )
    rows = [row for row in result.rows if is_of_kind(object_type, row)]
    return {str(row["name"]): Found.from_row(object_type, row) for row in rows}


def _place(object_type: ObjectType, name: QualifiedName) -> _Place:
    return object_type, name.database, name.schema


def _undescribed(found: dict[_Place, dict[str, Found]], planned: Sequence[PlannedObject]) -> Iterator[Undescribed]:
    known = {(one.described.spec.object_type, one.described.spec.name) for one in planned}
    created = [one for one in planned if one.change.action is Action.CREATE]
    for (object_type, database, schema), objects in found.items():
        for name, there in objects.items():
            full = QualifiedName(database, schema, Identifier(name))
            if there.mark is None or (object_type, full) in known:
                continue
            alike = next(
                (
                    one.described
                    for one in created
                    if one.described.spec.object_type is object_type
                    and mark_of(one.described.spec.definition) == there.mark
                ),
                None,
            )
            hint = f"renamed to {alike.spec.name} by {alike.place}? The old object stays" if alike else ""
            yield Undescribed(object_type, full, hint)

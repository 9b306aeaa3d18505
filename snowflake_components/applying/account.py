"""Compare all documents with an account, and apply what differs.

One SHOW lists the objects of a kind in a schema, so a plan of a thousand objects is a few statements. An object without
a mark is described by one statement of its own, and so is every object where the plan is `deep`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from snowflake_components.applying.listing import (
    Listed,
    Sent,
    described,
    list_dependents,
    list_objects,
    needs_description,
    place_of,
)
from snowflake_components.applying.objects import apply_change, compared, require_applied, take_refresh
from snowflake_components.applying.project import DescribedObject
from snowflake_components.identifiers import Identifier, QualifiedName
from snowflake_components.planning.change import Action, Change
from snowflake_components.planning.changes import plan_change
from snowflake_components.planning.dependents import dependents_of, grants_in
from snowflake_components.planning.refreshes import ObjectSpec, plan_refreshes
from snowflake_components.planning.renames import Orphan, former_of, rename_to
from snowflake_components.statements.descriptions import ShowGrants
from snowflake_components.statements.external_tables import CreateExternalTable
from snowflake_components.statements.kinds import ObjectType
from snowflake_components.work import Session

GRANTS_ASKED_MAX = 10
"""For so many objects a plan asks who may use them: each is a statement."""
_ORDER = list(ObjectType)
_NOT_ASKED = f"grants that were not asked for: more than {GRANTS_ASKED_MAX} objects change"


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """The change of one object, and the document that wants it."""

    described: DescribedObject
    change: Change


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """What the documents want of an account.

    Args:
        objects: in the order in which they are applied: what others are made of comes first.
        orphans: objects of ours without a document.
        statements: that the comparison sent.
    """

    objects: tuple[PlannedObject, ...]
    orphans: tuple[Orphan, ...]
    statements: tuple[str, ...]

    @property
    def pending(self) -> tuple[PlannedObject, ...]:
        """The objects that are not what their documents say."""
        return tuple(one for one in self.objects if one.change.action is not Action.UNCHANGED)


def plan_account(
    session: Session, documents: Sequence[DescribedObject], *, adopt: bool = False, deep: bool = False
) -> AccountPlan:
    """Compare every document with its object.

    1. List the objects of each kind and schema.
    2. Describe those without a mark, or all of them where the plan is deep.
    3. Plan each object, what others are made of first.
    4. Take a new object and an orphan with the same mark as one that was renamed.
    5. Name what depends on the objects that are replaced, moved, renamed or left to a person.

    Args:
        session: its role is used for documents without one.
        documents: all of them.
        adopt: take objects without a mark as what their documents say.
        deep: describe every object, so that changes by hand beside the mark are found.

    Raises:
        SnowflakeError: a schema cannot be listed, or has too many objects to be listed.
    """
    sent = Sent(session)
    ordered = sorted(documents, key=lambda one: (_ORDER.index(one.spec.object_type), str(one.spec.name)))
    found = list_objects(sent, [one.spec for one in documents])
    _describe(sent, found, [one.spec for one in ordered], adopt=adopt, deep=deep)
    planned, orphans = _renamed(_planned(ordered, found, adopt=adopt), _orphans(found, ordered))
    changes, orphans = _with_dependents(sent, planned, orphans)
    return AccountPlan(tuple(changes), tuple(orphans), tuple(sent.statements))


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
        with session.role(spec.role):
            refreshes = apply_change(sent, change, spec)
            if change.action is Action.CREATE:
                refreshes = plan_refreshes(spec, is_new=True, paths=None)
            for refresh in refreshes:
                take_refresh(sent, refresh)
            require_applied(compared(sent, spec))
        yield one


def _describe(sent: Sent, found: Listed, specs: Sequence[ObjectSpec], *, adopt: bool, deep: bool) -> None:
    """Replace the objects of documents by ones with a description, where it is needed."""
    for spec in specs:
        objects, name = found[place_of(spec.object_type, spec.name)], spec.name.name.name
        if name in objects and needs_description(objects[name], adopt=adopt, deep=deep):
            with sent.session.role(spec.role):
                objects[name] = described(sent, objects[name], spec.name)


def _planned(ordered: Sequence[DescribedObject], found: Listed, *, adopt: bool) -> Iterator[PlannedObject]:
    moved: set[QualifiedName] = set()
    for one in ordered:
        definition = one.spec.definition
        is_on_moved = isinstance(definition, CreateExternalTable) and definition.location.stage in moved
        reasons = ["its stage moves"] if is_on_moved else []
        there = found[place_of(one.spec.object_type, one.spec.name)].get(one.spec.name.name.name)
        change = plan_change(definition, there, moves=reasons, adopt=adopt)
        if change.action is Action.MOVE:
            moved.add(one.spec.name)
        yield PlannedObject(one, change)


def _orphans(found: Listed, documents: Sequence[DescribedObject]) -> list[Orphan]:
    known = {(one.spec.object_type, one.spec.name) for one in documents}
    return [
        Orphan(object_type, full, there.mark)
        for (object_type, database, schema), objects in found.items()
        for name, there in objects.items()
        if there.mark is not None
        and (object_type, full := QualifiedName(database, schema, Identifier(name))) not in known
    ]


def _renamed(planned: Iterable[PlannedObject], orphans: list[Orphan]) -> tuple[list[PlannedObject], list[Orphan]]:
    """Turn the creation of an object that an orphan was into a rename, where Snowflake has one."""
    objects = list(planned)
    created = [one.change.definition for one in objects if one.change.action is Action.CREATE]
    left = list(orphans)
    for at, one in enumerate(objects):
        definition = one.change.definition
        former = former_of(definition, created, orphans) if one.change.action is Action.CREATE else None
        if former is None:
            continue
        left.remove(former)
        if change := rename_to(definition, former):
            objects[at] = replace(one, change=change)
        else:
            said = f"renamed to {definition.name} by {one.described.place}? Snowflake renames no external table"
            left.append(replace(former, reason=f"{said}: the old one stays, drop it by hand"))
    return objects, left


def _with_dependents(
    sent: Sent, planned: Sequence[PlannedObject], orphans: Sequence[Orphan]
) -> tuple[list[PlannedObject], list[Orphan]]:
    """Name what depends on the objects whose change others notice; three lists, and the grants of some objects."""
    touched = [one for one in planned if one.change.touches_dependents]
    if not touched and not orphans:
        return list(planned), list(orphans)
    lists = list_dependents(sent)
    asked = touched[:GRANTS_ASKED_MAX]
    objects = []
    for one in planned:
        if not one.change.touches_dependents:
            objects.append(one)
            continue
        name = one.change.present_name
        readers = dependents_of(one.described.spec.object_type, name, lists)
        grants = _grants(sent, one.described.spec, name) if one in asked else (_NOT_ASKED,)
        objects.append(replace(one, change=replace(one.change, dependents=(*readers, *grants))))
    return objects, [replace(one, dependents=dependents_of(one.object_type, one.name, lists)) for one in orphans]


def _grants(sent: Sent, spec: ObjectSpec, name: QualifiedName) -> tuple[str, ...]:
    with sent.session.role(spec.role):
        return grants_in(sent.send(ShowGrants(spec.object_type, name).sql).rows)

"""Create, change and refresh one object in a session, and report it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from snowflake_components.applying.listing import Sent, described, needs_description
from snowflake_components.errors import ObjectDiffersError, ObjectInvalidError, SnowflakeError
from snowflake_components.planning.change import NO_MARK, Action, Change
from snowflake_components.planning.changes import plan_change
from snowflake_components.planning.differences import Found, is_of_kind
from snowflake_components.planning.hours import directories_of_files
from snowflake_components.planning.outcome import (
    FileChange,
    FileStatus,
    LoadedFile,
    read_changes,
    read_loads,
    require_registered,
)
from snowflake_components.planning.refreshes import ObjectSpec, Refresh, RefreshPath, RefreshWhole, plan_refreshes
from snowflake_components.statements.changes import RegisteredFiles
from snowflake_components.statements.external_tables import RefreshExternalTable
from snowflake_components.statements.tables import CopyInto
from snowflake_components.work import Session

_APPLICABLE = frozenset({Action.ALTER, Action.REPLACE})
"""The actions that a run may do where its document says `on_change: apply`; a stage is moved by a person alone."""


@dataclass(frozen=True, slots=True)
class Report:
    """The steps that were done for one object.

    Args:
        created: whether it was absent.
        changed: what the change was; None for an object that was as its document says.
        paths: refreshed directories; none for a refresh of everything.
        statements: executed SQL, in order.
        query_ids: Snowflake's ids of the statements.
        changes: files that the refreshes reported.
        loads: files that the loads of a table reported.
    """

    created: bool
    changed: str | None
    paths: tuple[str, ...]
    statements: tuple[str, ...]
    query_ids: tuple[str, ...]
    changes: tuple[FileChange, ...]
    loads: tuple[LoadedFile, ...] = ()

    def count(self, status: FileStatus) -> int:
        """Count the files of one status."""
        return sum(change.status is status for change in self.changes)


def create_or_refresh(session: Session, spec: ObjectSpec, paths: Sequence[str] | None) -> Report:
    """Make an object what its document says, and refresh it; safe to repeat from its beginning.

    1. Use the role of the object, if it has one.
    2. Look for an object of exactly this name.
    3. Create it if it is absent; compare it with its document if it is present.
    4. Where it differs, change it if the document allows that to a run, and compare again; else stop.
    5. Refresh what is planned, and stop at the first refresh with a failed file.
    6. Restore the role.

    Raises:
        ObjectDiffersError: the object differs from its document, and a run may not change it.
        ObjectInvalidError: the external table cannot be read, and a run may not replace it.
        FilesNotRegisteredError: a refresh reported a file that it could not register.
        SnowflakeError: any other refusal.
    """
    sent = Sent(session)
    with session.role(spec.role):
        change = compared(sent, spec)
        registered: list[Refresh] = []
        if change.action is Action.CREATE:
            apply_change(sent, change, spec)
        elif change.action is not Action.UNCHANGED:
            _require_allowed(change, spec, sent)
            registered = apply_change(sent, change, spec)
            require_applied(compared(sent, spec))
        planned = plan_refreshes(spec, is_new=change.action is Action.CREATE, paths=paths)
        refreshes = list({refresh.statement.sql: refresh for refresh in [*registered, *planned]}.values())
        taken = [file for refresh in refreshes for file in take_refresh(sent, refresh)]
    return Report(
        change.action is Action.CREATE,
        None if change.action in {Action.CREATE, Action.UNCHANGED} else change.said,
        tuple(refresh.path for refresh in refreshes if isinstance(refresh, RefreshPath)),
        tuple(sent.statements),
        tuple(sent.query_ids),
        tuple(file for file in taken if isinstance(file, FileChange)),
        tuple(file for file in taken if isinstance(file, LoadedFile)),
    )


def apply_change(sent: Sent, change: Change, spec: ObjectSpec) -> list[Refresh]:
    """Send the statements of a change.

    Returns:
        The refreshes that register again what a replaced table had registered.
    """
    again: list[Refresh] = []
    if change.action is Action.REPLACE:
        again = _registered(sent, spec)
    for statement in change.statements:
        sent.send(statement.sql)
    return again


def require_applied(change: Change) -> None:
    """Raise `ObjectDiffersError` where a change had no effect: a server that answers success is not believed."""
    if change.action is not Action.UNCHANGED:
        raise ObjectDiffersError(f"Snowflake accepted the change, but the object still differs: {change.said}")


def take_refresh(sent: Sent, refresh: Refresh) -> Sequence[FileChange | LoadedFile]:
    """Refresh or load, and return the files that it reported.

    Raises:
        FilesNotRegisteredError: a refresh reported a file that failed.
    """
    result = sent.send(refresh.statement.sql)
    if isinstance(refresh.statement, CopyInto):
        return read_loads(result.rows)
    changes = read_changes(result.rows)
    require_registered(changes, sql=refresh.statement.sql, query_id=result.query_id)
    return changes


def compared(sent: Sent, spec: ObjectSpec, *, deep: bool = False) -> Change:
    """Look for the object of exactly this name, and plan its change.

    Args:
        sent: the statements of the session.
        spec: of the object.
        deep: describe it, so that changes by hand beside its mark are found.
    """
    rows = sent.send(spec.look.sql).rows
    # LIKE also returns similar names: `_` is any character, and case does not count
    row = next((row for row in rows if row["name"] == spec.name.name.name and is_of_kind(spec.object_type, row)), None)
    if row is None:
        return plan_change(spec.definition, None)
    found = Found.from_row(spec.object_type, row)
    if needs_description(found, deep=deep):
        found = described(sent, found, spec.name)
    return plan_change(spec.definition, found)


def _require_allowed(change: Change, spec: ObjectSpec, sent: Sent) -> None:
    if spec.applies_changes and change.action in _APPLICABLE:
        return
    is_invalid = next((reason for reason in change.reasons if reason.startswith("it is invalid")), None)
    options = "--yes --allow-replace" if change.is_breaking else "--yes"
    adopting = " (with --adopt, if it is what the document says)" if NO_MARK in change.reasons else ""
    by_run = ", or write on_change: apply in the document" if change.action in _APPLICABLE else ""
    repair = f"Run `hourglass snowflake apply {options}`{adopting}{by_run}."
    kind = ObjectInvalidError if is_invalid else ObjectDiffersError
    raise kind(f"{change.said.rstrip('.')}. {repair}", query_id=sent.query_ids[-1])


def _registered(sent: Sent, spec: ObjectSpec) -> list[Refresh]:
    """Return the refreshes of the directories that the table has registered; of everything where they are unknown."""
    name = spec.name
    try:
        rows = sent.send(RegisteredFiles(name).sql).rows
    except SnowflakeError:
        rows = ({"FILE_NAME": "?"},)  # an invalid table may not list its files
    paths = directories_of_files(str(row["FILE_NAME"]) for row in rows)
    if paths is None:
        return [RefreshWhole(RefreshExternalTable(name))]
    return [RefreshPath(RefreshExternalTable(name, path), path) for path in paths]

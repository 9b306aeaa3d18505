"""Register the files of external tables: by refresh, one by one, or by partitions that their owner adds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from infra.local_snowflake.errors import OptionRefusedError
from infra.local_snowflake.external_tables.partitions import Values, partition_values
from infra.local_snowflake.external_tables.reading.scan import Scan
from infra.local_snowflake.files.bucket import Bucket, StoredObject
from infra.local_snowflake.language.statements import AddPartition, ChangeFiles
from infra.local_snowflake.objects.registered_files import FileChange, FileStatus, changes
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stages import listed, location_of
from infra.local_snowflake.objects.stored import ExternalTable, Location


@dataclass(frozen=True, slots=True)
class Registration:
    """Registers files; each change is one transaction.

    Args:
        registry: of the tables and their files.
        bucket: of the files.
        now: returns the time.
        scan: reads the files in queries.
    """

    registry: Registry
    bucket: Bucket
    now: Callable[[], datetime]
    scan: Scan

    def refresh(self, table: ExternalTable, path: str) -> list[FileChange]:
        """Register new and changed files below a path, and unregister deleted ones."""
        _require_computed(table, "REFRESH")
        return self._record(table, self.changes(table, path))

    def changes(self, table: ExternalTable, path: str) -> list[FileChange]:
        """Return what a refresh of a path would change."""
        location = self._location(table, path)
        found = listed(self.bucket, location, table.pattern)
        changed = changes(self.registry.files(table.id, location.prefix), found)
        return self._with_partitions(table, changed)

    def change_files(self, table: ExternalTable, statement: ChangeFiles) -> list[FileChange]:
        """Register or unregister files by their paths; a path that ends with a slash means all files below it."""
        _require_computed(table, "ADD FILES" if statement.add else "REMOVE FILES")
        changed: dict[str, FileChange] = {}
        for path in statement.paths:
            found = self._added(table, path) if statement.add else self._removed(table, path)
            changed |= {change.stored.key: change for change in found}
        return self._record(table, self._with_partitions(table, [changed[key] for key in sorted(changed)]))

    def _added(self, table: ExternalTable, path: str) -> Iterable[FileChange]:
        location = self._location(table, path)
        found = [stored for stored in listed(self.bucket, location) if _below(stored, location)]
        if not found:
            absent = StoredObject(location.prefix, 0, "", self.now())
            return [FileChange(FileStatus.FILE_MISSING, absent)]
        known = [stored for stored in self.registry.files(table.id, location.prefix) if _below(stored, location)]
        added = changes(known, found)
        return [change for change in added if change.status.registered]

    def _removed(self, table: ExternalTable, path: str) -> Iterable[FileChange]:
        location = self._location(table, path)
        known = self.registry.files(table.id, location.prefix)
        found = [FileChange(FileStatus.UNREGISTERED, stored) for stored in known if _below(stored, location)]
        absent = StoredObject(location.prefix, 0, "", self.now())
        return found or [FileChange(FileStatus.UNREGISTER_FAILED, absent)]

    def add_partition(self, table: ExternalTable, statement: AddPartition) -> None:
        """Register the files below a path with the given values of the partition columns."""
        if not table.user_specified:
            raise OptionRefusedError(
                "SQL compilation error:\nADD PARTITION needs an external table with PARTITION_TYPE = USER_SPECIFIED."
            )
        values = dict(statement.values)
        if set(values) != set(table.partition_by) or len(values) < len(statement.values):
            raise OptionRefusedError(
                f"SQL compilation error:\nADD PARTITION needs a value for each of {', '.join(table.partition_by)}."
            )
        location = self._location(table, _directory(statement.path))
        found = changes([], listed(self.bucket, location, table.pattern))
        computed = partition_values(self.registry, table, [change.stored.key for change in found], json.dumps(values))
        if len(computed) < len(found):
            raise OptionRefusedError("SQL compilation error:\nA partition value is not of the type of its column.")
        self._record(table, [replace(change, partitions=computed[change.stored.key]) for change in found])

    def drop_partition(self, table: ExternalTable, path: str) -> None:
        """Unregister the files below a path."""
        if not table.user_specified:
            raise OptionRefusedError(
                "SQL compilation error:\nDROP PARTITION needs an external table with PARTITION_TYPE = USER_SPECIFIED."
            )
        location = self._location(table, _directory(path))
        known = self.registry.files(table.id, location.prefix)
        self._record(table, [FileChange(FileStatus.UNREGISTERED, stored) for stored in known])

    def _with_partitions(self, table: ExternalTable, changed: list[FileChange]) -> list[FileChange]:
        present = [change.stored.key for change in changed if change.status.registered]
        computed = partition_values(self.registry, table, present)
        return [_with_partition(change, computed, table) for change in changed]

    def _record(self, table: ExternalTable, changed: list[FileChange]) -> list[FileChange]:
        with self.registry.transaction() as cursor:
            self.registry.record(cursor, table, changed, self.now())
        self.scan.forget(table.id)
        return changed

    def _location(self, table: ExternalTable, path: str) -> Location:
        return location_of(table.stage_url, table.path + path)


def _with_partition(change: FileChange, computed: dict[str, Values], table: ExternalTable) -> FileChange:
    """Add the partition columns of a file; an empty file without them has no rows that would show them."""
    if not change.status.registered:
        return change
    values = computed.get(change.stored.key)
    if values is None and change.stored.size_bytes:
        return replace(change, status=FileStatus.REGISTER_FAILED)
    return replace(change, partitions=values or (None,) * len(table.partition_by))


def _below(stored: StoredObject, location: Location) -> bool:
    return stored.key == location.prefix or (stored.key.startswith(location.prefix) and location.prefix.endswith("/"))


def _directory(path: str) -> str:
    return path if not path or path.endswith("/") else path + "/"


def _require_computed(table: ExternalTable, what: str) -> None:
    if table.user_specified:
        raise OptionRefusedError(
            f"SQL compilation error:\n{what} is not supported by external tables with "
            "PARTITION_TYPE = USER_SPECIFIED: ADD PARTITION registers files."
        )

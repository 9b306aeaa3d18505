"""Create, change, refresh, list and show stages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.errors import ObjectExistsError, ObjectMissingError, OptionRefusedError
from infra.local_snowflake.files.bucket import Bucket, StoredObject
from infra.local_snowflake.language.names import ObjectName, new_id
from infra.local_snowflake.language.statements import (
    AlterStage,
    CreateStage,
    Creation,
    ListStage,
    ObjectKind,
    RefreshStage,
)
from infra.local_snowflake.objects.registry import FileChange, Location, Registry, Stage, changes

_REFRESH_COLUMNS = ("file", "status", "description")


def location_of(url: str, path: str = "") -> Location:
    """Return bucket and prefix of a stage's URL and a path below it.

    Raises:
        OptionRefusedError: the URL is not `s3://bucket/...`.
    """
    scheme, _, rest = url.partition("://")
    if scheme.lower() != "s3" or not rest.partition("/")[0]:
        raise OptionRefusedError(
            f"invalid value ['{url}'] for parameter 'URL': the local Snowflake reads s3://bucket/path/"
        )
    bucket, _, prefix = rest.partition("/")
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    return Location(bucket, prefix + path)


def listed(bucket: Bucket, location: Location, pattern: str | None = None) -> list[StoredObject]:
    """List the objects of a location, without markers of folders (keys that end with a slash)."""
    wanted = re.compile(pattern or ".*", re.DOTALL)
    found = bucket.list(location.bucket, location.prefix)
    return [stored for stored in found if not stored.key.endswith("/") and wanted.fullmatch(stored.key)]


def refresh_answer(changed: Iterable[FileChange]) -> Answer:
    """Return the answer of a refresh: one row per changed file."""
    rows = [(change.stored.key, change.status.name, change.status.value) for change in changed]
    return Answer.of_text(_REFRESH_COLUMNS, rows)


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of one server.

    Args:
        registry: of the stages.
        bucket: of their files.
        now: returns the time.
    """

    registry: Registry
    bucket: Bucket
    now: Callable[[], datetime]

    def create(self, name: ObjectName, statement: CreateStage) -> Answer:
        """Create a stage. A replaced one loses its directory table, and its external tables become invalid."""
        former = self.registry.stage(name)
        if former and statement.creation is Creation.KEEP:
            return status(f"{name.name} already exists, statement succeeded.")
        if former and statement.creation is Creation.REFUSE:
            raise ObjectExistsError(f"SQL compilation error:\nObject '{name}' already exists.")
        stage = Stage(
            new_id(),
            name,
            statement.url,
            self.now(),
            statement.storage_integration,
            statement.directory,
            statement.file_format,
            statement.comment,
        )
        with self.registry.transaction() as cursor:
            if former:
                self.registry.forget_files(cursor, former.id)
            self.registry.put(cursor, stage)
        if stage.directory.enable and stage.directory.refresh_on_create:
            self._refresh(stage, "")
        return status(f"Stage area {name.name} successfully created.")

    def alter(self, name: ObjectName, statement: AlterStage) -> Answer:
        """Set the properties that the statement names."""
        stage = self._find(name, if_exists=statement.if_exists)
        if stage is None:
            return status("Statement executed successfully.")
        given = {
            field: value
            for field in ("url", "storage_integration", "directory", "file_format", "comment")
            if (value := getattr(statement, field)) is not None
        }
        with self.registry.transaction() as cursor:
            self.registry.put(cursor, replace(stage, **given))
        return status("Statement executed successfully.")

    def refresh(self, name: ObjectName, statement: RefreshStage) -> Answer:
        """Refresh the directory table, all of it or one sub-path."""
        stage = self._find(name, if_exists=statement.if_exists)
        if stage is None:
            return status("Statement executed successfully.")
        if not stage.directory.enable:
            raise OptionRefusedError(
                f"Stage '{name.name}' does not have a directory table: set DIRECTORY = (ENABLE = TRUE)."
            )
        return refresh_answer(self._refresh(stage, statement.subpath))

    def _refresh(self, stage: Stage, subpath: str) -> list[FileChange]:
        location = location_of(stage.url, subpath)
        found = listed(self.bucket, location)
        changed = changes(self.registry.files(stage.id, location.prefix), found)
        with self.registry.transaction() as cursor:
            self.registry.record(cursor, stage, changed, self.now())
        below = len(location_of(stage.url).prefix)
        return [replace(change, stored=replace(change.stored, key=change.stored.key[below:])) for change in changed]

    def drop(self, name: ObjectName, *, if_exists: bool) -> Answer:
        """Drop a stage; its files stay in the bucket."""
        stage = self._find(name, if_exists=if_exists)
        if stage is None:
            return status("Drop statement executed successfully (the object already dropped).")
        with self.registry.transaction() as cursor:
            self.registry.forget_files(cursor, stage.id)
            self.registry.remove(cursor, ObjectKind.STAGE, name)
        return status(f"{name.name} successfully dropped.")

    def list(self, name: ObjectName, statement: ListStage) -> Answer:
        """List the present files of the bucket, registered or not."""
        stage = self.get(name)
        location = location_of(stage.url, statement.location.path)
        rows = [
            (
                f"s3://{location.bucket}/{stored.key}",
                stored.size_bytes,
                stored.etag,
                stored.modified.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
            )
            for stored in listed(self.bucket, location, statement.pattern)
        ]
        return Answer(("name", "size", "md5", "last_modified"), ("text", "integer", "text", "text"), tuple(rows))

    def get(self, name: ObjectName) -> Stage:
        """Return a stage.

        Raises:
            ObjectMissingError: it does not exist.
        """
        stage = self.registry.stage(name)
        if stage is None:
            raise ObjectMissingError(f"SQL compilation error:\nStage '{name}' does not exist or not authorized.")
        return stage

    def _find(self, name: ObjectName, *, if_exists: bool) -> Stage | None:
        return self.registry.stage(name) if if_exists else self.get(name)

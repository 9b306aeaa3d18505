"""Create, change, refresh and list stages: external, internal, temporary, and those of users and tables."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.errors import (
    InvalidValueError,
    NotSupportedError,
    ObjectExistsError,
    ObjectMissingError,
    OptionRefusedError,
    UrlRefusedError,
)
from infra.local_snowflake.files.bucket import Bucket, StoredObject
from infra.local_snowflake.files.storage import Storage, internal_bucket
from infra.local_snowflake.language.names import ObjectName, new_id
from infra.local_snowflake.language.parsing.storage.stages import TABLE_STAGE_MARK, USER_STAGE
from infra.local_snowflake.language.statements import (
    AlterStage,
    CreateStage,
    Creation,
    Directory,
    ListStage,
    ObjectKind,
    RefreshStage,
    StagePath,
)
from infra.local_snowflake.objects.file_formats import FileFormats
from infra.local_snowflake.objects.integrations import Integrations
from infra.local_snowflake.objects.registered_files import FileChange, changes
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stored import Location, Stage
from infra.local_snowflake.sessions import Session

_REFRESH_COLUMNS = ("file", "status", "description")
_DONE = "Statement executed successfully."
_TABLE_STAGE, _USER_STAGE = "table-", "user"
"""Begin the ids of stages that no registry has."""
_OTHER_CLOUDS = ("gcs", "azure", "s3gov", "s3china", "s3compat")
_ENCRYPTIONS = {
    "external": frozenset({"AWS_SSE_S3", "AWS_SSE_KMS", "NONE"}),
    "internal": frozenset({"SNOWFLAKE_FULL", "SNOWFLAKE_SSE"}),
}


def location_of(url: str, path: str = "") -> Location:
    """Return bucket and prefix of a stage's URL and a path below it; without a path the URL itself is a prefix.

    Raises:
        NotSupportedError: the URL is of another cloud.
        UrlRefusedError: the URL is not `s3://bucket/...`.
    """
    scheme, _, rest = url.partition("://")
    if scheme.lower() in _OTHER_CLOUDS:
        raise NotSupportedError(f"Unsupported feature '{scheme.lower()}://'.")
    if scheme.lower() != "s3" or not rest.partition("/")[0]:
        raise UrlRefusedError(f"SQL compilation error:\ninvalid URL prefix found in: '{url}'")
    bucket, _, prefix = rest.partition("/")
    if path and prefix and not prefix.endswith("/"):
        prefix += "/"
    return Location(bucket, prefix + path)


def stage_location(stage: Stage, path: str = "") -> Location:
    """Return the location of the files of a stage below a path."""
    if stage.is_internal:
        return Location(internal_bucket(stage.id), path)
    return location_of(stage.url, path)


def require_pattern(pattern: str | None) -> re.Pattern[str]:
    """Return a PATTERN compiled; None matches every name.

    Raises:
        OptionRefusedError: the pattern is no regular expression.
    """
    try:
        return re.compile(pattern or ".*", re.DOTALL)
    except re.error as exc:
        raise OptionRefusedError(
            f"SQL compilation error:\ninvalid value ['{pattern}'] for parameter 'PATTERN': {exc}"
        ) from exc


def listed(bucket: Bucket, location: Location, pattern: str | None = None) -> list[StoredObject]:
    """List the objects of a location, without markers of folders (keys that end with a slash).

    Raises:
        OptionRefusedError: the pattern is no regular expression.
    """
    wanted = require_pattern(pattern)
    found = bucket.list(location.bucket, location.prefix)
    return [stored for stored in found if not stored.key.endswith("/") and wanted.fullmatch(stored.key)]


def refresh_answer(changed: Iterable[FileChange]) -> Answer:
    """Return the answer of a refresh: one row per changed file."""
    rows = [(change.stored.key, change.status.shown, change.status.value) for change in changed]
    return Answer.of_text(_REFRESH_COLUMNS, rows)


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of one server.

    Args:
        registry: of the permanent stages.
        storage: of their files.
        now: returns the time.
        formats: the stored file formats.
        integrations: the storage integrations.
        temporary: by the id of their session and their name; they hide permanent ones.
    """

    registry: Registry
    storage: Storage
    now: Callable[[], datetime]
    formats: FileFormats
    integrations: Integrations
    temporary: dict[tuple[str, ObjectName], Stage] = field(default_factory=dict)

    def create(self, statement: CreateStage, session: Session) -> Answer:
        """Create a stage. A replaced one loses its files or directory table, and its external tables become invalid."""
        name = session.full(statement.name)
        if name.name == USER_STAGE or name.name.startswith(TABLE_STAGE_MARK):
            raise NotSupportedError("Unsupported feature 'CREATE of a user or table stage'.")
        former = self.temporary.get((session.id, name)) if statement.temporary else self.registry.stage(name)
        if former and statement.creation is Creation.KEEP:
            return status(f"{name.name} already exists, statement succeeded.")
        if former and statement.creation is Creation.REFUSE:
            raise ObjectExistsError(f"SQL compilation error:\nObject '{name}' already exists.")
        stage = self._new(name, statement, session)
        if former and statement.creation is Creation.ALTER:
            return self._become(former, stage)
        if former:
            self._remove(former, session)
        self._put(stage, session)
        if stage.directory.enable and stage.directory.refresh_on_create:
            self._refresh(stage, "", session)
        return status(f"Stage area {name.name} successfully created.")

    def _new(self, name: ObjectName, statement: CreateStage, session: Session) -> Stage:
        stage = Stage(
            new_id(),
            name,
            statement.url or "",
            self.now(),
            statement.storage_integration,
            statement.directory,
            self.formats.qualified(statement.file_format, session),
            statement.comment,
            temporary=statement.temporary,
            has_credentials=statement.has_credentials,
            encryption=statement.encryption,
            copy_options=statement.copy_options,
        )
        self._require_valid(stage)
        return stage

    def _require_valid(self, stage: Stage) -> None:
        kind = str(stage.encryption.get("TYPE", "")).upper()
        known = _ENCRYPTIONS["internal" if stage.is_internal else "external"]
        if kind == "AWS_CSE" or "MASTER_KEY" in stage.encryption:
            raise NotSupportedError("Unsupported feature 'ENCRYPTION TYPE = AWS_CSE'.")
        if stage.encryption and kind not in known:
            raise InvalidValueError(f"SQL compilation error:\ninvalid value [{kind}] for parameter 'ENCRYPTION'")
        if stage.is_internal:
            if stage.storage_integration or stage.has_credentials:
                raise OptionRefusedError(
                    "SQL compilation error:\nAn internal stage has no STORAGE_INTEGRATION and no CREDENTIALS: give URL."
                )
            return
        location_of(stage.url)
        if stage.storage_integration and stage.has_credentials:
            raise OptionRefusedError(
                "SQL compilation error:\nSTORAGE_INTEGRATION and CREDENTIALS of a stage exclude each other."
            )
        if stage.storage_integration:
            self.integrations.require_allowed(stage.storage_integration, stage.url)

    def _become(self, former: Stage, wanted: Stage) -> Answer:
        """CREATE OR ALTER: keep the stage with its id and its files, and take the properties."""
        if former.is_internal != wanted.is_internal:
            raise OptionRefusedError(
                "SQL compilation error:\nCREATE OR ALTER cannot change an internal stage to an external one, or back."
            )
        changed = replace(
            wanted, id=former.id, created_on=former.created_on, last_refreshed_on=former.last_refreshed_on
        )
        with self.registry.transaction() as cursor:
            self.registry.put(cursor, changed)
        return status(f"Stage area {former.name.name} successfully created.")

    def alter(self, statement: AlterStage, session: Session) -> Answer:
        """Set the properties that the statement names, or rename the stage."""
        stage = self._find(session.full(statement.name), session, if_exists=statement.if_exists)
        if stage is None:
            return status(_DONE)
        if statement.renamed:
            name = session.full(statement.renamed)
            if self.find(name, session):
                raise ObjectExistsError(f"SQL compilation error:\nObject '{name}' already exists.")
            self._forget(stage, session)
            self._put(replace(stage, name=name), session)
            return status(_DONE)
        given = {
            option: value
            for option in (
                "url",
                "storage_integration",
                "directory",
                "comment",
                "has_credentials",
                "encryption",
                "copy_options",
            )
            if (value := getattr(statement, option)) is not None
        }
        if statement.file_format is not None:
            given["file_format"] = self.formats.qualified(statement.file_format, session)
        if "url" in given and stage.is_internal:
            raise OptionRefusedError("SQL compilation error:\nAn internal stage has no URL.")
        changed = replace(stage, **given)
        self._require_valid(changed)
        self._put(changed, session)
        return status(_DONE)

    def refresh(self, statement: RefreshStage, session: Session) -> Answer:
        """Refresh the directory table, all of it or one sub-path."""
        name = session.full(statement.name)
        stage = self._find(name, session, if_exists=statement.if_exists)
        if stage is None:
            return status(_DONE)
        if not stage.directory.enable:
            raise OptionRefusedError(
                f"Stage '{name.name}' does not have a directory table: set DIRECTORY = (ENABLE = TRUE)."
            )
        return refresh_answer(self._refresh(stage, statement.subpath, session))

    def _refresh(self, stage: Stage, subpath: str, session: Session) -> list[FileChange]:
        self.require_usable(stage)
        location = stage_location(stage, subpath)
        found = listed(self.storage, location)
        changed = changes(self.registry.files(stage.id, location.prefix), found)
        with self.registry.transaction() as cursor:
            self.registry.record_files(cursor, stage.id, changed, self.now())
            refreshed = replace(stage, last_refreshed_on=self.now())
            if stage.temporary:
                self.temporary[session.id, stage.name] = refreshed
            else:
                self.registry.put(cursor, refreshed)
        below = len(stage_location(stage).prefix)
        return [
            replace(change, stored=replace(change.stored, key=change.stored.key[below:].lstrip("/")))
            for change in changed
        ]

    def drop(self, name: ObjectName, session: Session, *, if_exists: bool) -> Answer:
        """Drop a stage; the files of an external one stay in the bucket."""
        stage = self._find(name, session, if_exists=if_exists)
        if stage is None:
            return status(f"Drop statement executed successfully ({name.name} already dropped).")
        self._remove(stage, session)
        return status(f"{name.name} successfully dropped.")

    def list_files(self, statement: ListStage, session: Session) -> Answer:
        """List the present files, registered or not."""
        stage = self.of(statement.location, session)
        rows = [
            (
                shown_name(stage, stored.key),
                stored.size_bytes,
                stored.etag,
                stored.modified.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
            )
            for stored in self.files(stage, statement.location.path, statement.pattern)
        ]
        return Answer(("name", "size", "md5", "last_modified"), ("text", "integer", "text", "text"), tuple(rows))

    def files(self, stage: Stage, path: str = "", pattern: str | None = None) -> list[StoredObject]:
        """List the objects of a stage below a path."""
        self.require_usable(stage)
        return listed(self.storage, stage_location(stage, path), pattern)

    def delete(self, stage: Stage, key: str) -> None:
        """Delete one object of a stage."""
        self.storage.delete(stage_location(stage).bucket, key)

    def require_usable(self, stage: Stage) -> None:
        """Raise an error if the integration of a stage is gone, disabled, or no longer allows its URL."""
        if stage.storage_integration:
            self.integrations.require_usable(stage.storage_integration, stage.name, stage.url)

    def of(self, path: StagePath, session: Session) -> Stage:
        """Return the stage of a path, also the one of a user or a table.

        Raises:
            ObjectMissingError: it does not exist.
        """
        if path.stage.parts == (USER_STAGE,):
            return self._implicit(ObjectName("", "", USER_STAGE), _USER_STAGE)
        name = session.full(path.stage)
        if name.name.startswith(TABLE_STAGE_MARK):
            table = ObjectName(name.database, name.schema, name.name.removeprefix(TABLE_STAGE_MARK))
            self.registry.require_table(session.temporary.get(table, table), named=table)
            return self._implicit(name, table_stage_id(session.temporary.get(table, table)))
        return self.get(name, session)

    def _implicit(self, name: ObjectName, stage_id: str) -> Stage:
        return Stage(stage_id, name, "", self.now(), None, Directory(), {}, "")

    def visible(self, session: Session) -> Iterable[Stage]:
        """List the stages that a session sees, by name."""
        own = [stage for (owner, _), stage in self.temporary.items() if owner == session.id]
        hidden = {stage.name for stage in own}
        others = [stage for stage in self.registry.stages() if stage.name not in hidden]
        return sorted([*own, *others], key=lambda stage: stage.name)

    def find(self, name: ObjectName, session: Session | None = None) -> Stage | None:
        """Return a stage; None if there is none."""
        own = self.temporary.get((session.id, name)) if session else None
        return own or self.registry.stage(name)

    def get(self, name: ObjectName, session: Session | None = None) -> Stage:
        """Return a stage.

        Raises:
            ObjectMissingError: it does not exist.
        """
        stage = self.find(name, session)
        if stage is None:
            raise ObjectMissingError(f"SQL compilation error:\nStage '{name}' does not exist or not authorized.")
        return stage

    def drop_orphans(self) -> None:
        """Delete the folders of internal stages that no stage has."""
        known = {stage.id for stage in self.registry.stages()}
        for folder in self.storage.folder.glob("*"):
            if folder.name not in known and not folder.name.startswith((_TABLE_STAGE, _USER_STAGE)):
                self.storage.drop(internal_bucket(folder.name))

    def end(self, session: Session) -> None:
        """Drop the temporary stages of a session."""
        for stage in [stage for (owner, _), stage in self.temporary.items() if owner == session.id]:
            self._remove(stage, session)

    def _find(self, name: ObjectName, session: Session, *, if_exists: bool) -> Stage | None:
        return self.find(name, session) if if_exists else self.get(name, session)

    def _put(self, stage: Stage, session: Session) -> None:
        if stage.temporary:
            self.temporary[session.id, stage.name] = stage
            return
        with self.registry.transaction() as cursor:
            self.registry.put(cursor, stage)

    def _forget(self, stage: Stage, session: Session) -> None:
        if stage.temporary:
            self.temporary.pop((session.id, stage.name), None)
            return
        with self.registry.transaction() as cursor:
            self.registry.remove(cursor, ObjectKind.STAGE, stage.name)

    def _remove(self, stage: Stage, session: Session) -> None:
        self._forget(stage, session)
        with self.registry.transaction() as cursor:
            self.registry.forget_files(cursor, stage.id)
        if stage.is_internal:
            self.storage.drop(internal_bucket(stage.id))


def shown_name(stage: Stage, key: str) -> str:
    """Return the name of a file as LIST shows it: an URL, or for an internal stage its lower-case name and the key."""
    if not stage.is_internal:
        return f"s3://{location_of(stage.url).bucket}/{key}"
    implicit = stage.name.name == USER_STAGE or stage.name.name.startswith(TABLE_STAGE_MARK)
    return key if implicit else f"{stage.name.name.lower()}/{key}"


def table_stage_id(table: ObjectName) -> str:
    """Return the id of the stage of a table."""
    return _TABLE_STAGE + hashlib.sha256(str(table).encode()).hexdigest()[:32]

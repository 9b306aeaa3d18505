"""The stored file formats, and the one that a statement or a stage means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.errors import ObjectExistsError, ObjectMissingError, OptionRefusedError
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.language.file_statements import AlterFileFormat, CreateFileFormat
from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.language.statements import Creation, ObjectKind, Options
from infra.local_snowflake.language.tokens import Reader
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stored import StoredFormat
from infra.local_snowflake.sessions import Session

_DONE = "Statement executed successfully."


@dataclass(frozen=True, slots=True)
class FileFormats:
    """The file formats of one server.

    Args:
        registry: of the permanent ones.
        now: returns the time.
        temporary: by the id of their session and their name; they hide permanent ones.
    """

    registry: Registry
    now: Callable[[], datetime]
    temporary: dict[tuple[str, ObjectName], StoredFormat] = field(default_factory=dict)

    def create(self, statement: CreateFileFormat, session: Session) -> Answer:
        """Create a file format; a changed one keeps nothing of the former."""
        name = session.full(statement.name)
        FileFormat.of(statement.options).require_type()
        former = self.temporary.get((session.id, name)) if statement.temporary else self._permanent(name)
        if former and statement.creation is Creation.KEEP:
            return status(f"{name.name} already exists, statement succeeded.")
        if former and statement.creation is Creation.REFUSE:
            raise ObjectExistsError(f"SQL compilation error:\nObject '{name}' already exists.")
        if former and statement.creation is Creation.ALTER and _type(former.options) != _type(statement.options):
            raise OptionRefusedError("SQL compilation error:\nThe type of a file format cannot be changed.")
        kept = StoredFormat(name, statement.options, statement.comment, self.now(), statement.temporary)
        self._put(kept, session)
        return status(f"File format {name.name} successfully created.")

    def alter(self, statement: AlterFileFormat, session: Session) -> Answer:
        """Set or unset options, or rename."""
        name = session.full(statement.name)
        stored = self.find(name, session) if statement.if_exists else self.get(name, session)
        if stored is None:
            return status(_DONE)
        if statement.renamed:
            return self._rename(stored, session.full(statement.renamed), session)
        if "TYPE" in statement.options:
            raise OptionRefusedError("SQL compilation error:\nThe type of a file format cannot be changed.")
        kept = {key: value for key, value in stored.options.items() if key not in statement.unset}
        comment = "" if "COMMENT" in statement.unset else statement.comment
        changed = replace(
            stored,
            options=kept | dict(statement.options),
            comment=stored.comment if comment is None else comment,
        )
        FileFormat.of(changed.options)
        self._put(changed, session)
        return status(_DONE)

    def _rename(self, stored: StoredFormat, name: ObjectName, session: Session) -> Answer:
        if self.find(name, session):
            raise ObjectExistsError(f"SQL compilation error:\nObject '{name}' already exists.")
        self._remove(stored, session)
        self._put(replace(stored, name=name), session)
        return status(_DONE)

    def drop(self, name: ObjectName, session: Session, *, if_exists: bool) -> Answer:
        """Drop a file format."""
        stored = self.find(name, session) if if_exists else self.get(name, session)
        if stored is None:
            return status(f"Drop statement executed successfully ({name.name} already dropped).")
        self._remove(stored, session)
        return status(f"{name.name} successfully dropped.")

    def visible(self, session: Session) -> list[StoredFormat]:
        """List the file formats that a session sees, by name."""
        own = [stored for (owner, _), stored in self.temporary.items() if owner == session.id]
        hidden = {stored.name for stored in own}
        others = [stored for stored in self.registry.file_formats() if stored.name not in hidden]
        return sorted(own + others, key=lambda stored: stored.name)

    def find(self, name: ObjectName, session: Session) -> StoredFormat | None:
        """Return a file format; None if there is none."""
        return self.temporary.get((session.id, name)) or self._permanent(name)

    def get(self, name: ObjectName, session: Session) -> StoredFormat:
        """Return a file format.

        Raises:
            ObjectMissingError: it does not exist.
        """
        stored = self.find(name, session)
        if stored is None:
            raise ObjectMissingError(f"SQL compilation error:\nFile format '{name}' does not exist or not authorized.")
        return stored

    def resolve(self, options: Options, session: Session) -> FileFormat:
        """Return the file format that a FILE_FORMAT clause describes or names; options beside a name override it.

        Raises:
            ObjectMissingError: the named one does not exist.
            OptionRefusedError: an option is invalid, or a name and a type are given.
        """
        if "FORMAT_NAME" not in options:
            return FileFormat.of(options)
        if "TYPE" in options:
            raise OptionRefusedError(
                "SQL compilation error:\nFORMAT_NAME and TYPE of a file format exclude each other."
            )
        others = {key: value for key, value in options.items() if key != "FORMAT_NAME"}
        stored = self.get(session.full(Reader(str(options["FORMAT_NAME"])).name()), session)
        return FileFormat.of(dict(stored.options) | others)

    def qualified(self, options: Options, session: Session) -> Options:
        """Check a FILE_FORMAT clause, and return it with the full name of a stored format."""
        self.resolve(options, session).require_type()
        if "FORMAT_NAME" not in options:
            return options
        name = session.full(Reader(str(options["FORMAT_NAME"])).name())
        return dict(options) | {"FORMAT_NAME": name.sql}

    def end(self, session: Session) -> None:
        """Drop the temporary file formats of a session."""
        for key in [key for key in self.temporary if key[0] == session.id]:
            del self.temporary[key]

    def _permanent(self, name: ObjectName) -> StoredFormat | None:
        return next((stored for stored in self.registry.file_formats() if stored.name == name), None)

    def _put(self, stored: StoredFormat, session: Session) -> None:
        if stored.temporary:
            self.temporary[session.id, stored.name] = stored
            return
        with self.registry.transaction() as cursor:
            self.registry.put(cursor, stored)

    def _remove(self, stored: StoredFormat, session: Session) -> None:
        if stored.temporary:
            del self.temporary[session.id, stored.name]
            return
        with self.registry.transaction() as cursor:
            self.registry.remove(cursor, ObjectKind.FILE_FORMAT, stored.name)


def format_name(options: Options, session: Session) -> str | None:
    """Return the full name of the stored format that a FILE_FORMAT clause names; None if it names none."""
    if "FORMAT_NAME" not in options:
        return None
    return str(session.full(Reader(str(options["FORMAT_NAME"])).name()))


def _type(options: Options) -> str:
    return str(options.get("TYPE", "CSV")).upper()

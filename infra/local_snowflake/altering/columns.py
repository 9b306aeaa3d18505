"""ALTER TABLE of columns: the engine translates new types in a draft, an empty table, before the table is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from infra.local_snowflake.altering.keys import Keys
from infra.local_snowflake.errors import (
    ColumnExistsError,
    ColumnTypeError,
    InvalidIdentifierError,
    NotNullColumnError,
)
from infra.local_snowflake.language.alterations import ColumnChange, NewColumn
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.names import ObjectName, new_id, quote
from infra.local_snowflake.language.parsing.comments import without_comments
from infra.local_snowflake.objects.catalog import Catalog
from infra.local_snowflake.rewriting.merge_plan import MATCHES_PREFIX
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.relations import ColumnInfo, Relations


@dataclass(frozen=True, slots=True)
class Columns:
    """Adds, drops and changes columns; a statement changes all that it names, or nothing."""

    catalog: Catalog
    relations: Relations
    keys: Keys

    def _columns(self, stored: ObjectName, lengths: dict[str, int]) -> dict[str, ColumnInfo]:
        return self.relations.columns_of(stored, lengths)

    def require(self, stored: ObjectName, names: Iterable[str]) -> None:
        """Raise an `InvalidIdentifierError` if a table has no column of a name."""
        known = self._columns(stored, {})
        for name in names:
            if name not in known:
                raise InvalidIdentifierError(f"SQL compilation error:\ncolumn '{name}' does not exist")

    def add(self, key: tuple[str, ...], stored: ObjectName, added: tuple[NewColumn, ...], session: Session) -> None:
        """Add columns."""
        known = self._columns(stored, {})
        for column in added:
            if column.name in known and not column.if_not_exists:
                raise ColumnExistsError(f"SQL compilation error:\ncolumn '{column.name}' already exists")
        wanted = [column for column in added if column.name not in known]
        _require_other_letters(known, (column.name for column in wanted))
        self._require_default(stored, wanted, session)
        if not wanted:
            return
        definition = ", ".join(f"{quote(column.name)} {column.definition}" for column in wanted)
        table = f"ALTER TABLE {stored.sql}"
        with self._draft(stored, definition, session) as (draft, comments):
            lengths = self.catalog.declared_lengths(draft)
            with session.whole():
                for name, info in self._columns(draft, lengths).items():
                    default = f" DEFAULT {info.default}" if info.default is not None else ""
                    session.duck.execute(f"{table} ADD COLUMN {quote(name)} {info.duck_type}{default}")
                    if not info.nullable:
                        session.duck.execute(f"{table} ALTER COLUMN {quote(name)} SET NOT NULL")
            self._set_lengths(key, stored, {**self.catalog.info(key).lengths, **lengths})
        if comments:
            self.catalog.comment_on(stored, None, comments)

    def _require_default(self, stored: ObjectName, added: list[NewColumn], session: Session) -> None:
        for column in added:
            if column.not_null and not column.has_default and _has_rows(stored, session):
                raise NotNullColumnError(
                    f"SQL compilation error:\nNon-nullable column '{column.name}' cannot be added to non-empty table "
                    f"'{stored.name}' unless it has a non-null default value."
                )

    def drop(
        self,
        key: tuple[str, ...],
        stored: ObjectName,
        names: tuple[str, ...],
        missing_ok: frozenset[str],
        session: Session,
    ) -> None:
        """Drop columns, and the keys that have one of them."""
        known = self._columns(stored, {})
        dropped = [name for name in names if name in known or name not in missing_ok]
        self.require(stored, dropped)
        if len(dropped) == len(known):
            raise unsupported("DROP COLUMN of every column")
        with session.whole():
            for name in dropped:
                session.run(f"ALTER TABLE {stored.sql} DROP COLUMN {quote(name)}")
        for name in dropped:
            self.keys.drop_column(stored, name)
        kept = {name: length for name, length in self.catalog.info(key).lengths.items() if name not in dropped}
        self._set_lengths(key, stored, kept)

    def rename(self, key: tuple[str, ...], stored: ObjectName, old: str, new: str, session: Session) -> None:
        """Rename a column, in keys, too."""
        self.require(stored, (old,))
        known = self._columns(stored, {})
        if new in known:
            raise ColumnExistsError(f"SQL compilation error:\ncolumn '{new}' already exists")
        _require_other_letters(known.keys() - {old}, (new,))
        session.run(f"ALTER TABLE {stored.sql} RENAME COLUMN {quote(old)} TO {quote(new)}")
        self.keys.rename_column(stored, old, new)
        lengths = {new if name == old else name: length for name, length in self.catalog.info(key).lengths.items()}
        self._set_lengths(key, stored, lengths)

    def change(
        self, key: tuple[str, ...], stored: ObjectName, changes: tuple[ColumnChange, ...], session: Session
    ) -> None:
        """Change types, defaults, NOT NULL and comments."""
        self.require(stored, [change.column for change in changes])
        comments = {change.column: change.comment for change in changes if change.comment is not None}
        types = {c.column: c.words.removeprefix(_TYPE) for c in changes if c.words.startswith(_TYPE)}
        lengths = dict(self.catalog.info(key).lengths)
        definition = ", ".join(f"{quote(column)} {kind}" for column, kind in types.items()) or "A INT"
        with self._draft(stored, definition, session) as (draft, _):
            declared = self.catalog.declared_lengths(draft)
            kinds = {name: info for name, info in self._columns(draft, declared).items() if name in types}
            before = self._columns(stored, lengths)
            for name, info in kinds.items():
                _require_changeable(before[name], info)
            with session.whole(), refusing_nulls():
                for change in changes:
                    alter = f"ALTER TABLE {stored.sql} ALTER COLUMN {quote(change.column)}"
                    if change.words.startswith(_TYPE):
                        session.duck.execute(f"{alter} SET DATA TYPE {kinds[change.column].duck_type}")
                    elif change.words.startswith("SET DEFAULT"):
                        session.run(f"{alter} {change.words}")
                    elif change.words:
                        session.duck.execute(f"{alter} {change.words}")
            for name in kinds:
                lengths.pop(name, None)
            self._set_lengths(key, stored, lengths | {name: declared[name] for name in kinds if name in declared})
        if comments:
            self.catalog.comment_on(stored, None, comments)

    def _set_lengths(self, key: tuple[str, ...], stored: ObjectName, lengths: dict[str, int]) -> None:
        self.catalog.set_lengths(stored, lengths)
        self.catalog.altered(key, lengths=lengths)

    @contextmanager
    def _draft(
        self, stored: ObjectName, definition: str, session: Session
    ) -> Iterator[tuple[ObjectName, dict[str, str]]]:
        """Yield an empty table of these columns, which the engine has translated, and their comments."""
        draft = ObjectName(stored.database, stored.schema, f"{MATCHES_PREFIX}{new_id()}")
        sql, comments = without_comments(f"CREATE TABLE {draft.sql} ({definition})")
        session.run(sql)
        try:
            yield draft, comments.columns
        finally:
            session.run(f"DROP TABLE {draft.sql}")


_TYPE = "SET DATA TYPE "


def _require_other_letters(known: Iterable[str], names: Iterable[str]) -> None:
    """Refuse a name that differs from another one in case alone, which DuckDB does not tell apart."""
    folded = {name.upper() for name in known}
    for name in names:
        if name.upper() in folded:
            raise unsupported("names of columns that differ in case alone")


def _require_changeable(before: ColumnInfo, after: ColumnInfo) -> None:
    """Raise a `ColumnTypeError` unless the type stays, a text becomes longer or a number has other digits."""
    reason = ""
    if before.text_length and after.text_length:
        reason = "" if after.text_length >= before.text_length else _SHORTER
    elif before.precision is not None and after.precision is not None:
        reason = "" if before.scale == after.scale else _SCALE
    elif before.type_sql != after.type_sql:
        reason = "."
    if reason:
        raise ColumnTypeError(
            f"SQL compilation error: cannot change column {before.name} from type {before.type_sql} to "
            f"{after.type_sql}{reason}"
        )


_SHORTER = " because reducing the byte-length of a varchar is not supported."
_SCALE = " because changing the scale of a number is not supported."


def _has_rows(stored: ObjectName, session: Session) -> bool:
    found: list[Any] = session.duck.execute(f"SELECT 1 FROM {stored.sql} LIMIT 1").fetchall()  # noqa: S608 - a quoted name
    return bool(found)


@contextmanager
def refusing_nulls() -> Iterator[None]:
    """Raise a `NotNullColumnError` where rows have no value for a column that becomes NOT NULL."""
    try:
        yield
    except duckdb.ConstraintException as exc:
        raise NotNullColumnError(
            "SQL compilation error:\ncolumn contains null values. Not null constraint cannot be added."
        ) from exc

"""COPY INTO a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from infra.local_snowflake.answers import Answer, status
from infra.local_snowflake.errors import (
    ColumnCountError,
    FileRefusedError,
    IdentifierError,
    NameTwiceError,
    OptionRefusedError,
    SyntaxRefusedError,
)
from infra.local_snowflake.files.bucket import StoredObject
from infra.local_snowflake.files.formats import FileFormat
from infra.local_snowflake.files.reading import FileRows
from infra.local_snowflake.files.unreadable import RecordError
from infra.local_snowflake.language.file_statements import CopyInto, Transform
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.names import ObjectName, new_id, quote
from infra.local_snowflake.language.parsing.storage.copying import NOT_SIMPLE
from infra.local_snowflake.language.statements import Directory, StagePath
from infra.local_snowflake.loading.copy_into.columns import (
    NameMatch,
    by_name,
    by_position,
    reject_miscounted,
    table_columns,
)
from infra.local_snowflake.loading.copy_into.history import FileOutcome, LoadHistory
from infra.local_snowflake.loading.copy_into.options import CopyOptions
from infra.local_snowflake.loading.copy_into.records import RECORDS, LoadedFile, RecordReader, Selection, TableColumn
from infra.local_snowflake.loading.copy_into.validation import validated
from infra.local_snowflake.loading.errors import located
from infra.local_snowflake.loading.scanning import Scans, metadata_sql
from infra.local_snowflake.objects.registry import Registry
from infra.local_snowflake.objects.stages import location_of, shown_name, stage_location
from infra.local_snowflake.objects.stored import Stage
from infra.local_snowflake.rewriting.stage_references import column_width, with_columns
from infra.local_snowflake.sessions import Session

_COLUMNS = {
    "file": "text",
    "status": "text",
    "rows_parsed": "integer",
    "rows_loaded": "integer",
    "error_limit": "integer",
    "errors_seen": "integer",
    "first_error": "text",
    "first_error_line": "integer",
    "first_error_character": "integer",
    "first_error_column_name": "text",
}
NOTHING = "Copy executed with 0 files processed."
_BATCH = "hourglass_copy_batch"

Rewrite = Callable[[str, Session], str]
"""Rewrites a query for fakesnow."""


@dataclass(frozen=True, slots=True)
class Copying:
    """Loads files of stages into tables.

    Args:
        registry: of the tables' names.
        scans: read the files.
        now: returns the time.
        scratch: returns a session's connection with another cursor.
        in_duckdb: returns a query of a connection in DuckDB's dialect.
    """

    registry: Registry
    scans: Scans
    now: Callable[[], datetime]
    scratch: Callable[[Any, duckdb.DuckDBPyConnection], Any]
    in_duckdb: Callable[[Any, str], str]

    def copy(self, statement: CopyInto, session: Session, rewrite: Rewrite) -> Answer:
        """Load files, in this order.

        1. List the files, and leave out those that the table's history has.
        2. Read each file on a connection beside the session's, and find its bad records.
        3. Insert all rows and the history in one transaction, or in that of the session.
        4. Delete the loaded files, with PURGE.

        A statement that fails in 1 or 2 has changed nothing. One that is killed has loaded all or nothing.
        """
        run = self._prepared(statement, session, rewrite)
        files = run.files(self.registry)
        if statement.validation_mode:
            return validated(statement.validation_mode, run.table_columns, run.read(files))
        outcomes = []
        batches = []
        for stored, loaded in run.read(files):
            outcome, keeps = run.outcome(stored, loaded)
            outcomes.append(outcome)
            if keeps and loaded.rows is not None:
                batches.append(loaded.rows)
        run.commit(outcomes, batches)
        if run.options.purge:
            for outcome in outcomes:
                if outcome.status == "LOADED":
                    self.scans.stages.delete(run.stage, outcome.stored.key)
        return _answer(outcomes, failed_only=run.options.return_failed_only)

    def _prepared(self, statement: CopyInto, session: Session, rewrite: Rewrite) -> _Run:
        named = session.full(statement.table)
        table = session.temporary.get(named, named)
        self.registry.require_table(table, named)
        stage, path = self._source(statement, session)
        options = CopyOptions.of(stage.copy_options, statement)
        if options.purge and session.transaction.id is not None:  # a rollback would not bring the files back
            raise unsupported("PURGE = TRUE in a transaction")
        form_options = stage.file_format if statement.file_format is None else statement.file_format
        form = self.scans.stages.formats.resolve(form_options, session)
        form.require_readable()
        columns = table_columns(session.duck, table)
        chosen = _chosen(columns, statement.columns)
        return _Run(self, session, rewrite, statement, stage, path, table, columns, chosen, options, form)

    def _source(self, statement: CopyInto, session: Session) -> tuple[Stage, str]:
        if isinstance(statement.source, StagePath):
            if statement.storage_integration:
                raise OptionRefusedError(
                    "SQL compilation error:\nSTORAGE_INTEGRATION of COPY INTO needs an URL; a stage has its own."
                )
            return self.scans.stages.of(statement.source, session), statement.source.path
        url = statement.source
        location_of(url)
        name = statement.storage_integration
        if name:
            self.scans.stages.integrations.require_allowed(name, url)
        stage = Stage(new_id(), ObjectName("", "", url), url, self.now(), name, Directory(), {}, "")
        return stage, ""


@dataclass(frozen=True, slots=True)
class _Run:
    """One COPY INTO: what it loads, and how."""

    copying: Copying
    session: Session
    rewrite: Rewrite
    statement: CopyInto
    stage: Stage
    path: str
    table: ObjectName
    table_columns: tuple[TableColumn, ...]
    chosen: tuple[TableColumn, ...]
    options: CopyOptions
    form: FileFormat

    def files(self, registry: Registry) -> list[StoredObject]:
        """List the files to load."""
        stages = self.copying.scans.stages
        found = stages.files(self.stage, self.path, self.statement.pattern)
        if self.statement.files is not None:
            found = self._named(found, self.statement.files)
        if self.options.force or self.statement.validation_mode:
            wanted = found
        else:
            if self.session.transaction.id is None:
                with registry.cursor() as cursor:
                    LoadHistory(cursor, self.table).ensure()
            wanted = self._not_loaded(found)
        return _limited(wanted, self.options.size_limit)

    def _not_loaded(self, found: list[StoredObject]) -> list[StoredObject]:
        history = LoadHistory(self.session.duck, self.table)
        bucket, now = stage_location(self.stage).bucket, self.copying.now()
        try:
            return history.wanted(bucket, found, now, uncertain=self.options.uncertain)
        except duckdb.CatalogException:  # the database was cloned, and nothing was loaded yet
            history.ensure()
            return history.wanted(bucket, found, now, uncertain=self.options.uncertain)

    def _named(self, found: list[StoredObject], names: Sequence[str]) -> list[StoredObject]:
        prefix = stage_location(self.stage, self.path).prefix
        if prefix and not prefix.endswith("/"):
            prefix += "/"
        by_key = {stored.key: stored for stored in found}
        for name in names:
            if prefix + name not in by_key:
                shown = shown_name(self.stage, prefix + name)
                raise FileRefusedError(
                    f"Remote file '{shown}' was not found. There are several potential causes. The file might not "
                    "exist. The required credentials may be missing or invalid.",
                    91_016,
                )
        return [by_key[key] for key in dict.fromkeys(prefix + name for name in names)]

    def read(self, files: Sequence[StoredObject]) -> Iterator[tuple[StoredObject, LoadedFile]]:
        """Read the files one after another."""
        with self._scratch() as scratch, self.copying.scans.copies(self.stage, files) as copies:
            cursor = scratch._duck_conn  # noqa: SLF001 - an internal that wire.py names
            transform = self.statement.transform
            width = column_width(transform.items) if transform else 1
            most = None if self.statement.validation_mode else self.options.on_error.errors_max
            reader = RecordReader(cursor, self.form, self.options.truncate, width, most)
            query: list[str] = []
            for stored, path in copies:

                def select(rows: FileRows) -> Selection:
                    if transform and not query:
                        query.append(self._transform_query(scratch, rows, transform))
                    return self._selection(cursor, rows, query[0] if query else None)

                metadata = metadata_sql(stored, self.copying.now())
                yield stored, reader.read(path, metadata, select)

    @contextmanager
    def _scratch(self) -> Iterator[Any]:
        with self.copying.registry.cursor() as cursor:
            yield self.copying.scratch(self.session.connection, cursor)

    def _transform_query(self, scratch: Any, rows: FileRows, transform: Transform) -> str:
        """Return the query of a transformation over an empty view of the records, in DuckDB's dialect."""
        cursor = scratch._duck_conn  # noqa: SLF001 - an internal that wire.py names
        none = StoredObject("", 0, "", self.copying.now())
        cursor.execute(
            f"CREATE OR REPLACE TEMP VIEW {RECORDS} AS SELECT *, {metadata_sql(none, self.copying.now())} "  # noqa: S608 - names of ours
            f"FROM {rows.table} WHERE FALSE"
        )
        sql = f"SELECT {with_columns(transform.items)} FROM {RECORDS} {transform.alias or ''}"  # noqa: S608 - the client's text
        query = self.copying.in_duckdb(scratch, self.rewrite(sql, self.session))
        if cursor.execute(query).fetchone() is not None:  # an aggregate has a row without records
            raise SyntaxRefusedError(NOT_SIMPLE)
        items = len(cursor.execute(f"DESCRIBE {query}").fetchall())
        if items != len(self.chosen):
            raise ColumnCountError(
                f"SQL compilation error:\nInsert value list does not match column list expecting {len(self.chosen)} "
                f"but got {items}"
            )
        return query

    def _selection(self, cursor: duckdb.DuckDBPyConnection, rows: FileRows, query: str | None) -> Selection:
        if query is not None:
            return Selection(self.chosen, query)
        if self.options.by_name:
            match = NameMatch(self.options.match_case is True, self.statement.include_metadata)
            return by_name(cursor, rows, self.chosen, self.form, match)
        if self.form.is_text and self.form["ERROR_ON_COLUMN_COUNT_MISMATCH"]:
            reject_miscounted(cursor, rows, len(self.chosen))
        return by_position(rows, self.chosen, self.form)

    def outcome(self, stored: StoredObject, loaded: LoadedFile) -> tuple[FileOutcome, bool]:
        """Return what becomes of a file, and whether its good records are loaded.

        Raises:
            FileRefusedError: it has a bad record, and ON_ERROR is ABORT_STATEMENT.
        """
        name = shown_name(self.stage, stored.key)
        on_error = self.options.on_error
        first = loaded.bad[0] if loaded.bad else None
        if first and on_error.abort:
            place = f'"{self.table.name}"["{first.column}"]' if first.column not in {"", "$1"} else "$1"
            raise located(first.error, stored.key, first.row, place, advice=True)
        skipped = bool(first) and (loaded.rows is None or on_error.skips(len(loaded.bad), loaded.parsed))
        count = 0 if skipped or loaded.rows is None else loaded.rows.num_rows
        state = "LOADED" if not first else "LOAD_FAILED" if skipped or not count else "PARTIALLY_LOADED"
        error: RecordError | None = first.error if first else None
        outcome = FileOutcome(
            key=f"{stage_location(self.stage).bucket}/{stored.key}",
            name=name,
            relative_name=stored.key[len(stage_location(self.stage).prefix) :].lstrip("/"),
            stored=stored,
            status=state,
            parsed=loaded.parsed,
            loaded=count,
            error_limit=on_error.limit(loaded.parsed),
            errors=len(loaded.bad),
            first_error=error,
            first_error_column=f'"{self.table.name}"["{first.column}"]' if first and first.column else None,
        )
        return outcome, not skipped

    def commit(self, outcomes: Sequence[FileOutcome], batches: Sequence[Any]) -> None:
        """Insert the rows and the history in one transaction, or in that of the session."""
        if not outcomes:
            return
        cursor = self.session.duck
        with self.session.whole():
            for batch in batches:
                cursor.register(_BATCH, batch)
                names = [column.name for column in self.table_columns if column.name in batch.column_names]
                types = {column.name: column.type for column in self.table_columns}
                values = ", ".join(f"CAST({quote(name)} AS {types[name]})" for name in names)
                columns = ", ".join(map(quote, names))
                try:
                    cursor.execute(f"INSERT INTO {self.table.sql} ({columns}) SELECT {values} FROM {_BATCH}")  # noqa: S608 - quoted
                except duckdb.ConstraintException as exc:
                    if "NOT NULL" not in str(exc):
                        raise
                    raise FileRefusedError("NULL result in a non-nullable column", 100_072) from exc
                cursor.unregister(_BATCH)
            history = LoadHistory(cursor, self.table)
            history.ensure()
            location = self.stage.url or f"@{self.stage.name.name}"
            history.add(outcomes, location, self.copying.now())


def _chosen(columns: tuple[TableColumn, ...], names: tuple[str, ...]) -> tuple[TableColumn, ...]:
    by_column = {column.name: column for column in columns}
    for name in names:
        if name not in by_column:
            raise IdentifierError(f"SQL compilation error: error line 1 at position 0\ninvalid identifier '{name}'")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise NameTwiceError(f"SQL compilation error:\nduplicate column name '{twice}'")
    return tuple(by_column[name] for name in names) if names else columns


def _limited(files: list[StoredObject], limit: int | None) -> list[StoredObject]:
    """Return files up to the one with which the limit is reached."""
    if limit is None:
        return files
    total, wanted = 0, []
    for stored in files:
        if total >= limit:
            break
        wanted.append(stored)
        total += stored.size_bytes
    return wanted


def _answer(outcomes: Sequence[FileOutcome], *, failed_only: bool) -> Answer:
    if not outcomes:
        return status(NOTHING)
    rows = [
        (
            outcome.name,
            outcome.status,
            outcome.parsed,
            outcome.loaded,
            outcome.error_limit,
            outcome.errors,
            outcome.first_error.message if outcome.first_error else None,
            outcome.first_error.line if outcome.first_error else None,
            outcome.first_error.character if outcome.first_error else None,
            outcome.first_error_column,
        )
        for outcome in outcomes
        if not (failed_only and outcome.status == "LOADED")
    ]
    return Answer(tuple(_COLUMNS), tuple(_COLUMNS.values()), tuple(rows))

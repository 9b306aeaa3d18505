"""The interface to fakesnow 0.12.1: with `translation` the only module that imports it and uses its internals.

The server of fakesnow keeps its state in a module, so a process can have one server only.
"""

from __future__ import annotations

import logging
import re
import shutil
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped] # it ships no types
from fakesnow import arrow as encoding
from fakesnow import macros, transforms
from fakesnow import rowtype as types
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.instance import FakeSnow
from fakesnow.rowtype import describe_as_rowtype
from fakesnow.statement_type import DML_TYPE_IDS, INSERT, SELECT, statement_type_id
from fakesnow.transforms import SERVER_VERSION, stage
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from infra.local_snowflake.account.parameters import engine_statements
from infra.local_snowflake.errors import NotSupportedError, StatementRefusedError
from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.meaning.checks import require_parsed
from infra.local_snowflake.meaning.columns import former, keys
from infra.local_snowflake.meaning.columns.catalog import StoredColumns
from infra.local_snowflake.meaning.columns.written import stored_types
from infra.local_snowflake.meaning.dialect import parse_one
from infra.local_snowflake.meaning.expressions.sums import casting_sums, sums_text
from infra.local_snowflake.meaning.functions import zoned
from infra.local_snowflake.meaning.functions.refusal import UnsupportedValueError
from infra.local_snowflake.meaning.macros.install import install
from infra.local_snowflake.meaning.refusals.context import Context, in_context
from infra.local_snowflake.meaning.refusals.engine import refusal_of
from infra.local_snowflake.meaning.refusals.errors import EngineRefusedError, placed
from infra.local_snowflake.meaning.refusals.places import place_of
from infra.local_snowflake.meaning.spelling.statements import has_mixed_case, require_spelling
from infra.local_snowflake.meaning.spelling.stored import has_mixed_names
from infra.local_snowflake.objects.stored import DATABASE
from infra.local_snowflake.rewriting.merge_plan import merge_plan
from infra.local_snowflake.serving.execution.results import Result, Results
from infra.local_snowflake.serving.timestamps import with_encoded_timestamps
from infra.local_snowflake.serving.translator import Translator

theirs: Any = import_module("fakesnow.server")  # the package has a function of that name too
# each import of fakesnow creates a folder for internal stages, which are not used here
shutil.rmtree(stage.LOCAL_BUCKET_PATH, ignore_errors=True)

VERSION = SERVER_VERSION
STATUS = Result(describe_as_rowtype([("status", "VARCHAR", *([None] * 4))]), None)
_NAME = re.compile(r'"[^"\']+"|[\w$]+')
_PARAMETER = re.compile(r"^\$\d+$")
"""The name of a column that is a bound value."""
_parsers: tuple[Any, ...] = (import_module("fakesnow.cursor"), theirs)
_MORE_TYPES = dict.fromkeys(("TINYINT", "SMALLINT", "UTINYINT", "USMALLINT", "UINTEGER"), "fixed") | {"FLOAT": "real"}
_MORE_TYPES |= {"TIMESTAMP WITH TIME ZONE": "timestamp_ltz", zoned.TYPE: "timestamp_tz"}
"""Types of DuckDB that fakesnow does not describe, or as another."""
_NOT_IMPLEMENTED = 9999
"""fakesnow's number for what it lacks."""


class ConflictError(Exception):
    """Another transaction changed the same rows or the same object; nothing was done."""


class InterruptedStatementError(Exception):
    """The statement was interrupted; nothing of its last step was done."""


@dataclass(frozen=True, slots=True)
class Call:
    """One statement for fakesnow.

    Args:
        sql: in Snowflake's dialect.
        binds: values by position or by name.
        rows: values by position for each row of a batch.
        tables: rows that the statement reads, by their names in the schema temp.main.
        describe_only: return the columns without executing.
        in_transaction: whether the session has an open transaction.
    """

    sql: str
    binds: Sequence[Any] | dict[str, Any] | None = None
    rows: Sequence[Sequence[Any]] = ()
    describe_only: bool = False
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    in_transaction: bool = False


def start(data: Path) -> FakeSnow:
    """Create the engine over a folder."""
    transforms.merge = merge_plan  # type: ignore[assignment] # its result has another list type
    theirs.logger.handlers = []
    theirs.logger.propagate = False
    theirs.logger.setLevel(logging.CRITICAL)
    types.duckdb_to_sf_type.update(_MORE_TYPES)
    engine = FakeSnow(db_path=data)
    engine.results_cache = Results()  # type: ignore[assignment] # it has the methods that fakesnow calls
    return engine


def give_meaning(engine: FakeSnow, home: str) -> None:
    """Let fakesnow's cursors parse, translate and refuse statements as Snowflake does.

    Args:
        engine: with the database of the macros attached.
        home: that database.
    """
    install(engine.duck_conn, home)
    engine.duck_conn.execute(keys.creation_sql(home))
    columns = StoredColumns(home)
    translator = Translator(engine.duck_conn, home, columns)

    def translate(cursor: Any, tree: Any, params: Any) -> Any:
        return translator.translate(cursor, tree, params)

    def execute(cursor: Any, command: str, params: Any = None, *, tree: Any = None) -> Any:
        cursor.local_statement = command
        try:
            return _refusing(command, _steps, cursor, command, params, tree)
        except EngineRefusedError as refused:
            if not sums_text(refused.__cause__):
                raise in_context(refused, getattr(cursor, "context", Context()), command) from refused.__cause__
            with casting_sums():
                return _refusing(command, _steps, cursor, command, params)
        finally:
            if getattr(cursor, "changes_columns", False):
                columns.forget(names=getattr(cursor, "changes_names", True))

    FakeSnowflakeCursor._transform = translate  # type: ignore[method-assign,assignment] # noqa: SLF001 - see above
    FakeSnowflakeCursor.execute = execute  # type: ignore[method-assign,assignment]
    for module in _parsers:
        module.parse_one = _parse


def _parse(sql: str) -> Any:
    try:
        tree = parse_one(sql)
    except SqlglotError as failed:
        raise refusal_of(failed, sql) from failed
    require_parsed(tree, sql)
    return tree


def _steps(cursor: Any, sql: str, params: Any, tree: Any = None) -> Any:
    """Execute a statement in the steps of fakesnow's `execute`; its tree is parsed here unless it is known."""
    if tree is None:
        tree = _parse(cursor._inline_variables(sql))  # noqa: SLF001
    params = list(params) if isinstance(params, tuple) else params
    cursor.check_db_and_schema(tree)
    for part in cursor._transform_explode(tree):  # noqa: SLF001
        translated = cursor._transform(part, params)  # noqa: SLF001
        cursor._execute(translated, params if translated.find(exp.Placeholder) else None)  # noqa: SLF001
    return cursor


def _refusing(sql: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call a method of fakesnow's cursor, and raise its errors as Snowflake words them."""
    try:
        return function(*arguments, **named)
    except StatementRefusedError:
        raise
    except Exception as failed:
        raise _refusal(failed, sql) from failed


def _refusal(failed: Exception, sql: str) -> StatementRefusedError:
    if isinstance(failed, ProgrammingError) and (failed.raw_msg or "").startswith("Session variable"):
        place = place_of(sql, (failed.raw_msg or "").split("'")[1].lstrip("$"))
        position = max(place.position - 1, 0)  # of the dollar sign
        return EngineRefusedError(2211, "02000", f"{placed(place.line, position)}{failed.raw_msg}")
    if (
        isinstance(failed, ProgrammingError)
        and failed.__cause__ is None
        and failed.errno not in {None, _NOT_IMPLEMENTED}
    ):
        return EngineRefusedError(failed.errno or 0, failed.sqlstate or "", str(failed.raw_msg or failed))
    return refusal_of(failed.__cause__ if isinstance(failed, ProgrammingError) and failed.__cause__ else failed, sql)


def results_of(engine: FakeSnow) -> Results:
    """Return the kept results."""
    kept: Results = engine.results_cache  # type: ignore[assignment] # start() has set it
    return kept


def attach(engine: FakeSnow, data: Path, database: str, schema: str) -> None:
    """Attach the databases of the folder, and create the configured one; logins then create none."""
    for known in sorted(path.stem for path in data.glob("*.db")):
        engine.connect(known)
    engine.connect(database, schema)
    former.convert(engine.duck_conn, DATABASE)
    engine.create_database_on_connect = engine.create_schema_on_connect = False


def add_macros(connection: Any, database: str) -> None:
    """Create the macros of fakesnow in a database, for views of this database that are translated by fakesnow."""
    connection.execute(macros.creation_sql(database))


def stop(engine: FakeSnow) -> None:
    """Checkpoint all databases and close them."""
    for (name,) in engine.duck_conn.execute(
        "SELECT database_name FROM duckdb_databases() WHERE NOT internal AND path IS NOT NULL"
    ).fetchall():
        with suppress(duckdb.TransactionException):  # a transaction is open: the log of the database is kept
            engine.duck_conn.execute(f'CHECKPOINT "{name}"')
    engine.duck_conn.close()


def connect(engine: FakeSnow, database: str | None, schema: str | None) -> Any:
    """Open a connection of a session; a name that cannot be one is as one that does not exist."""
    return engine.connect(_known(database), _known(schema))


def _known(name: str | None) -> str | None:
    """Return the folded name; None where fakesnow would write it into its SQL as something else than a name."""
    if not name or not _NAME.fullmatch(name):
        return None
    return name[1:-1] if name.startswith('"') else name.upper()


def interrupt(connection: Any) -> None:
    """Interrupt the statement that a connection executes, from any thread."""
    connection._duck_conn.interrupt()  # noqa: SLF001


def column_types(connection: Any, name: ObjectName) -> dict[str, str]:
    """Return DuckDB's types of the columns of a table, in their order; none for an unknown table."""
    with connection._duck_conn.cursor() as cursor:  # noqa: SLF001
        return stored_types(cursor, name)


def disconnect(connection: Any) -> None:
    """Close a connection; an open transaction is rolled back."""
    connection.close()


def scratch_of(connection: Any, cursor: duckdb.DuckDBPyConnection) -> Any:
    """Return a copy of a session's connection that executes on another cursor, outside of the session's transaction."""
    scratch = copy(connection)
    scratch._duck_conn = cursor  # noqa: SLF001
    if connection.database and connection.schema:
        schema = connection._schema  # noqa: SLF001
        cursor.execute(f'SET schema = \'"{connection.database}"."{schema}"\'')
    for sql in engine_statements(connection.local_parameters):
        cursor.execute(sql)
    return scratch


def in_duckdb(connection: Any, sql: str) -> str:
    """Execute a query of Snowflake's dialect, and return its text in DuckDB's."""
    cursor = connection.cursor()
    cursor.execute(sql)
    text: str = cursor._last_sql  # noqa: SLF001
    return text


def execute(connection: Any, call: Call) -> Result:
    """Let fakesnow execute a statement.

    Raises:
        ConflictError: of transactions.
        InterruptedStatementError: by `interrupt`.
        StatementRefusedError: with Snowflake's code and text.
    """
    try:
        return _described(connection, call) if call.describe_only else _executed(connection, call)
    except StatementRefusedError as exc:
        _raise_stopped(exc)
        raise
    except (ProgrammingError, duckdb.Error, NotImplementedError, AssertionError, LookupError) as exc:
        _raise_stopped(exc)
        raise _refusal(exc, call.sql) from exc
    except (ValueError, TypeError, AttributeError) as exc:
        raise _refusal(exc, call.sql) from exc


def _raise_stopped(failed: BaseException) -> None:
    """Raise what DuckDB has reported, if the statement can be tried again or was interrupted."""
    cause: BaseException | None = failed
    while cause is not None:
        if isinstance(cause, duckdb.InterruptException):
            raise InterruptedStatementError from failed
        if isinstance(cause, duckdb.TransactionException) and "single attached database" in str(cause):
            raise NotSupportedError("Unsupported feature 'one transaction that writes to two databases'.") from failed
        conflict = isinstance(cause, duckdb.TransactionException | duckdb.CatalogException)
        if conflict and "onflict" in str(cause):
            raise ConflictError(str(cause)) from failed
        cause = cause.__cause__


def _executed(connection: Any, call: Call) -> Result:
    cursor = connection.cursor()
    cursor.local_statement, cursor.local_tables = call.sql, bool(call.tables)
    expression = theirs.parse_one(cursor._inline_variables(call.sql))  # noqa: SLF001
    type_id = statement_type_id(expression)
    duck = connection._duck_conn  # noqa: SLF001
    for name, table in call.tables.items():
        duck.register(name, table)
    try:
        changed = _run(cursor, call, expression)
    finally:
        for name in call.tables:
            duck.unregister(name)
    scanned = connection.results_cache.result(cursor.sfqid or "")
    if scanned is not None:
        return Result(scanned.rowtype, scanned.table, SELECT)
    table = cursor._arrow_table  # noqa: SLF001
    if call.rows and type_id in DML_TYPE_IDS:
        table = pa.table({table.column_names[0]: [changed]})
    described = [(name, str(kind)) for name, kind, *_ in duck.description or []]
    if type_id in DML_TYPE_IDS and table is not None:  # the last result of DuckDB may be that of a commit
        described = [(name, "BIGINT") for name in table.column_names]
    rowtype = _rowtype(described)
    if table is not None:
        _require_zoned(table)
    return Result(rowtype, table, type_id, is_count=type_id in DML_TYPE_IDS)


def _require_zoned(table: pa.Table) -> None:
    """Refuse an INTERVAL in a result, which Snowflake has as an operand alone."""
    for column in table.columns:
        if pa.types.is_interval(column.type):
            try:
                zoned.decode(column)
            except UnsupportedValueError as exc:
                raise NotSupportedError(exc.text) from exc


def _rowtype(described: Sequence[tuple[str, str]]) -> Any:
    """Return the description of columns by their names and DuckDB's types."""
    return describe_as_rowtype([(_PARAMETER.sub("?", name), kind, *([None] * 4)) for name, kind in described])


def _run(cursor: Any, call: Call, tree: Any) -> int:
    if call.rows:
        return _whole(cursor, call, lambda: sum(_run_once(cursor, call.sql, tuple(row)) for row in call.rows))
    if isinstance(tree, exp.Merge):
        return _merge(cursor, call, tree)
    if tree.args.get("overwrite"):
        return _whole(cursor, call, lambda: _run_once(cursor, call.sql, call.binds, tree))
    return _run_once(cursor, call.sql, call.binds, tree)


def _run_once(cursor: Any, sql: str, binds: Any, tree: Any = None) -> int:
    cursor.execute(sql, binds, tree=tree)
    return cursor.rowcount or 0


def _merge(cursor: Any, call: Call, expression: Any) -> int:
    """Execute the plan of a MERGE in one transaction, and drop the table of its matched rows before the commit."""
    binds = list(call.binds) if isinstance(call.binds, tuple) else call.binds
    connection = cursor._conn  # noqa: SLF001
    cursor.check_db_and_schema(expression)
    duck = connection._duck_conn  # noqa: SLF001
    if has_mixed_case(expression) or has_mixed_names(duck):
        require_spelling(expression, call.sql, duck, (connection.database, connection.schema))
    cursor.local_plan = True  # its parts have names of their own
    matches, *changes = cursor._transform_explode(expression)  # noqa: SLF001

    def run(part: Any) -> None:
        transformed = cursor._transform(part, binds)  # noqa: SLF001
        transformed.args.pop("text_lengths", None)  # it would be a write to another database
        cursor._execute(transformed, binds if transformed.find(exp.Placeholder) else None)  # noqa: SLF001

    def change() -> int:
        for part in (matches, *changes):
            run(part)
        cursor._duck_conn.execute(f"DROP TABLE {matches.this.sql(dialect='duckdb')}")  # noqa: SLF001
        return cursor.rowcount or 0

    return _whole(cursor, call, change)


def _whole(cursor: Any, call: Call, work: Callable[[], int]) -> int:
    """Execute a statement that is several of DuckDB in one transaction, so that it is done whole or not at all."""
    if call.in_transaction:
        return work()
    duck = cursor._duck_conn  # noqa: SLF001
    duck.begin()
    try:
        changed = work()
    except BaseException:
        duck.rollback()
        raise
    duck.commit()
    return changed


def _described(connection: Any, call: Call) -> Result:
    expression = theirs.parse_one(call.sql)
    type_id = statement_type_id(expression)
    cursor = connection.cursor()
    is_query = isinstance(expression, exp.Query)
    described = _columns(cursor, call.sql, expression) if is_query else cursor._describe_only(call.sql)  # noqa: SLF001
    rowtype = STATUS.rowtype if described is None else _rowtype([(row[0], row[1]) for row in described])
    more = {
        "numberOfBinds": len(list(expression.find_all(exp.Placeholder))),
        "arrayBindSupported": type_id == INSERT,
    }
    return Result(rowtype, None, type_id, is_count=type_id != SELECT, more=more)


def _columns(cursor: Any, sql: str, query: Any) -> Any:
    """Describe a query by its tree: written as a text again, it would call the macros by names that no client knows."""
    without_binds = query.transform(lambda node: exp.Null() if isinstance(node, exp.Placeholder) else node)
    cursor.execute(sql, tree=exp.Describe(this=without_binds))
    return cursor.fetchall()


_INSTANT = "TIMESTAMP WITH TIME ZONE"
_NAMES = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.float64(): "DOUBLE", pa.bool_(): "BOOLEAN"}
_NAMES |= {pa.timestamp("us", tz="UTC"): _INSTANT, pa.timestamp("us"): "TIMESTAMP"}
_NAMES |= {pa.date32(): "DATE", pa.null(): "VARCHAR"}


def result_of(table: pa.Table) -> Result:
    """Return rows that this server made as the result of a statement."""
    columns = [(column.name, _NAMES[column.type], *([None] * 4)) for column in table.schema]
    return Result(describe_as_rowtype(columns), table)


def encoded(result: Result) -> dict[str, Any]:
    """Return the part of an answer that holds columns and rows."""
    if result.upload is not None:
        return result.upload
    table = result.table
    fields: dict[str, Any] = {"rowtype": result.rowtype, "total": 0, "statementTypeId": result.type_id, **result.more}
    if result.is_count:
        rows = zip(*[column.to_pylist() for column in table.columns], strict=True) if table is not None else ()
        rowset = [[None if value is None else str(value) for value in row] for row in rows]
        return fields | {"queryResultFormat": "json", "rowset": rowset, "total": len(rowset)}
    if not table:
        return fields | {"queryResultFormat": "arrow", "rowsetBase64": ""}
    body = encoding.to_ipc(encoding.to_sf(with_encoded_timestamps(table, result.rowtype), result.rowtype))
    return fields | {
        "queryResultFormat": "arrow",
        "rowsetBase64": b64encode(body).decode(),
        "total": table.num_rows,
    }

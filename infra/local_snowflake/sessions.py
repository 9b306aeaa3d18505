"""The session of a client: database and schema, role and warehouse, temporary relations."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from infra.local_snowflake.account.parameters import SessionParameters, engine_statements
from infra.local_snowflake.answers import Answer
from infra.local_snowflake.language.names import ObjectName, PartialName, new_id, quote
from infra.local_snowflake.transactions import Transaction

TEMPORARY_MARK = "__SESSION_"
"""Separates the name of a temporary relation from the id of its session."""
QUERIES_MAX = 1_000
_NUMBER_HEX_DIGITS = 15


@dataclass(slots=True)
class Session:
    """One login.

    Args:
        connection: of fakesnow.
        role: result of CURRENT_ROLE().
        warehouse: result of CURRENT_WAREHOUSE().
        user: result of CURRENT_USER().
        secondary_roles: whether the privileges of all roles of the user count.
    """

    connection: Any
    role: str = "SYSADMIN"
    warehouse: str | None = None
    user: str = ""
    secondary_roles: bool = False
    files_url: str | None = None
    """Where the client sends and reads the files of internal stages; None: it copies them between folders."""
    available_roles: Callable[[], set[str]] = set
    """Returns the roles of the user."""
    granted_roles: Callable[[], set[str]] = set
    """Returns those that are granted to the user directly."""
    warehouse_chosen: bool = False
    """Whether the session needs a running warehouse: it has chosen one."""
    id: str = field(default_factory=new_id)
    temporary: dict[ObjectName, ObjectName] = field(default_factory=dict)
    """Temporary relations by name, with their stored names."""
    query_ids: deque[str] = field(default_factory=lambda: deque(maxlen=QUERIES_MAX))
    """Of the statements that succeeded, in their order: what LAST_QUERY_ID() counts."""
    scans: list[str] = field(default_factory=list)
    """Names of the temporary tables with the rows of stages in the last query."""
    transaction: Transaction = field(init=False)
    parameters: SessionParameters = field(default_factory=SessionParameters)

    def __post_init__(self) -> None:
        self.transaction = Transaction(self.duck)
        self.connection.local_parameters = self.parameters  # what `wire.py` reads for each statement

    @property
    def duck(self) -> Any:
        """The connection of DuckDB that belongs to this session."""
        return self.connection._duck_conn  # noqa: SLF001 - an internal that wire.py names

    @property
    def number(self) -> str:
        """Result of CURRENT_SESSION(): a number as text, below 2**60."""
        return str(int(self.id[:_NUMBER_HEX_DIGITS], 16))

    @property
    def database(self) -> str | None:
        """The current database."""
        current: str | None = self.connection.database
        return current

    @property
    def schema(self) -> str | None:
        """The current schema."""
        current: str | None = self.connection.schema
        return current

    @property
    def values(self) -> dict[str, str | Callable[[], str] | None]:
        """The results of the functions that return something of this session."""
        return {
            "CURRENT_ACCOUNT": "LOCAL",
            "CURRENT_AVAILABLE_ROLES": lambda: json.dumps(sorted(self.available_roles())),
            "CURRENT_ACCOUNT_NAME": "LOCAL",
            "CURRENT_DATABASE": self.database if self.connection.database_set else None,
            "CURRENT_ORGANIZATION_NAME": "LOCAL",
            "CURRENT_REGION": "AWS_LOCAL",
            "CURRENT_ROLE": self.role,
            "CURRENT_ROLE_TYPE": "ROLE",
            "CURRENT_SECONDARY_ROLES": self._current_secondary_roles,
            "CURRENT_SCHEMA": self.schema if self.connection.schema_set else None,
            "CURRENT_SESSION": self.number,
            "CURRENT_TRANSACTION": self.transaction.id,
            "CURRENT_USER": self.user,
            "CURRENT_WAREHOUSE": self.warehouse,
            "LAST_TRANSACTION": self.transaction.last,
        }

    def _current_secondary_roles(self) -> str:
        active = sorted(self.granted_roles()) if self.secondary_roles else []
        return json.dumps(
            {"roles": ",".join(active), "value": "ALL" if self.secondary_roles else ""}, separators=(",", ":")
        )

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Run a block whole or not at all: in the open transaction, or else in one of its own."""
        if self.transaction.id is not None:
            yield
            return
        self.duck.begin()
        try:
            yield
        except BaseException:
            self.duck.rollback()
            raise
        self.duck.commit()

    def last_query_id(self, number: int) -> str | None:
        """Return LAST_QUERY_ID(number): below 0 from the last statement on, above 0 from the first; None without it."""
        index = number if number < 0 else number - 1
        return self.query_ids[index] if -len(self.query_ids) <= index < len(self.query_ids) else None

    def change_parameters(self, values: Mapping[str, str | None]) -> None:
        """Set session parameters, here and in the engine; None gives a parameter its default.

        Raises:
            StatementRefusedError: of `SessionParameters.changed`; nothing is changed then.
        """
        former, changed = engine_statements(self.parameters), self.parameters.changed(values)
        for sql in engine_statements(changed):
            if sql not in former:
                self.duck.execute(sql)
        self.parameters = self.connection.local_parameters = changed
        if "AUTOCOMMIT" in values:
            self.transaction.commit()
            self.transaction.autocommit = self.parameters.value("AUTOCOMMIT") == "true"

    def choose_warehouse(self, name: str | None) -> None:
        """Have a current warehouse, or none where the one that was chosen does not exist."""
        self.warehouse, self.warehouse_chosen = name, True

    def enter(self, database: str, schema: str | None) -> None:
        """Have a current database and schema."""
        self.duck.execute(f"USE {quote(database)}.{quote(schema or 'main')}")
        self.connection.database, self.connection._schema = database, schema  # noqa: SLF001 - as fakesnow does
        self.connection.database_set, self.connection.schema_set = True, schema is not None

    def leave_database(self) -> None:
        """Have no current database and schema."""
        self.duck.execute("USE memory.main")
        self.connection.database, self.connection._schema = None, None  # noqa: SLF001 - as fakesnow does
        self.connection.database_set = self.connection.schema_set = False

    def full(self, name: PartialName) -> ObjectName:
        """Return the full name of an object for this session."""
        return name.resolve(self.database, self.schema)

    def stored(self, name: PartialName) -> ObjectName:
        """Return the name under which DuckDB stores a relation: a temporary one has its own."""
        full = self.full(name)
        return self.temporary.get(full, full)

    def run(self, sql: str) -> None:
        """Run a statement of Snowflake's dialect through fakesnow."""
        self.connection.cursor().execute(sql)

    def hold(self, name: str, answer: Answer) -> str:
        """Keep rows under a name in this session, and return the SQL that reads them."""
        self.duck.register(name, answer.table)
        return f'SELECT * FROM "temp"."main".{quote(name)}'  # noqa: S608 - a quoted name

    def add_temporary(self, name: ObjectName) -> None:
        """Add a temporary relation to this session."""
        self.temporary[name] = self.temporary_name(name)

    def temporary_name(self, name: ObjectName) -> ObjectName:
        """Return the stored name of a temporary relation of this session."""
        return ObjectName(name.database, name.schema, f"{name.name}{TEMPORARY_MARK}{self.id.upper()}")

    def close(self) -> None:
        """Roll the open transaction back, and drop all temporary relations."""
        self.transaction.rollback()
        self.drop_temporary()

    def drop_temporary(self) -> None:
        """Drop all temporary relations of this session."""
        for kept in self.temporary.values():
            drop_relation(self.duck, kept)
        self.temporary.clear()


def drop_relation(cursor: Any, name: ObjectName) -> None:
    """Drop a table or view, if it exists."""
    found = cursor.execute(
        "SELECT table_type FROM information_schema.tables "
        "WHERE table_catalog = ? AND table_schema = ? AND table_name = ?",
        [name.database, name.schema, name.name],
    ).fetchall()
    if found:
        kind = "VIEW" if found[0][0] == "VIEW" else "TABLE"
        cursor.execute(f"DROP {kind} {name.sql}")


def drop_left_behind(cursor: Any) -> None:
    """Drop the temporary relations of sessions that were not closed."""
    left = cursor.execute(
        "SELECT table_catalog, table_schema, table_name FROM information_schema.tables WHERE contains(table_name, ?)",
        [TEMPORARY_MARK],
    ).fetchall()
    for row in left:
        drop_relation(cursor, ObjectName(*row))

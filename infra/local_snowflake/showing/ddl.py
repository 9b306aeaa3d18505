"""GET_DDL of tables and views: the statement that makes one; external tables have their own."""

from __future__ import annotations

from infra.local_snowflake.errors import TableMissingError
from infra.local_snowflake.language.kinds import unsupported
from infra.local_snowflake.language.names import literal, quote
from infra.local_snowflake.language.tokens import Edit, Kind, Reader, apply, tokenize
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.relations import ColumnInfo, Relation, Relations


def with_ddl(sql: str, session: Session, relations: Relations) -> str:
    """Replace calls of GET_DDL by the text of the statement.

    Raises:
        TableMissingError: there is no such table or view.
        NotSupportedError: the object is of another kind, or the statement would have more than columns.
    """
    reader = Reader(sql)
    edits: list[Edit] = []
    while not reader.done:
        token = reader.take()
        if token.keyword == "GET_DDL" and reader.accept("("):
            kind, name = _argument(reader), ""
            if reader.accept(","):
                name = _argument(reader)
            if not reader.accept(")"):
                raise unsupported("GET_DDL with a third argument")
            edits.append(Edit(token.start, reader.position, literal(_ddl(kind.upper(), name, session, relations))))
    return apply(sql, edits)


def _argument(reader: Reader) -> str:
    token = reader.peek()
    if token is None or token.kind is not Kind.STRING:
        raise unsupported("GET_DDL of an expression")
    return reader.string()


def _ddl(kind: str, name: str, session: Session, relations: Relations) -> str:
    if kind not in {"TABLE", "VIEW"}:
        raise unsupported("GET_DDL", kind)
    full = session.full(Reader(name).name())
    found = relations.relations(session, lambda each: each == full)
    if not found or (kind == "VIEW") != (found[0].kind == "VIEW"):
        raise TableMissingError(f"SQL compilation error:\n{kind.title()} '{full}' does not exist or not authorized.")
    columns = [column for _, column in relations.columns(found)]
    return _view(found[0], columns, session) if kind == "VIEW" else _table(found[0], columns, relations)


def _view(view: Relation, columns: list[ColumnInfo], session: Session) -> str:
    definition = view.definition_for(session)
    depth = 0
    for token in tokenize(definition):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.keyword == "AS":
            secure = "secure " if view.info.secure else ""
            names = ",\n\t".join(_name(column.name) for column in columns)
            query = definition[token.end :].strip().removesuffix(";")
            return f"create or replace {secure}view {_name(view.name.name)}(\n\t{names}\n) as {query};"
    raise unsupported("GET_DDL of this view")


def _table(table: Relation, columns: list[ColumnInfo], relations: Relations) -> str:
    with_more = table.comment or table.info.cluster_by or any(column.default or column.comment for column in columns)
    keys = [relations.keys([table], kind) for kind in ("PRIMARY KEY", "UNIQUE", "FOREIGN KEY")]
    if table.kind != "TABLE" or with_more or any(keys):
        raise unsupported("GET_DDL of a table with more than columns")
    lines = ",\n\t".join(
        f"{_name(column.name)} {column.type_sql}{'' if column.nullable else ' NOT NULL'}" for column in columns
    )
    kind = {"TABLE": "TABLE", "TRANSIENT": "TRANSIENT TABLE", "TEMPORARY": "TEMPORARY TABLE"}[table.table_kind]
    return f"create or replace {kind} {_name(table.name.name)} (\n\t{lines}\n);"


def _name(name: str) -> str:
    return name if name.replace("_", "A").isalnum() and name == name.upper() else quote(name)

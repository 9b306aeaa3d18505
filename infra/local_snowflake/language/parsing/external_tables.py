"""Parse CREATE and ALTER of external tables."""

from __future__ import annotations

from infra.local_snowflake.errors import NotSupportedError, SyntaxRefusedError
from infra.local_snowflake.language.parsing.clauses import (
    Clause,
    clauses,
    file_format,
    named,
    opens,
    unsupported,
)
from infra.local_snowflake.language.parsing.storage.stages import stage_path
from infra.local_snowflake.language.statements import (
    AddPartition,
    AlterExternalTable,
    ChangeFiles,
    Column,
    CreateExternalTable,
    Creation,
    DropPartition,
    ExternalTableStatement,
    RefreshExternalTable,
    StagePath,
)
from infra.local_snowflake.language.tokens import Kind, Reader

_COLUMN_CLAUSES = frozenset({"NOT", "NULL", "CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "REFERENCES", "COMMENT"})
_REFUSED_COLUMN_CLAUSES = ("COLLATE", "DEFAULT", "AUTOINCREMENT", "IDENTITY", "MASKING", "TAG", "WITH", "PROJECTION")


def create_external_table(reader: Reader, creation: Creation) -> CreateExternalTable:
    """Read CREATE EXTERNAL TABLE after these words."""
    if creation is Creation.ALTER:
        raise NotSupportedError("Unsupported feature 'CREATE OR ALTER EXTERNAL TABLE'.")
    name, creation = named(reader, creation)
    if reader.accept("USING", "TEMPLATE"):
        raise NotSupportedError("Unsupported feature 'CREATE EXTERNAL TABLE ... USING TEMPLATE'.")
    columns = _columns(reader) if opens(reader) else ()
    options = clauses(reader, _TABLE_CLAUSES)
    with_clause = options.pop("with", None)
    if with_clause is not None:
        if "location" in options:
            raise reader.unexpected()
        options["location"] = with_clause
    for clause in ("location", "file_format"):
        if clause not in options:
            raise SyntaxRefusedError(
                f"SQL compilation error:\nmissing clause {clause.upper()} in CREATE EXTERNAL TABLE."
            )
    return CreateExternalTable(name, creation, columns, **options)


def _columns(reader: Reader) -> tuple[Column, ...]:
    reader.expect("(")
    columns = []
    while True:
        if not _out_of_line_constraint(reader):
            columns.append(column(reader))
        if reader.accept(")"):
            return tuple(columns)
        reader.expect(",")


def _out_of_line_constraint(reader: Reader) -> bool:
    """Skip a constraint that names its columns: it is not enforced."""
    token = reader.peek()
    if token is None or token.keyword not in {"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN"}:
        return False
    following = reader.peek(1)
    if token.keyword == "UNIQUE" and (following is None or following.text != "("):
        return False
    if token.keyword in {"PRIMARY", "FOREIGN"} and (following is None or following.keyword != "KEY"):
        return False
    reader.span(",")
    return True


def column(reader: Reader) -> Column:
    """Read a column: its name, type, expression, and constraints before or after the expression."""
    first = reader.peek()
    if first is None or not first.is_name:
        raise reader.unexpected()
    name = reader.take().name
    following = reader.peek()
    type_sql = None
    if following is None or following.keyword != "AS":
        type_sql = reader.span("AS", ",", *_COLUMN_CLAUSES, *_REFUSED_COLUMN_CLAUSES)
    before = _constraints(reader)
    reader.expect("AS")
    expression = _expression(reader)
    after = _constraints(reader)
    return Column(
        name,
        type_sql,
        expression,
        not_null="NOT NULL" in before | after,
        primary_key="PRIMARY KEY" in before | after,
        unique="UNIQUE" in before | after,
        comment=before.get("COMMENT") or after.get("COMMENT"),
    )


def _constraints(reader: Reader) -> dict[str, str]:
    """Read the constraints and the comment of a column."""
    found: dict[str, str] = {}
    while (token := reader.peek()) and token.text not in {",", ")"} and token.keyword != "AS":
        if token.keyword in _REFUSED_COLUMN_CLAUSES:
            raise NotSupportedError(f"Unsupported feature '{token.keyword} of a column of an external table'.")
        words = next((words for words in _CONSTRAINT_WORDS if reader.accept(*words)), None)
        if words is None:
            raise reader.unexpected()
        if words == ("COMMENT",):
            found["COMMENT"] = reader.string()
        elif words in {("CONSTRAINT",), ("REFERENCES",)}:
            reader.name()
            _skip_group(reader)
        else:
            found[" ".join(words)] = ""
    return found


_CONSTRAINT_WORDS = (
    ("CONSTRAINT",),
    ("NOT", "NULL"),
    ("NULL",),
    ("PRIMARY", "KEY"),
    ("UNIQUE",),
    ("FOREIGN", "KEY"),
    ("REFERENCES",),
    ("COMMENT",),
)


def _skip_group(reader: Reader) -> None:
    if opens(reader):
        reader.take()
        reader.span(")")
        reader.expect(")")


def _expression(reader: Reader) -> str:
    """Read the text of an expression: in brackets, or up to a comma or a constraint."""
    first = reader.peek()
    start = end = first.start if first else 0
    depth = 0
    previous = ""
    while token := reader.peek():
        if depth == 0 and (token.text == "," or _begins_constraint(reader, token.keyword, previous)):
            break
        depth += (token.text in "([") - (token.text in ")]")
        if depth < 0:
            break
        previous = token.keyword
        end = reader.take().end
    if end == start:
        raise reader.unexpected()
    return reader.sql[start:end]


def _begins_constraint(reader: Reader, keyword: str, previous: str) -> bool:
    following = reader.peek(1)
    if keyword == "NOT":
        return previous != "IS" and following is not None and following.keyword == "NULL"
    return keyword in {"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "REFERENCES"} or (
        keyword == "COMMENT" and following is not None and following.kind is Kind.STRING
    )


def alter_external_table(reader: Reader) -> ExternalTableStatement:
    """Read ALTER EXTERNAL TABLE."""
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    if_exists = reader.accept("IF", "EXISTS") or if_exists
    if reader.accept("REFRESH"):
        path = "" if reader.done else reader.string()
        return RefreshExternalTable(name, if_exists, path.lstrip("/"))
    for word in ("ADD", "REMOVE"):
        if reader.accept(word, "FILES"):
            paths = tuple(reader.string().lstrip("/") for _ in reader.group())
            if not paths:
                raise reader.unexpected()
            return ChangeFiles(name, if_exists, paths, add=word == "ADD")
    if reader.accept("ADD", "PARTITION"):
        values = tuple(_partition_value(reader) for _ in reader.group())
        reader.expect("LOCATION")
        return AddPartition(name, if_exists, values, reader.string().lstrip("/"))
    if reader.accept("DROP", "PARTITION", "LOCATION"):
        return DropPartition(name, if_exists, reader.string().lstrip("/"))
    if reader.accept("SET", "AUTO_REFRESH"):
        reader.expect("=")
        return AlterExternalTable(name, if_exists, auto_refresh=reader.boolean())
    if reader.done:
        raise reader.unexpected()
    words = " ".join(token.text for token in reader.rest[:2])
    raise NotSupportedError(f"Unsupported feature 'ALTER EXTERNAL TABLE ... {words.upper()}'.")


def _partition_value(reader: Reader) -> tuple[str, str]:
    name = reader.name().parts[-1]
    reader.expect("=")
    return name, reader.string()


def _location(reader: Reader) -> StagePath:
    token = reader.peek()
    if token is not None and token.kind is Kind.STRING:
        raise reader.unexpected()
    return stage_path(reader)


def _with(reader: Reader) -> StagePath:
    """Read WITH LOCATION; the other clauses after WITH are refused."""
    token = reader.peek()
    if reader.accept("LOCATION"):
        reader.expect("=")
        return _location(reader)
    words = {"ROW": "ROW ACCESS POLICY", "TAG": "TAG", "CONTACT": "CONTACT"}
    if token is not None and token.keyword in words:
        raise NotSupportedError(f"Unsupported feature '{words[token.keyword]} of an external table'.")
    raise reader.unexpected()


def _partition_by(reader: Reader) -> tuple[str, ...]:
    reader.expect("BY")
    names = tuple(reader.name().parts[-1] for _ in reader.group())
    if not names or len(set(names)) < len(names):
        raise SyntaxRefusedError("SQL compilation error:\nPARTITION BY needs distinct columns.")
    return names


def _partition_type(reader: Reader) -> bool:
    reader.expect("USER_SPECIFIED")
    return True


def _copy_grants(reader: Reader) -> bool:
    reader.expect("GRANTS")
    return True


def _table_format(reader: Reader) -> str:
    raise NotSupportedError(f"Unsupported feature 'TABLE_FORMAT = {reader.take().text.upper()}'.")


_TABLE_CLAUSES: dict[str, Clause] = {
    "PARTITION": _partition_by,
    "PARTITION_TYPE": _partition_type,
    "WITH": _with,
    "LOCATION": _location,
    "FILE_FORMAT": file_format,
    "TABLE_FORMAT": _table_format,
    "AUTO_REFRESH": Reader.boolean,
    "REFRESH_ON_CREATE": Reader.boolean,
    "PATTERN": Reader.string,
    "AWS_SNS_TOPIC": Reader.string,
    "INTEGRATION": unsupported("INTEGRATION of an external table: notifications of Google Cloud and Azure"),
    "COMMENT": Reader.string,
    "COPY": _copy_grants,
    "TAG": unsupported("TAG of an external table"),
    "CLUSTER": unsupported("CLUSTER BY of an external table"),
    "ROW": unsupported("ROW ACCESS POLICY of an external table"),
}

"""Replace COPY_HISTORY, LOAD_HISTORY, INFER_SCHEMA and the functions on stages in a query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from infra.local_snowflake.errors import NotSupportedError, SyntaxRefusedError
from infra.local_snowflake.language.names import literal
from infra.local_snowflake.language.parsing.storage.stages import stage_path
from infra.local_snowflake.language.tokens import Edit, Reader, Token, apply
from infra.local_snowflake.loading.copy_into.history import ensure_history, history_table
from infra.local_snowflake.loading.inference import Inference
from infra.local_snowflake.loading.views import file_formats_view, stages_view
from infra.local_snowflake.objects.stages import Stages, shown_name
from infra.local_snowflake.sessions import Session

_VIEWS = frozenset({"LOAD_HISTORY", "STAGES", "FILE_FORMATS"})
_PARTS_OF_VIEW = 2
_WORDS = (
    "COPY_HISTORY",
    "LOAD_HISTORY",
    "STAGES",
    "FILE_FORMATS",
    "INFER_SCHEMA",
    "GET_STAGE_LOCATION",
    "_URL",
    "_PATH",
)
_UNSUPPORTED = frozenset(
    {
        "GET_PRESIGNED_URL",
        "BUILD_STAGE_FILE_URL",
        "BUILD_SCOPED_FILE_URL",
        "GET_RELATIVE_PATH",
        "GET_ABSOLUTE_PATH",
    }
)
_LOADED = {"LOADED": "Loaded", "LOAD_FAILED": "Load failed", "PARTIALLY_LOADED": "Partially loaded"}
_STATUS = "CASE status " + " ".join(f"WHEN '{name}' THEN '{shown}'" for name, shown in _LOADED.items()) + " END"
_COPY_HISTORY = (
    "relative_name AS FILE_NAME, stage_location AS STAGE_LOCATION, loaded_at AS LAST_LOAD_TIME, "
    "row_count AS ROW_COUNT, row_parsed AS ROW_PARSED, file_size AS FILE_SIZE, "
    "first_error AS FIRST_ERROR_MESSAGE, first_error_line AS FIRST_ERROR_LINE_NUMBER, "
    "first_error_character AS FIRST_ERROR_CHARACTER_POS, first_error_column AS FIRST_ERROR_COLUMN_NAME, "
    f"error_count AS ERROR_COUNT, error_limit AS ERROR_LIMIT, {_STATUS} AS STATUS, "
    "{database} AS TABLE_CATALOG_NAME, table_schema AS TABLE_SCHEMA_NAME, table_name AS TABLE_NAME, "
    "CAST(NULL AS VARCHAR) AS PIPE_CATALOG_NAME, CAST(NULL AS VARCHAR) AS PIPE_SCHEMA_NAME, "
    "CAST(NULL AS VARCHAR) AS PIPE_NAME, CAST(NULL AS TIMESTAMP) AS PIPE_RECEIVED_TIME"
)
_LOAD_HISTORY = (
    "table_schema AS SCHEMA_NAME, file_name AS FILE_NAME, table_name AS TABLE_NAME, loaded_at AS LAST_LOAD_TIME, "
    "status AS STATUS, row_count AS ROW_COUNT, row_parsed AS ROW_PARSED, first_error AS FIRST_ERROR_MESSAGE, "
    "first_error_line AS FIRST_ERROR_LINE_NUMBER, first_error_character AS FIRST_ERROR_CHARACTER_POSITION, "
    "first_error_column AS FIRST_ERROR_COL_NAME, error_count AS ERROR_COUNT, error_limit AS ERROR_LIMIT"
)


@dataclass(frozen=True, slots=True)
class TableFunctions:
    """Rewrites the table functions and views on loads and stages."""

    stages: Stages
    inference: Inference
    now: Callable[[], datetime]

    def rewrite(self, sql: str, session: Session) -> str:
        """Return the query with relations in their places.

        Raises:
            NotSupportedError: it uses a function on stages that this server lacks.
        """
        if not any(word in sql.upper() for word in _WORDS):
            return sql
        reader = Reader(sql)
        edits = []
        while not reader.done:
            token = reader.peek()
            edit = self._edit(reader, token, session) if token and token.is_name else None
            if edit:
                edits.append(edit)
            else:
                reader.take()
        return apply(sql, edits)

    def _edit(self, reader: Reader, token: Token, session: Session) -> Edit | None:
        following = reader.peek(1)
        calls = following is not None and following.text == "("
        if calls and token.keyword in _UNSUPPORTED:
            raise NotSupportedError(f"Unsupported feature '{token.keyword}'.")
        if calls and token.keyword == "GET_STAGE_LOCATION":
            return self._stage_location(reader, token, session)
        if calls and token.keyword == "TABLE":
            return self._table_function(reader, token, session)
        return self._view(reader, token, session)

    def _stage_location(self, reader: Reader, first: Token, session: Session) -> Edit:
        reader.take()
        reader.expect("(")
        stage = self.stages.of(stage_path(reader), session)
        reader.expect(")")
        return Edit(first.start, reader.position, literal(stage.url or shown_name(stage, "")))

    def _table_function(self, reader: Reader, first: Token, session: Session) -> Edit | None:
        ahead = 2
        while (token := reader.peek(ahead)) and token.is_name and _is(reader.peek(ahead + 1), "."):
            ahead += 2
        if token is None or token.keyword not in {"COPY_HISTORY", "INFER_SCHEMA"}:
            return None
        for _ in range(ahead + 1):
            reader.take()
        arguments = _arguments(reader)
        reader.expect(")")
        if token.keyword == "INFER_SCHEMA":
            return Edit(first.start, reader.position, self.inference.relation(arguments, session))
        return Edit(first.start, reader.position, self._copy_history(arguments, session))

    def _copy_history(self, arguments: dict[str, str], session: Session) -> str:
        if "TABLE_NAME" not in arguments or "START_TIME" not in arguments:
            raise SyntaxRefusedError("SQL compilation error:\nCOPY_HISTORY needs TABLE_NAME and START_TIME.")
        if unknown := arguments.keys() - {"TABLE_NAME", "START_TIME", "END_TIME"}:
            raise SyntaxRefusedError(f"SQL compilation error:\ninvalid argument '{min(unknown)}' of COPY_HISTORY.")
        table = session.full(Reader(Reader(arguments["TABLE_NAME"]).string()).name())
        self.stages.registry.require_table(session.temporary.get(table, table), table)
        table = session.temporary.get(table, table)
        ensure_history(session.duck, table.database)
        conditions = [
            f"table_schema = {literal(table.schema)}",
            f"table_name = {literal(table.name)}",
            f"loaded_at >= {self._time(arguments['START_TIME'])}",
        ]
        if "END_TIME" in arguments:
            conditions.append(f"loaded_at < {self._time(arguments['END_TIME'])}")
        columns = _COPY_HISTORY.replace("{database}", literal(table.database))
        return f"(SELECT {columns} FROM {history_table(table.database)} WHERE {' AND '.join(conditions)})"  # noqa: S608 - names of ours

    def _time(self, expression: str) -> str:
        """Return a time of the client with the clock of this server, which tests move."""
        now = f"{literal(self.now().isoformat())}::TIMESTAMP_TZ"
        reader = Reader(expression)
        edits = []
        while not reader.done:
            token = reader.take()
            if token.keyword in {"CURRENT_TIMESTAMP", "SYSDATE", "LOCALTIMESTAMP"}:
                reader.accept("(", ")")
                edits.append(Edit(token.start, reader.position, now))
        return f"({apply(expression, edits)})"

    def _view(self, reader: Reader, first: Token, session: Session) -> Edit | None:
        """Read `[database.]INFORMATION_SCHEMA.LOAD_HISTORY`, STAGES or FILE_FORMATS."""
        chain = [first.name]
        while _is(reader.peek(2 * len(chain) - 1), "."):
            token = reader.peek(2 * len(chain))
            chain.append(token.name if token and token.is_name else "")
        database = session.database if len(chain) == _PARTS_OF_VIEW else chain[0]
        if chain[-2:-1] != ["INFORMATION_SCHEMA"] or chain[-1] not in _VIEWS or database is None:
            return None
        for _ in range(2 * len(chain) - 1):
            reader.take()
        return Edit(first.start, reader.position, self._view_sql(chain[-1], database, session))

    def _view_sql(self, view: str, database: str, session: Session) -> str:
        if view == "STAGES":
            stages = [stage for stage in self.stages.visible(session) if stage.name.database == database]
            return stages_view(stages)
        if view == "FILE_FORMATS":
            formats = [stored for stored in self.stages.formats.visible(session) if stored.name.database == database]
            return file_formats_view(formats)
        ensure_history(session.duck, database)
        return f"(SELECT {_LOAD_HISTORY} FROM {history_table(database)})"  # noqa: S608 - names of ours


def _is(token: Token | None, text: str) -> bool:
    return token is not None and token.text == text


def _arguments(reader: Reader) -> dict[str, str]:
    """Read `(NAME => expression, ...)`."""
    found: dict[str, str] = {}
    for _ in reader.group():
        name = reader.take().keyword
        reader.expect("=>")
        found[name] = reader.span(",")
    return found

"""Answer SHOW DATABASES, SCHEMAS, TABLES, VIEWS, OBJECTS, COLUMNS, KEYS and SEQUENCES."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.local_snowflake.answers import Answer
from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.language.statements import ShowList
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.relations import INFORMATION_SCHEMA, ColumnInfo, Relation, Relations
from infra.local_snowflake.showing.selection import matches, page, within

_TERSE = ("created_on", "name", "kind", "database_name", "schema_name")
_TIMES = frozenset({"created_on", "dropped_on", "resumed_on", "updated_on"})
_NUMBERS = frozenset(
    {
        "rows",
        "bytes",
        "key_sequence",
        "next_value",
        "interval",
        "assigned_to_users",
        "granted_roles",
        "granted_to_roles",
    }
)


def answer_of(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> Answer:
    """Return rows with these columns; a missing value is NULL."""
    types = tuple("time" if name in _TIMES else "integer" if name in _NUMBERS else "text" for name in columns)
    return Answer(tuple(columns), types, tuple(tuple(row.get(name) for name in columns) for row in rows))


@dataclass(frozen=True, slots=True)
class Lists:
    """Answers the SHOW commands of objects in databases."""

    relations: Relations

    def show(self, show: ShowList, session: Session) -> Answer | None:
        """Return the rows of a SHOW; None for a list of another kind."""
        answer = _SHOWS.get(show.kind)
        return answer(self, show, session) if answer else None

    def databases(self, show: ShowList, session: Session) -> Answer:
        """List databases."""
        rows = []
        for name in self.relations.databases():
            info = self.relations.catalog.info((name,))
            rows.append(
                {
                    "created_on": info.created_on,
                    "name": name,
                    "is_default": "N",
                    "is_current": "Y" if name == session.database else "N",
                    "origin": "",
                    "owner": info.owner,
                    "comment": info.comment,
                    "options": "TRANSIENT" if info.transient else "",
                    "retention_time": str(info.retention_days),
                    "kind": "STANDARD",
                    "owner_role_type": "ROLE",
                }
            )
        return _answer(show, rows, _DATABASES)

    def schemas(self, show: ShowList, session: Session) -> Answer:
        """List schemas."""
        scope = within(show, session, self.relations)
        rows = []
        for database, name in self.relations.schemas(scope.database):
            info = self.relations.catalog.info((database, name))
            options = [word for word in ("TRANSIENT",) if info.transient]
            options += ["MANAGED ACCESS"] if info.managed_access else []
            rows.append(
                {
                    "created_on": info.created_on,
                    "name": name,
                    "is_default": "N",
                    "is_current": "Y" if (database, name) == (session.database, session.schema) else "N",
                    "database_name": database,
                    "owner": "" if name == INFORMATION_SCHEMA else info.owner,
                    "comment": info.comment,
                    "options": ", ".join(options),
                    "retention_time": str(info.retention_days),
                    "owner_role_type": "" if name == INFORMATION_SCHEMA else "ROLE",
                }
            )
        return _answer(show, rows, _SCHEMAS)

    def none(self, show: ShowList, _: Session) -> Answer:
        """List pipes or streams: there are none, because this server refuses to create them."""
        return answer_of((_PIPES if show.kind == "PIPES" else _STREAMS).split(), [])

    def _chosen(self, show: ShowList, session: Session) -> list[Relation]:
        scope = within(show, session, self.relations)
        return self.relations.relations(session, scope.holds)

    def _named(self, show: ShowList, session: Session, kinds: set[str]) -> list[Relation]:
        scope = within(show, session, self.relations)

        def chosen(name: ObjectName) -> bool:
            return scope.holds(name) and matches(show, name.name)

        found = [relation for relation in self.relations.relations(session, chosen) if relation.kind in kinds]
        return page(show, found, lambda relation: relation.name.name)

    def tables(self, show: ShowList, session: Session) -> Answer:
        """List tables and external tables."""
        found = self._named(show, session, {"TABLE", "EXTERNAL TABLE"})
        counts = {} if show.terse else self.relations.row_counts(found)
        return answer_of(
            _TERSE if show.terse else _TABLES, [self._table(each, counts.get(each.name)) for each in found]
        )

    def _table(self, relation: Relation, rows: int | None) -> dict[str, Any]:
        return {
            **_common(relation),
            "kind": relation.table_kind,
            "cluster_by": relation.info.cluster_by,
            "rows": rows,
            "retention_time": str(relation.info.retention_days),
            "automatic_clustering": "ON" if relation.info.cluster_by and relation.info.reclustering else "OFF",
            "change_tracking": "ON" if relation.info.change_tracking else "OFF",
            "search_optimization": "OFF",
            "is_external": "Y" if relation.kind == "EXTERNAL TABLE" else "N",
            **dict.fromkeys(("enable_schema_evolution", "is_event", "is_hybrid", "is_iceberg", "is_dynamic"), "N"),
            "is_immutable": "N",
        }

    def views(self, show: ShowList, session: Session) -> Answer:
        """List views."""
        rows = [
            {
                **_common(relation),
                "kind": "VIEW",
                "reserved": "",
                "text": relation.definition_for(session),
                "is_secure": str(relation.info.secure).lower(),
                "is_materialized": "false",
                "change_tracking": "ON" if relation.info.change_tracking else "OFF",
            }
            for relation in self._named(show, session, {"VIEW"})
        ]
        return answer_of(_TERSE if show.terse else _VIEWS, rows)

    def objects(self, show: ShowList, session: Session) -> Answer:
        """List tables, external tables and views."""
        found = self._named(show, session, {"TABLE", "VIEW", "EXTERNAL TABLE"})
        counts = {} if show.terse else self.relations.row_counts(found)
        rows = []
        for relation in found:
            # a transient table is a TABLE here: dbt-snowflake knows no other kind, and drops what it does not know
            kind = "TEMPORARY" if relation.temporary and relation.kind == "TABLE" else relation.kind
            rows.append({**self._table(relation, counts.get(relation.name)), "kind": kind, "comment": relation.comment})
        return answer_of(_TERSE if show.terse else _OBJECTS, rows)

    def columns(self, show: ShowList, session: Session) -> Answer:
        """List columns."""
        rows = [
            {
                "table_name": relation.name.name,
                "schema_name": relation.name.schema,
                "column_name": column.name,
                "data_type": json.dumps(_json_type(column), separators=(",", ":")),
                "null?": "true" if column.nullable else "NOT_NULL",
                "default": column.default or "",
                "kind": "COLUMN",
                "expression": "",
                "comment": column.comment,
                "database_name": relation.name.database,
                "autoincrement": str(column.identity or ""),
            }
            for relation, column in self.relations.columns(self._chosen(show, session))
            if matches(show, column.name)
        ]
        return answer_of(_COLUMNS, rows[: show.limit])

    def keys(self, show: ShowList, session: Session) -> Answer:
        """List primary or unique keys, one row per column."""
        kind = show.kind.split()[0]
        rows = [
            {
                "created_on": relation.info.created_on,
                "database_name": relation.name.database,
                "schema_name": relation.name.schema,
                "table_name": relation.name.name,
                "column_name": column,
                "key_sequence": number,
                "constraint_name": name,
                "rely": "false",
            }
            for relation, columns, name in self.relations.keys(
                self._chosen(show, session), "PRIMARY KEY" if kind == "PRIMARY" else "UNIQUE"
            )
            for number, column in enumerate(columns, 1)
        ]
        return answer_of(_KEYS, rows)

    def foreign_keys(self, show: ShowList, session: Session) -> Answer:
        """List no foreign keys: DuckDB is given none."""
        within(show, session, self.relations)
        return answer_of(_FOREIGN_KEYS, [])

    def sequences(self, show: ShowList, session: Session) -> Answer:
        """List sequences."""
        scope = within(show, session, self.relations)
        rows = [
            {
                "name": name,
                "database_name": database,
                "schema_name": schema,
                "next_value": following,
                "interval": step,
                "created_on": self.relations.created_on(database, schema, name),
                "owner": self.relations.catalog.info((database, schema, name)).owner,
                "comment": self.relations.catalog.info((database, schema, name)).comment,
                "owner_role_type": "ROLE",
                "ordered": "Y",
            }
            for database, schema, name, following, step in self.relations.sequences()
            if scope.holds(ObjectName(database, schema, name)) and matches(show, name)
        ]
        return answer_of(_SEQUENCES, page(show, rows, lambda row: str(row["name"])))


def _common(relation: Relation) -> dict[str, Any]:
    return {
        "created_on": relation.info.created_on,
        "name": relation.name.name,
        "database_name": relation.name.database,
        "schema_name": relation.name.schema,
        "comment": relation.comment,
        "owner": relation.info.owner,
        "owner_role_type": "ROLE",
    }


def _answer(show: ShowList, rows: list[dict[str, Any]], columns: Sequence[str]) -> Answer:
    chosen = page(show, [row for row in rows if matches(show, row["name"])], lambda row: str(row["name"]))
    if show.terse:
        chosen = [{**row, "kind": None} for row in chosen]
    return answer_of(_TERSE if show.terse else columns, chosen)


def _json_type(column: ColumnInfo) -> dict[str, Any]:
    kind = column.data_type
    if kind == "NUMBER":
        return {"type": "FIXED", "precision": column.precision, "scale": column.scale, "nullable": column.nullable}
    if kind == "TEXT":
        length = column.text_length or 0
        size = min(length * 4, 16777216)
        return {"type": "TEXT", "length": length, "byteLength": size, "nullable": column.nullable, "fixed": False}
    if kind.startswith("TIME"):
        return {"type": kind, "precision": 0, "scale": 9, "nullable": column.nullable}
    if kind == "BINARY":
        return {"type": kind, "length": 8388608, "byteLength": 8388608, "nullable": column.nullable, "fixed": True}
    return {"type": "REAL" if kind == "FLOAT" else kind, "nullable": column.nullable}


def _names(text: str) -> list[str]:
    return text.split()


_DATABASES = _names(
    "created_on name is_default is_current origin owner comment options retention_time kind budget owner_role_type "
    "object_visibility"
)
_SCHEMAS = _names(
    "created_on name is_default is_current database_name owner comment options retention_time owner_role_type "
    "classification_profile_database classification_profile_schema classification_profile object_visibility"
)
_TABLES = _names(
    "created_on name database_name schema_name kind comment cluster_by rows bytes owner retention_time "
    "automatic_clustering change_tracking search_optimization search_optimization_progress search_optimization_bytes "
    "is_external enable_schema_evolution owner_role_type is_event budget is_hybrid is_iceberg is_dynamic is_immutable"
)
_VIEWS = _names(
    "created_on name reserved database_name schema_name owner comment text is_secure is_materialized owner_role_type "
    "change_tracking"
)
_OBJECTS = _names(
    "created_on name database_name schema_name kind comment cluster_by rows bytes owner retention_time owner_role_type "
    "budget is_hybrid is_iceberg is_dynamic"
)
_COLUMNS = _names(
    "table_name schema_name column_name data_type null? default kind expression comment database_name autoincrement "
    "schema_evolution_record"
)
_KEYS = _names("created_on database_name schema_name table_name column_name key_sequence constraint_name rely comment")
_FOREIGN_KEYS = _names(
    "created_on pk_database_name pk_schema_name pk_table_name pk_column_name fk_database_name fk_schema_name "
    "fk_table_name fk_column_name key_sequence update_rule delete_rule fk_name pk_name deferrability rely comment"
)
_SEQUENCES = _names(
    "name database_name schema_name next_value interval created_on owner comment owner_role_type ordered"
)
_PIPES = (
    "created_on name database_name schema_name definition owner notification_channel comment integration pattern "
    "error_integration owner_role_type invalid_reason kind"
)
_STREAMS = (
    "created_on name database_name schema_name owner comment table_name source_type base_tables type stale mode "
    "stale_after invalid_reason owner_role_type"
)
_SHOWS: dict[str, Callable[[Lists, ShowList, Session], Answer]] = {
    "DATABASES": Lists.databases,
    "SCHEMAS": Lists.schemas,
    "TABLES": Lists.tables,
    "VIEWS": Lists.views,
    "OBJECTS": Lists.objects,
    "COLUMNS": Lists.columns,
    "PRIMARY KEYS": Lists.keys,
    "UNIQUE KEYS": Lists.keys,
    "IMPORTED KEYS": Lists.foreign_keys,
    "EXPORTED KEYS": Lists.foreign_keys,
    "SEQUENCES": Lists.sequences,
    "PIPES": Lists.none,
    "STREAMS": Lists.none,
}
LISTS = frozenset(_SHOWS)

"""Replace the views of INFORMATION_SCHEMA by lists of what the session sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local_snowflake.answers import Answer
from infra.local_snowflake.language.tokens import Edit, Reader, Token, apply
from infra.local_snowflake.rewriting.relations import as_relation
from infra.local_snowflake.sessions import Session
from infra.local_snowflake.showing.relations import INFORMATION_SCHEMA, Relation, Relations

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class InformationSchema:
    """The views of INFORMATION_SCHEMA."""

    relations: Relations

    def read(self, sql: str, session: Session, hold: Callable[[str, Answer], str]) -> str:
        """Return a statement that reads the lists instead of the views.

        Args:
            sql: the statement.
            session: whose objects are listed.
            hold: keeps a list under a name in the session, and returns the SQL that reads it.
        """
        reader = Reader(sql)
        edits: list[Edit] = []
        before: list[Token] = []
        while not reader.done:
            token = reader.take()
            if token.keyword == INFORMATION_SCHEMA and reader.accept("."):
                view = reader.take()
                following = reader.peek()
                if view.name in _VIEWS and (following is None or following.text not in {"(", "."}):
                    qualified = bool(before) and before[-1].text == "."
                    database = before[-2].name if qualified else session.database or ""
                    held = hold(f"{database}_{view.name}", _VIEWS[view.name](self, database, session))
                    start = before[-2].start if qualified else token.start
                    edits.append(Edit(start, view.end, as_relation(held, view.name, following)))
            before.append(token)
        return apply(sql, edits)

    def _of_database(self, database: str, session: Session) -> list[Relation]:
        return self.relations.relations(session, lambda name: name.database == database)

    def tables(self, database: str, session: Session) -> Answer:
        """List tables and views, those of INFORMATION_SCHEMA, too."""
        rows = [self._table(relation) for relation in self._of_database(database, session)]
        rows += [
            {"TABLE_CATALOG": database, "TABLE_SCHEMA": INFORMATION_SCHEMA, "TABLE_NAME": name, "TABLE_TYPE": "VIEW"}
            for name in sorted(_VIEWS)
        ]
        return _answer(_TABLES, rows)

    def _table(self, relation: Relation) -> Row:
        info, view = relation.info, relation.kind == "VIEW"
        kind = {"TABLE": "TEMPORARY TABLE" if relation.temporary else "BASE TABLE"}.get(relation.kind, relation.kind)
        return {
            **_name(relation),
            "TABLE_OWNER": info.owner,
            "TABLE_TYPE": kind,
            "IS_TRANSIENT": None if view else "YES" if info.transient else "NO",
            "ROW_COUNT": self.relations.row_count(relation),
            "CLUSTERING_KEY": info.cluster_by or None,
            "RETENTION_TIME": None if view else info.retention_days,
            "IS_INSERTABLE_INTO": "YES",
            "IS_TYPED": "YES",
            "CREATED": info.created_on,
            "LAST_ALTERED": info.altered_on,
            "LAST_DDL": info.created_on,
            "LAST_DDL_BY": info.owner,
            "AUTO_CLUSTERING_ON": None if view else "YES" if info.cluster_by and info.reclustering else "NO",
            "COMMENT": relation.comment or None,
            "IS_TEMPORARY": "YES" if relation.temporary else "NO",
            **dict.fromkeys(("IS_ICEBERG", "IS_DYNAMIC", "IS_IMMUTABLE", "IS_HYBRID"), "NO"),
        }

    def views(self, database: str, session: Session) -> Answer:
        """List views."""
        rows = [
            {
                **_name(relation),
                "TABLE_OWNER": relation.info.owner,
                "VIEW_DEFINITION": relation.definition_for(session) or None,
                "CHECK_OPTION": "NONE",
                "IS_UPDATABLE": "NO",
                "INSERTABLE_INTO": "NO",
                "IS_SECURE": "YES" if relation.info.secure else "NO",
                "CREATED": relation.info.created_on,
                "LAST_ALTERED": relation.info.altered_on,
                "LAST_DDL": relation.info.created_on,
                "LAST_DDL_BY": relation.info.owner,
                "COMMENT": relation.comment or None,
            }
            for relation in self._of_database(database, session)
            if relation.kind == "VIEW"
        ]
        return _answer(_VIEW_COLUMNS, rows)

    def columns(self, database: str, session: Session) -> Answer:
        """List columns."""
        rows = [
            {
                **_name(relation),
                "COLUMN_NAME": column.name,
                "ORDINAL_POSITION": column.position,
                "COLUMN_DEFAULT": column.default,
                "IS_NULLABLE": "YES" if column.nullable else "NO",
                "DATA_TYPE": column.data_type,
                "CHARACTER_MAXIMUM_LENGTH": column.text_length,
                "CHARACTER_OCTET_LENGTH": min(column.text_length * 4, 16777216) if column.text_length else None,
                "NUMERIC_PRECISION": column.precision,
                "NUMERIC_PRECISION_RADIX": None if column.precision is None else 10,
                "NUMERIC_SCALE": None if column.precision is None else column.scale,
                "DATETIME_PRECISION": 9 if column.data_type.startswith("TIME") else None,
                "IS_IDENTITY": "YES" if "nextval" in (column.default or "").lower() else "NO",
                "COMMENT": column.comment or None,
            }
            for relation, column in self.relations.columns(self._of_database(database, session))
        ]
        return _answer(_COLUMN_COLUMNS, rows)

    def schemata(self, database: str, _: Session) -> Answer:
        """List schemas."""
        rows = []
        for catalog, name in self.relations.schemas(database):
            info = self.relations.catalog.info((catalog, name))
            rows.append(
                {
                    "CATALOG_NAME": catalog,
                    "SCHEMA_NAME": name,
                    "SCHEMA_OWNER": None if name == INFORMATION_SCHEMA else info.owner,
                    "IS_TRANSIENT": "YES" if info.transient else "NO",
                    "IS_MANAGED_ACCESS": "YES" if info.managed_access else "NO",
                    "RETENTION_TIME": info.retention_days,
                    "CREATED": info.created_on,
                    "LAST_ALTERED": info.altered_on,
                    "COMMENT": info.comment or None,
                    "OWNER_ROLE_TYPE": "ROLE",
                }
            )
        return _answer(_SCHEMATA, rows)

    def databases(self, _: str, __: Session) -> Answer:
        """List databases."""
        rows = []
        for name in self.relations.databases():
            info = self.relations.catalog.info((name,))
            rows.append(
                {
                    "DATABASE_NAME": name,
                    "DATABASE_OWNER": info.owner,
                    "IS_TRANSIENT": "YES" if info.transient else "NO",
                    "COMMENT": info.comment or None,
                    "CREATED": info.created_on,
                    "LAST_ALTERED": info.altered_on,
                    "RETENTION_TIME": info.retention_days,
                    "TYPE": "STANDARD",
                    "OWNER_ROLE_TYPE": "ROLE",
                }
            )
        return _answer(_DATABASES, rows)

    def sequences(self, database: str, _: Session) -> Answer:
        """List sequences."""
        rows = []
        for catalog, schema, name, following, step in self.relations.sequences():
            info = self.relations.catalog.info((catalog, schema, name))
            if catalog == database:
                rows.append(
                    {
                        "SEQUENCE_CATALOG": catalog,
                        "SEQUENCE_SCHEMA": schema,
                        "SEQUENCE_NAME": name,
                        "SEQUENCE_OWNER": info.owner,
                        "DATA_TYPE": "NUMBER",
                        "NUMERIC_PRECISION": 38,
                        "NUMERIC_PRECISION_RADIX": 10,
                        "NUMERIC_SCALE": 0,
                        "NEXT_VALUE": following,
                        "INCREMENT": str(step),
                        "CYCLE_OPTION": "NO",
                        "CREATED": info.created_on,
                        "LAST_ALTERED": info.altered_on,
                        "COMMENT": info.comment or None,
                        "ORDERED": "YES",
                        "OWNER_ROLE_TYPE": "ROLE",
                    }
                )
        return _answer(_SEQUENCES, rows)

    def constraints(self, database: str, session: Session) -> Answer:
        """List primary, unique and foreign keys."""
        relations = self._of_database(database, session)
        rows = [
            {
                "CONSTRAINT_CATALOG": relation.name.database,
                "CONSTRAINT_SCHEMA": relation.name.schema,
                "CONSTRAINT_NAME": name,
                **_name(relation),
                "CONSTRAINT_TYPE": kind,
                "IS_DEFERRABLE": "NO",
                "INITIALLY_DEFERRED": "YES",
                "ENFORCED": "NO",
                "CREATED": relation.info.created_on,
                "LAST_ALTERED": relation.info.altered_on,
                "RELY": "NO",
            }
            for kind in ("PRIMARY KEY", "UNIQUE", "FOREIGN KEY")
            for relation, _, name in self.relations.keys(relations, kind)
        ]
        return _answer(_CONSTRAINTS, rows)


def _name(relation: Relation) -> Row:
    return {
        "TABLE_CATALOG": relation.name.database,
        "TABLE_SCHEMA": relation.name.schema,
        "TABLE_NAME": relation.name.name,
    }


def _answer(columns: dict[str, str], rows: list[Row]) -> Answer:
    return Answer(
        tuple(columns), tuple(columns.values()), tuple(tuple(row.get(name) for name in columns) for row in rows)
    )


def _typed(names: str) -> dict[str, str]:
    times = {"CREATED", "LAST_ALTERED", "LAST_DDL"}
    integers = {"ROW_COUNT", "BYTES", "RETENTION_TIME", "ORDINAL_POSITION", "CHARACTER_MAXIMUM_LENGTH"}
    integers |= {"CHARACTER_OCTET_LENGTH", "NUMERIC_PRECISION", "NUMERIC_PRECISION_RADIX", "NUMERIC_SCALE"}
    integers |= {"DATETIME_PRECISION", "NEXT_VALUE"}
    return {name: "time" if name in times else "integer" if name in integers else "text" for name in names.split()}


_TABLES = _typed("""
    TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_OWNER TABLE_TYPE IS_TRANSIENT CLUSTERING_KEY ROW_COUNT BYTES
    RETENTION_TIME SELF_REFERENCING_COLUMN_NAME REFERENCE_GENERATION USER_DEFINED_TYPE_CATALOG USER_DEFINED_TYPE_SCHEMA
    USER_DEFINED_TYPE_NAME IS_INSERTABLE_INTO IS_TYPED COMMIT_ACTION CREATED LAST_ALTERED LAST_DDL LAST_DDL_BY
    AUTO_CLUSTERING_ON COMMENT IS_TEMPORARY IS_ICEBERG IS_DYNAMIC IS_IMMUTABLE IS_HYBRID
""")
_VIEW_COLUMNS = _typed("""
    TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_OWNER VIEW_DEFINITION CHECK_OPTION IS_UPDATABLE INSERTABLE_INTO
    IS_SECURE CREATED LAST_ALTERED LAST_DDL LAST_DDL_BY COMMENT
""")
_COLUMN_COLUMNS = _typed("""
    TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME ORDINAL_POSITION COLUMN_DEFAULT IS_NULLABLE DATA_TYPE
    CHARACTER_MAXIMUM_LENGTH CHARACTER_OCTET_LENGTH NUMERIC_PRECISION NUMERIC_PRECISION_RADIX NUMERIC_SCALE
    DATETIME_PRECISION INTERVAL_TYPE INTERVAL_PRECISION CHARACTER_SET_CATALOG CHARACTER_SET_SCHEMA CHARACTER_SET_NAME
    COLLATION_CATALOG COLLATION_SCHEMA COLLATION_NAME DOMAIN_CATALOG DOMAIN_SCHEMA DOMAIN_NAME UDT_CATALOG UDT_SCHEMA
    UDT_NAME SCOPE_CATALOG SCOPE_SCHEMA SCOPE_NAME MAXIMUM_CARDINALITY DTD_IDENTIFIER IS_SELF_REFERENCING IS_IDENTITY
    IDENTITY_GENERATION IDENTITY_START IDENTITY_INCREMENT IDENTITY_MAXIMUM IDENTITY_MINIMUM IDENTITY_CYCLE
    IDENTITY_ORDERED COMMENT
""")
_SCHEMATA = _typed("""
    CATALOG_NAME SCHEMA_NAME SCHEMA_OWNER IS_TRANSIENT IS_MANAGED_ACCESS RETENTION_TIME DEFAULT_CHARACTER_SET_CATALOG
    DEFAULT_CHARACTER_SET_SCHEMA DEFAULT_CHARACTER_SET_NAME SQL_PATH CREATED LAST_ALTERED COMMENT
    REPLICABLE_WITH_FAILOVER_GROUPS OWNER_ROLE_TYPE
""")
_DATABASES = _typed("""
    DATABASE_NAME DATABASE_OWNER IS_TRANSIENT COMMENT CREATED LAST_ALTERED RETENTION_TIME TYPE
    REPLICABLE_WITH_FAILOVER_GROUPS OWNER_ROLE_TYPE
""")
_CONSTRAINTS = _typed("""
    CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_CATALOG TABLE_SCHEMA TABLE_NAME CONSTRAINT_TYPE
    IS_DEFERRABLE INITIALLY_DEFERRED ENFORCED COMMENT CREATED LAST_ALTERED RELY
""")
_SEQUENCES = _typed("""
    SEQUENCE_CATALOG SEQUENCE_SCHEMA SEQUENCE_NAME SEQUENCE_OWNER DATA_TYPE NUMERIC_PRECISION NUMERIC_PRECISION_RADIX
    NUMERIC_SCALE START_VALUE MINIMUM_VALUE MAXIMUM_VALUE NEXT_VALUE INCREMENT CYCLE_OPTION CREATED LAST_ALTERED COMMENT
    ORDERED OWNER_ROLE_TYPE
""")
_VIEWS: dict[str, Callable[[InformationSchema, str, Session], Answer]] = {
    "TABLES": InformationSchema.tables,
    "VIEWS": InformationSchema.views,
    "COLUMNS": InformationSchema.columns,
    "SCHEMATA": InformationSchema.schemata,
    "DATABASES": InformationSchema.databases,
    "SEQUENCES": InformationSchema.sequences,
    "TABLE_CONSTRAINTS": InformationSchema.constraints,
}
"""The views by name: each returns its rows for a database."""

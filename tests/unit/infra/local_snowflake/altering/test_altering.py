"""Rules of Snowflake for ALTER TABLE, VIEW, SCHEMA and SEQUENCE."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def table(client: Any) -> Any:
    client.rows("CREATE TABLE t (a INT, b VARCHAR(3), c NUMBER(5, 1))")
    client.rows("INSERT INTO t VALUES (1, 'x', 1.5)")
    return client


def _columns(client: Any, name: str) -> dict[str, str]:
    return {row["name"]: row["type"] for row in client.rows(f"DESC TABLE {name}")}


def test_columns_are_added_together_or_not_at_all(table: Any) -> None:
    """Type, default, NOT NULL, length and comment of each count; IF NOT EXISTS leaves a present one alone."""
    assert 1430 == table.refused("ALTER TABLE t ADD COLUMN d INT, a INT")[0]
    table.rows("ALTER TABLE t ADD COLUMN IF NOT EXISTS a INT, d VARCHAR(2) COMMENT 'two', e INT NOT NULL DEFAULT 7")
    assert {"D": "VARCHAR(2)", "E": "NUMBER(38,0)"} == {name: _columns(table, "t")[name] for name in ("D", "E")}
    assert [7] == table.values("SELECT e FROM t")
    assert "two" in {row["comment"] for row in table.rows("DESC TABLE t")}
    assert 100078 == table.refused("INSERT INTO t (d, e) VALUES ('abc', 1)")[0]
    assert 100072 == table.refused("INSERT INTO t (d, e) VALUES ('ab', NULL)")[0]
    assert 100072 == table.refused("ALTER TABLE t ADD COLUMN f INT NOT NULL")[0]
    assert 2 == table.refused("ALTER TABLE t ADD COLUMN f INT AUTOINCREMENT")[0]


def test_a_virtual_column_is_computed(client: Any) -> None:
    """With and without GENERATED ALWAYS and VIRTUAL."""
    client.rows("CREATE TABLE v (a INT, b INT GENERATED ALWAYS AS (a * 2) VIRTUAL, c INT AS (a + 1))")
    client.rows("INSERT INTO v (a) VALUES (5)")
    assert [{"a": 5, "b": 10, "c": 6}] == client.rows("SELECT * FROM v")


def test_columns_are_dropped_together_or_not_at_all(table: Any) -> None:
    """A missing name refuses the statement, unless IF EXISTS is before it; keys of a dropped column go with it."""
    table.rows("ALTER TABLE t ADD CONSTRAINT u UNIQUE (b)")
    assert 904 == table.refused("ALTER TABLE t DROP COLUMN b, nope")[0]
    table.rows("ALTER TABLE t DROP COLUMN b, IF EXISTS nope")
    assert ["A", "C"] == list(_columns(table, "t"))
    assert [] == table.rows("SHOW UNIQUE KEYS IN TABLE t")


def test_types_become_wider_and_nothing_else(table: Any) -> None:
    """A longer VARCHAR, another precision; several changes in one statement."""
    table.rows("ALTER TABLE t ALTER COLUMN b TYPE VARCHAR(10), COLUMN c SET DATA TYPE NUMBER(9, 1), a SET NOT NULL")
    assert {"A": "NUMBER(38,0)", "B": "VARCHAR(10)", "C": "NUMBER(9,1)"} == _columns(table, "t")
    table.rows("INSERT INTO t VALUES (2, '0123456789', 2)")
    assert 100078 == table.refused("INSERT INTO t VALUES (2, '0123456789x', 2)")[0]
    for change in ("b TYPE VARCHAR(9)", "c TYPE NUMBER(9, 2)", "a TYPE VARCHAR"):
        assert 2108 == table.refused(f"ALTER TABLE t ALTER COLUMN {change}")[0]
    assert 100072 == table.refused("INSERT INTO t VALUES (NULL, 'x', 2)")[0]


def test_swap_exchanges_rows_properties_and_load_history(table: Any) -> None:
    """Comments, clustering keys, lengths of columns, keys and the files that were loaded follow their table."""
    table.bucket.write("swap/a.json", {"id": 1})
    table.rows("CREATE STAGE s URL = 's3://hourglass/swap/' FILE_FORMAT = (TYPE = JSON)")
    table.rows("CREATE TABLE u (v VARIANT PRIMARY KEY) CLUSTER BY (v) COMMENT = 'of u'")
    table.rows("COPY INTO u FROM @s")
    table.rows("ALTER TABLE t SWAP WITH u")
    shown = {row["name"]: (row["cluster_by"], row["comment"]) for row in table.rows("SHOW TABLES")}
    assert {"T": ("LINEAR(V)", "of u"), "U": ("", "")} == shown
    assert ["Copy executed with 0 files processed."] == table.values("COPY INTO t FROM @s")
    assert 100078 == table.refused("INSERT INTO u VALUES (1, 'xxxx', 1)")[0]
    assert ["V"] == [row["column_name"] for row in table.rows("SHOW PRIMARY KEYS IN TABLE t")]
    assert [] == table.rows("SHOW PRIMARY KEYS IN TABLE u")
    assert 2003 == table.refused("ALTER TABLE t SWAP WITH nope")[0]


def test_a_renamed_table_keeps_lengths_and_keys(table: Any) -> None:
    """A name that is taken is refused; so is another schema, which would move the table."""
    table.rows("CREATE TABLE u (a INT)")
    table.rows("ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a)")
    assert 2002 == table.refused("ALTER TABLE t RENAME TO u")[0]
    assert 2003 == table.refused("ALTER TABLE t RENAME TO no_such_schema.x")[0]
    assert 2 == table.refused("ALTER TABLE t RENAME TO aws.dev.x")[0]
    table.rows("ALTER TABLE t RENAME TO x")
    table.rows("ALTER TABLE x RENAME COLUMN a TO z")
    assert 100078 == table.refused("INSERT INTO x VALUES (1, 'xxxx', 1)")[0]
    assert [("K", "Z")] == [
        (r["constraint_name"], r["column_name"]) for r in table.rows("SHOW PRIMARY KEYS IN TABLE x")
    ]
    assert 2003 == table.refused("SELECT * FROM t")[0]


def test_a_temporary_table_is_altered_in_its_session(client: Any) -> None:
    """It is renamed for its session, and still dropped with it."""
    client.rows("CREATE TEMPORARY TABLE t (a INT)")
    client.rows("ALTER TABLE t ADD COLUMN b INT")
    client.rows("ALTER TABLE t RENAME TO u")
    client.rows("INSERT INTO u VALUES (1, 2)")
    assert 2003 == client.another().refused("SELECT * FROM u")[0]
    client.rows("DROP TABLE u")
    assert 2003 == client.refused("SELECT * FROM u")[0]


def test_keys_are_added_renamed_and_dropped(table: Any) -> None:
    """SHOW KEYS and TABLE_CONSTRAINTS list them with their names; the columns of a primary key need values."""
    table.rows("ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY (a)")
    table.rows("ALTER TABLE t ADD UNIQUE (b)")
    table.rows("ALTER TABLE t RENAME CONSTRAINT p TO q")
    names = "SELECT constraint_name FROM information_schema.table_constraints WHERE table_schema = CURRENT_SCHEMA()"
    assert ["Q", "SYS_CONSTRAINT_T_UNIQUE_2"] == sorted(table.values(names))
    assert 2002 == table.refused("ALTER TABLE t ADD PRIMARY KEY (b)")[0]
    assert 100072 == table.refused("INSERT INTO t VALUES (NULL, 'x', 1)")[0]
    table.rows("ALTER TABLE t DROP PRIMARY KEY")
    table.rows("ALTER TABLE t DROP UNIQUE (b)")
    assert [] == table.values(names)
    assert 2003 == table.refused("ALTER TABLE t DROP CONSTRAINT q")[0]
    assert 2 == table.refused("ALTER TABLE t ADD PRIMARY KEY (a) RELY")[0]


def test_properties_are_shown_where_snowflake_shows_them(table: Any) -> None:
    """Clustering key, retention, change tracking; UNSET brings the default back."""
    table.rows("ALTER TABLE t CLUSTER BY (a, TO_VARCHAR(c))")
    table.rows("ALTER TABLE t SET DATA_RETENTION_TIME_IN_DAYS = 3 CHANGE_TRACKING = TRUE COMMENT = 'x'")
    wanted = ("cluster_by", "automatic_clustering", "retention_time", "change_tracking", "comment")

    def shown() -> list[Any]:
        (row,) = table.rows("SHOW TABLES LIKE 't'")
        return [row[name] for name in wanted]

    assert ["LINEAR(A, TO_VARCHAR(C))", "ON", "3", "ON", "x"] == shown()
    (parameter,) = table.rows("SHOW PARAMETERS LIKE 'DATA_RETENTION%' IN TABLE t")
    assert ("3", "1", "TABLE") == (parameter["value"], parameter["default"], parameter["level"])
    table.rows("ALTER TABLE t SUSPEND RECLUSTER")
    assert "OFF" == shown()[1]
    table.rows("ALTER TABLE t UNSET DATA_RETENTION_TIME_IN_DAYS, CHANGE_TRACKING, COMMENT")
    table.rows("ALTER TABLE t DROP CLUSTERING KEY")
    assert ["", "OFF", "1", "OFF", ""] == shown()


def test_a_secure_view_hides_its_text_from_other_roles(client: Any) -> None:
    """SHOW VIEWS says that it is secure; its text is for users with the role of its owner."""
    client.rows("CREATE SECURE VIEW v AS SELECT 1 AS a")
    assert ("true", "CREATE SECURE VIEW v AS SELECT 1 AS a") == _shown_view(client)
    client.rows("ALTER VIEW v UNSET SECURE")
    assert "false" == _shown_view(client)[0]
    assert [1] == client.values("SELECT a FROM v")


def _shown_view(client: Any) -> tuple[str, str]:
    (row,) = client.rows("SHOW VIEWS LIKE 'v'")
    return row["is_secure"], row["text"]


def test_schemas_and_sequences_keep_what_is_set(client: Any) -> None:
    """Managed access and retention of a schema, the comment of a sequence."""
    client.rows(f"ALTER SCHEMA {client.schema} ENABLE MANAGED ACCESS")
    client.rows(f"ALTER SCHEMA {client.schema} SET DATA_RETENTION_TIME_IN_DAYS = 5")
    (row,) = client.rows(f"SHOW SCHEMAS LIKE '{client.schema}'")
    assert ("MANAGED ACCESS", "5") == (row["options"], row["retention_time"])
    client.rows("CREATE SEQUENCE q COMMENT = 'one'")
    client.rows("DROP SEQUENCE IF EXISTS other")
    assert ["one"] == [row["comment"] for row in client.rows("SHOW SEQUENCES")]
    client.rows("ALTER SEQUENCE q SET COMMENT = 'two'")
    assert ["two"] == client.values(
        "SELECT comment FROM information_schema.sequences WHERE sequence_schema = CURRENT_SCHEMA()"
    )


@pytest.mark.parametrize(
    "change",
    [
        "SET TAG x = 'y'",
        "ADD ROW ACCESS POLICY p ON (a)",
        "DROP ALL ROW ACCESS POLICIES",
        "ADD SEARCH OPTIMIZATION",
        "SET ENABLE_SCHEMA_EVOLUTION = TRUE",
        "SET DEFAULT_DDL_COLLATION = 'en-ci'",
        "SET AGGREGATION POLICY p",
        "ALTER COLUMN a SET MASKING POLICY p",
        "ALTER COLUMN a SET TAG x = 'y'",
        "ALTER COLUMN a SET DEFAULT 5",
        "ADD COLUMN d VARCHAR COLLATE 'en-ci'",
        "ADD COLUMN d VARCHAR MASKING POLICY p",
        "ADD CONSTRAINT c CHECK (a > 0)",
        "MODIFY CONSTRAINT c NOT ENFORCED",
        "RECLUSTER",
    ],
)
def test_what_would_have_no_effect_is_unsupported(table: Any, change: str) -> None:
    """Of a table that exists; of one that does not exist it is 2003, as for every other change."""
    assert 2 == table.refused(f"ALTER TABLE t {change}")[0]
    assert 2003 == table.refused(f"ALTER TABLE nope {change}")[0]
    assert ["Statement executed successfully."] == table.values(f"ALTER TABLE IF EXISTS nope {change}")

"""Every clause of CREATE is stored, or refused; the engine sees what it reads alone."""

from __future__ import annotations

import pytest

from infra.local_snowflake.errors import (
    InvalidIdentifierError,
    InvalidValueError,
    NameTwiceError,
    NotSupportedError,
    PropertyUnknownError,
    StatementRefusedError,
    SyntaxRefusedError,
)
from infra.local_snowflake.language.parsing.definitions.created import definition_of
from infra.local_snowflake.language.tokens import apply


@pytest.mark.parametrize(
    ("sql", "engine"),
    [
        ("CREATE TABLE t (a INT) CLUSTER BY (a) COPY GRANTS", "CREATE TABLE t (a INT)  COPY GRANTS"),
        ("CREATE TABLE t CLUSTER BY LINEAR(a) (a INT)", "CREATE TABLE t  (a INT)"),
        ("CREATE TABLE t (a INT) CHANGE_TRACKING = TRUE", "CREATE TABLE t (a INT) "),
        ("CREATE TABLE t (a INT) ROW_TIMESTAMP = FALSE AS SELECT 1", "CREATE TABLE t (a INT)  AS SELECT 1"),
        ("CREATE TABLE t (a INT PRIMARY KEY NOT ENFORCED NORELY)", "CREATE TABLE t (a INT PRIMARY KEY )"),
        ("CREATE TABLE t (a INT REFERENCES u (b) MATCH FULL)", "CREATE TABLE t (a INT REFERENCES u (b) )"),
        ("CREATE VIEW v CHANGE_TRACKING = TRUE AS SELECT 1", "CREATE VIEW v  AS SELECT 1"),
        ("CREATE SCHEMA s DATA_RETENTION_TIME_IN_DAYS = 0", "CREATE SCHEMA s "),
        ("CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a))", "CREATE TABLE t (a INT, b INT  AS (a))"),
        ("CREATE TABLE t (a INT, b INT AS (a) VIRTUAL)", "CREATE TABLE t (a INT, b INT AS (a) )"),
        ("CREATE TABLE t (a TIMESTAMP WITH TIME ZONE DEFAULT NULL)", None),
        ("CREATE TABLE t (a INT AUTOINCREMENT START 1 INCREMENT BY 2 ORDER, b OBJECT(x INT))", None),
        ("CREATE TABLE t (partition INT, tag VARCHAR, masking INT)", None),
        ("CREATE TABLE t LIKE u", None),
        ("CREATE TABLE t USING TEMPLATE (SELECT 1)", None),
        ("CREATE TABLE IDENTIFIER('t') (a INT)", None),
        ("CREATE SEQUENCE q WITH START WITH = 2 INCREMENT BY = -1 NOORDER", None),
        ("CREATE OR REPLACE SECURE VIEW v (a COMMENT 'x') COPY GRANTS AS SELECT 1", None),
    ],
)
def test_the_engine_sees_what_it_reads_alone(sql: str, engine: str | None) -> None:
    """Clauses that this server stores, and properties with their default, are cut; None: nothing is."""
    found = definition_of(sql)
    assert found is not None
    assert (sql if engine is None else engine) == apply(sql, found.cuts)


def test_what_is_stored_is_read() -> None:
    """The clustering key is printed with its words folded; quoted names stay."""
    found = definition_of('CREATE TABLE t (a INT, "b" INT) CLUSTER BY (a, "b") DATA_RETENTION_TIME_IN_DAYS = 3')
    assert found is not None
    assert ('LINEAR(A, "b")', {"retention_days": 3}) == (found.cluster_by, found.properties)
    view = definition_of("CREATE SECURE VIEW v AS SELECT 1")
    assert view is not None
    assert view.secure


@pytest.mark.parametrize(
    ("sql", "refusal"),
    [
        ("CREATE TABLE t (a INT, CHECK (a > 0))", NotSupportedError),
        ("CREATE TABLE t (a INT CONSTRAINT c CHECK (a > 0))", NotSupportedError),
        ("CREATE TABLE t (a INT PRIMARY KEY RELY)", NotSupportedError),
        ("CREATE TABLE t (a INT REFERENCES u ON DELETE CASCADE)", NotSupportedError),
        ("CREATE TABLE t (a VARCHAR COLLATE 'en-ci')", NotSupportedError),
        ("CREATE TABLE t (a VARCHAR WITH MASKING POLICY p)", NotSupportedError),
        ("CREATE TABLE t (a VARCHAR TAG (x = 'y'))", NotSupportedError),
        ("CREATE TABLE t (a INT) WITH TAG (x = 'y')", NotSupportedError),
        ("CREATE TABLE t (a INT) WITH ROW ACCESS POLICY p ON (a)", NotSupportedError),
        ("CREATE TABLE t (a INT) ROW_TIMESTAMP = TRUE", NotSupportedError),
        ("CREATE TABLE t (a INT) ENABLE_SCHEMA_EVOLUTION = TRUE", NotSupportedError),
        ("CREATE TABLE t (a INT) DEFAULT_DDL_COLLATION = 'fr'", NotSupportedError),
        ("CREATE TABLE t (a INT) STAGE_FILE_FORMAT = (TYPE = CSV)", NotSupportedError),
        ("CREATE SCHEMA s MAX_DATA_EXTENSION_TIME_IN_DAYS = 20", NotSupportedError),
        ("CREATE VIEW v (a WITH TAG (x = 'y')) AS SELECT 1", NotSupportedError),
        ("CREATE VIEW v COPY GRANTS COPY TAGS AS SELECT 1", NotSupportedError),
        ("CREATE DATABASE d FROM SHARE a.s", NotSupportedError),
        ("CREATE DATABASE d AS REPLICA OF o.a.d", NotSupportedError),
        ("CREATE TABLE t (a INT) NO_SUCH = 1", PropertyUnknownError),
        ("CREATE VIEW v DATA_RETENTION_TIME_IN_DAYS = 1 AS SELECT 1", PropertyUnknownError),
        ("CREATE TABLE t (a INT) DATA_RETENTION_TIME_IN_DAYS = 91", InvalidValueError),
        ("CREATE TABLE t (a INT) CLUSTER BY (b)", InvalidIdentifierError),
        ('CREATE TABLE t (a INT, "A" INT)', NameTwiceError),
        ("CREATE TABLE t", SyntaxRefusedError),
        ("CREATE TABLE t (a INT,)", SyntaxRefusedError),
        ("CREATE TABLE t (a INT) FROBNICATE", SyntaxRefusedError),
        ("CREATE OR REPLACE TABLE IF NOT EXISTS t (a INT)", SyntaxRefusedError),
        ("CREATE OR REPLACE SCHEMA IF NOT EXISTS s", SyntaxRefusedError),
        ("CREATE VIEW v AS", SyntaxRefusedError),
    ],
)
def test_a_clause_is_never_ignored(sql: str, refusal: type[StatementRefusedError]) -> None:
    """What this server does not have is unsupported; what Snowflake does not have has Snowflake's code."""
    with pytest.raises(refusal):
        definition_of(sql)

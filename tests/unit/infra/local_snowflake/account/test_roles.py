"""Rules of Snowflake for roles, grants and privileges."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from snowflake import connector


@pytest.fixture
def role(client: Any) -> Iterator[str]:
    """A role of the user without any privilege."""
    name = f"R_{client.schema}"
    client.rows(f"CREATE ROLE {name}")
    client.rows(f"GRANT ROLE {name} TO USER hourglass")
    client.rows("CREATE TABLE t (a INT)")
    yield name
    client.rows("USE ROLE SYSADMIN")
    with suppress(connector.Error):
        client.rows(f"DROP ROLE {name}")


def granted(client: Any, on: str) -> set[tuple[str, str]]:
    """Return privileges and grantees on an object."""
    return {(row["privilege"], row["grantee_name"]) for row in client.rows(f"SHOW GRANTS ON {on}")}


def test_a_role_must_exist_and_be_granted(client: Any) -> None:
    """2043 for a missing role, 3013 (42501) for one that the user lacks; roles inherit those granted to them."""
    assert 2043 == client.refused("USE ROLE no_such_role")[0]
    client.rows("CREATE ROLE IF NOT EXISTS lonely COMMENT = 'it''s'")
    assert (3013, "42501") == client.refused("USE ROLE lonely")
    assert (2002, "42710") == client.refused("CREATE ROLE lonely")
    client.rows("GRANT ROLE lonely TO ROLE SYSADMIN")
    client.rows("USE ROLE lonely")
    assert ["LONELY"] == client.values("SELECT CURRENT_ROLE()")
    client.rows("USE ROLE SYSADMIN")
    (row,) = client.rows("SHOW ROLES LIKE 'lonely'")
    assert ("it's", 1, "Y") == (row["comment"], row["granted_to_roles"], row["is_inherited"])
    client.rows("DROP ROLE lonely")
    assert ["Drop statement executed successfully (LONELY already dropped)."] == client.values(
        "DROP ROLE IF EXISTS lonely"
    )


def test_a_login_takes_a_role_of_the_user(server: Any) -> None:
    """The role of the login is the session's; an unknown one is refused."""
    with server.connect(role="aws_writer") as connection, connection.cursor() as cursor:
        assert ("AWS_WRITER",) == cursor.execute("SELECT CURRENT_ROLE()").fetchone()
    with pytest.raises(connector.Error, match="Role 'NOPE' specified in the connect string does not exist"):
        server.connect(role="NOPE")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("GRANT SELECT ON TABLE t TO ROLE no_such_role", 2003),
        ("GRANT SELECT ON TABLE no_such_table TO ROLE PUBLIC", 2003),
        ("GRANT USAGE ON SCHEMA no_such_schema TO ROLE PUBLIC", 2003),
        ("GRANT USAGE ON WAREHOUSE no_such_warehouse TO ROLE PUBLIC", 2003),
        ("GRANT USAGE ON STAGE no_such_stage TO ROLE PUBLIC", 2003),
        ("GRANT ROLE no_such_role TO ROLE PUBLIC", 2003),
        ("REVOKE ROLE PUBLIC FROM USER nobody", 2003),
        ("SHOW GRANTS TO ROLE no_such_role", 2003),
        ("SHOW GRANTS ON TABLE no_such_table", 2003),
        ("GRANT BANANA ON TABLE t TO ROLE PUBLIC", 1003),
        ("GRANT INSERT ON VIEW v TO ROLE PUBLIC", 1003),
        ("GRANT SELECT ON PLANET mars TO ROLE PUBLIC", 1003),
        ("GRANT SELECT ON TABLE t TO SHARE s", 2),
        ("GRANT DATABASE ROLE d TO ROLE PUBLIC", 2),
    ],
)
def test_a_grant_needs_what_it_names(client: Any, sql: str, code: int) -> None:
    """Role, object, kind and privilege must exist."""
    client.rows("CREATE TABLE t (a INT)")
    assert code == client.refused(sql)[0]


def test_grants_are_shown(client: Any, role: str) -> None:
    """ON an object with its owner, TO a role, OF a role; with and without the kind and the word ROLE, as dbt writes."""
    client.rows(f"GRANT SELECT, INSERT ON AWS.{client.schema}.t TO {role}")
    client.rows(f"GRANT SELECT ON TABLE t TO ROLE {role} WITH GRANT OPTION")
    everything = {("OWNERSHIP", "SYSADMIN"), ("SELECT", role), ("INSERT", role)}
    assert everything == granted(client, "TABLE t") == granted(client, f"aws.{client.schema}.T")
    client.rows(f"REVOKE INSERT ON TABLE t FROM ROLE {role}")
    (row,) = client.rows(f"SHOW GRANTS TO ROLE {role}")
    assert (f"AWS.{client.schema}.T", "TABLE", "ROLE", "true", "SYSADMIN") == (
        row["name"], row["granted_on"], row["granted_to"], row["grant_option"], row["granted_by"]
    )  # fmt: skip
    assert ["HOURGLASS"] == [row["grantee_name"] for row in client.rows(f"SHOW GRANTS OF ROLE {role}")]
    assert role in {row["role"] for row in client.rows("SHOW GRANTS")}


def test_grants_follow_the_object(client: Any, role: str) -> None:
    """A rename and COPY GRANTS keep them, OR REPLACE and DROP end them; FUTURE gives them to new tables."""
    client.rows(f"GRANT SELECT ON ALL TABLES IN SCHEMA {client.schema} TO ROLE {role}")
    client.rows("ALTER TABLE t RENAME TO u")
    client.rows("CREATE OR REPLACE TABLE u (a INT) COPY GRANTS")
    assert ("SELECT", role) in granted(client, "TABLE u")
    client.rows("CREATE OR REPLACE TABLE u (a INT)")
    assert {("OWNERSHIP", "SYSADMIN")} == granted(client, "TABLE u")
    client.rows(f"GRANT SELECT ON FUTURE TABLES IN SCHEMA {client.schema} TO ROLE {role}")
    client.rows("CREATE TABLE w (a INT)")
    assert ("SELECT", role) in granted(client, "TABLE w")
    client.rows("DROP TABLE w")
    assert [] == client.rows(f"SHOW GRANTS TO ROLE {role}")
    assert ["SELECT"] == [row["privilege"] for row in client.rows(f"SHOW FUTURE GRANTS IN SCHEMA {client.schema}")]


def test_a_role_needs_its_privileges(client: Any, role: str) -> None:
    """Without USAGE the table does not exist; with it a missing privilege is 3001 (42501)."""
    client.rows("CREATE VIEW v AS SELECT a FROM t")
    client.rows(f"USE ROLE {role}")
    assert (2003, "42S02") == client.refused("SELECT * FROM t")
    client.rows("USE ROLE SYSADMIN")
    client.rows(f"GRANT USAGE ON DATABASE aws TO ROLE {role}")
    client.rows(f"GRANT USAGE ON SCHEMA {client.schema} TO ROLE {role}")
    client.rows(f"GRANT SELECT ON TABLE t TO ROLE {role}")
    client.rows(f"USE ROLE {role}")
    assert [] == client.values("SELECT * FROM t")
    for sql in ("SELECT * FROM v", "INSERT INTO t VALUES (1)", "DROP TABLE t", "CREATE TABLE x (a INT)",
                "CREATE STAGE s URL = 's3://hourglass/x/'", f"GRANT SELECT ON TABLE t TO ROLE {role}"):  # fmt: skip
        assert (3001, "42501") == client.refused(sql), sql
    client.rows("USE SECONDARY ROLES ALL")
    client.rows("INSERT INTO t VALUES (1)")
    client.rows("USE SECONDARY ROLES NONE")
    assert (3001, "42501") == client.refused("INSERT INTO t VALUES (1)")


def test_the_owner_may_do_everything(client: Any, role: str) -> None:
    """With CREATE TABLE on the schema a role owns what it creates; OWNERSHIP can be given away."""
    client.rows(f"GRANT USAGE ON DATABASE aws TO ROLE {role}")
    client.rows(f"GRANT USAGE, CREATE TABLE ON SCHEMA {client.schema} TO ROLE {role}")
    client.rows(f"USE ROLE {role}")
    client.rows("CREATE TABLE own AS SELECT 1 AS a")
    client.rows("INSERT INTO own VALUES (2)")
    client.rows("DROP TABLE own")
    client.rows("USE ROLE SYSADMIN")
    client.rows(f"GRANT OWNERSHIP ON TABLE t TO ROLE {role} COPY CURRENT GRANTS")
    assert {("OWNERSHIP", role)} == granted(client, "TABLE t")
    assert [role] == [row["owner"] for row in client.rows("SHOW TABLES LIKE 't'")]
    client.rows(f"USE ROLE {role}")
    client.rows("ALTER TABLE t ADD COLUMN b INT")


def test_a_stage_needs_usage(client: Any, role: str) -> None:
    """LIST and a refresh need USAGE, a change OWNERSHIP."""
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/' DIRECTORY = (ENABLE = TRUE)")
    client.rows(f"USE ROLE {role}")
    assert 2003 == client.refused("LIST @st")[0]
    client.rows("USE ROLE SYSADMIN")
    client.rows(f"GRANT USAGE ON STAGE st TO ROLE {role}")
    client.rows(f"USE ROLE {role}")
    assert [] == client.rows("LIST @st")
    client.rows("ALTER STAGE st REFRESH")
    assert 3001 == client.refused("ALTER STAGE st SET COMMENT = 'x'")[0]


def test_all_privileges_on_a_schema_are_those_to_create_in_it(client: Any, role: str) -> None:
    """ALL means every privilege of a schema but OWNERSHIP."""
    client.rows(f"GRANT USAGE ON DATABASE AWS TO ROLE {role}")
    client.rows(f"GRANT ALL ON SCHEMA {client.schema} TO ROLE {role}")
    held = {privilege for privilege, grantee in granted(client, f"SCHEMA {client.schema}") if grantee == role}
    client.rows(f"USE ROLE {role}")
    client.rows("CREATE TABLE made (a INT)")
    client.rows("CREATE STAGE made_stage")

    assert {"USAGE", "CREATE TABLE", "CREATE EXTERNAL TABLE", "CREATE FILE FORMAT"} <= held
    assert "OWNERSHIP" not in held

"""GET_DDL of tables and views."""

from __future__ import annotations

from typing import Any

import pytest


def test_the_ddl_of_a_table_and_a_view_creates_them_again(client: Any) -> None:
    """Types, lengths, NOT NULL and the query are in it."""
    client.rows('CREATE TABLE t (a INT, b VARCHAR(3) NOT NULL, "c d" TIMESTAMP_NTZ)')
    client.rows("CREATE SECURE VIEW v AS SELECT a FROM t")
    before = client.rows("DESC TABLE t")
    (table,) = client.values("SELECT GET_DDL('TABLE', 't')")
    (view,) = client.values(f"SELECT GET_DDL('view', '{client.schema}.v')")
    assert "create or replace secure view V(\n\tA\n) as SELECT a FROM t;" == view
    client.rows(table.removesuffix(";"))
    client.rows(view.removesuffix(";"))
    assert before == client.rows("DESC TABLE t")


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("'TABLE', 'nope'", 2003),
        ("'TABLE', 'v'", 2003),
        ("'SCHEMA', 'v'", 2),
        ("'TABLE', 'k'", 2),
        ("'TABLE', 'd'", 2),
        ("'VIEW', 'v', TRUE", 2),
    ],
)
def test_a_text_that_would_leave_something_out_is_refused(client: Any, call: str, code: int) -> None:
    """Keys and defaults are not printed; neither are other kinds."""
    client.rows("CREATE VIEW v AS SELECT 1 AS a")
    client.rows("CREATE TABLE k (a INT PRIMARY KEY)")
    client.rows("CREATE TABLE d (a INT DEFAULT 1)")
    assert code == client.refused(f"SELECT GET_DDL({call})")[0]

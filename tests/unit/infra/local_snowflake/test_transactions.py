"""Rules of Snowflake for transactions and for requests of several statements."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from snowflake import connector


@pytest.fixture
def table(client: Any) -> Any:
    client.rows("CREATE TABLE t (a INT)")
    return client


def test_rollback_undoes_and_no_other_session_sees_what_is_open(table: Any) -> None:
    """Uncommitted rows are visible in their session alone; ROLLBACK removes them."""
    other = table.another()
    table.rows("BEGIN")
    table.rows("INSERT INTO t VALUES (1)")
    assert ([1], [0]) == (table.values("SELECT COUNT(*) FROM t"), other.values("SELECT COUNT(*) FROM t"))
    table.rows("ROLLBACK")
    assert [0] == table.values("SELECT COUNT(*) FROM t")


def test_commit_publishes_all_statements(table: Any) -> None:
    """MERGE and DELETE in one transaction; a BEGIN within it changes nothing."""
    other = table.another()
    table.rows("START TRANSACTION")
    table.rows("INSERT INTO t VALUES (1), (2)")
    table.rows("BEGIN WORK")
    table.rows(
        "MERGE INTO t USING (SELECT 2 AS a UNION ALL SELECT 3) s ON t.a = s.a "
        "WHEN MATCHED THEN UPDATE SET a = 20 WHEN NOT MATCHED THEN INSERT VALUES (a)"
    )
    table.rows("DELETE FROM t WHERE a = 1")
    assert [0] == other.values("SELECT COUNT(*) FROM t")
    table.rows("COMMIT WORK")
    assert [3, 20] == other.values("SELECT a FROM t ORDER BY a")


def test_without_autocommit_dml_opens_a_transaction(table: Any) -> None:
    """The connector's rollback() undoes it; the end of the session undoes it, too."""
    with closing(table.server.connect(schema=table.schema, autocommit=False)) as connection:
        connection.cursor().execute("INSERT INTO t VALUES (1)")
        connection.rollback()
        connection.cursor().execute("INSERT INTO t VALUES (2)")
        connection.commit()
        connection.cursor().execute("INSERT INTO t VALUES (3)")
    assert [2] == table.values("SELECT a FROM t")


def test_ddl_commits_first(table: Any) -> None:
    """A CREATE in a transaction commits it and is outside of it."""
    table.rows("BEGIN")
    table.rows("INSERT INTO t VALUES (1)")
    table.rows("CREATE TABLE u (a INT)")
    table.rows("ROLLBACK")
    assert [1] == table.another().values("SELECT a FROM t")


def test_the_same_row_in_two_transactions_is_refused(table: Any) -> None:
    """The second one gets 625 (57014), as after LOCK_TIMEOUT, and its transaction can continue."""
    other = table.another()
    table.rows("INSERT INTO t VALUES (1)")
    table.rows("BEGIN")
    table.rows("UPDATE t SET a = 2")
    other.rows("BEGIN")
    assert (625, "57014") == other.refused("UPDATE t SET a = 3")
    other.rows("COMMIT")
    table.rows("COMMIT")
    assert [2] == other.values("SELECT a FROM t")


def test_a_failed_statement_commits_nothing_silently(table: Any) -> None:
    """After a failure in the middle, all but ROLLBACK is refused; COMMIT is refused and rolls back."""
    table.rows("BEGIN")
    table.rows("INSERT INTO t VALUES (1)")
    assert 0 < table.refused("INSERT INTO t SELECT 'x'::INT")[0]
    assert (2, "0A000") == table.refused("INSERT INTO t VALUES (2)")
    assert (2, "0A000") == table.refused("COMMIT")
    assert [0] == table.values("SELECT COUNT(*) FROM t")


def test_a_statement_is_all_or_nothing(table: Any) -> None:
    """A MERGE that fails at its second clause leaves nothing of its first."""
    table.rows("CREATE TABLE u (a INT NOT NULL)")
    table.rows("INSERT INTO u VALUES (1)")
    table.refused(
        "MERGE INTO u USING (SELECT 1 AS a UNION ALL SELECT 2) s ON u.a = s.a WHEN MATCHED THEN UPDATE SET a = 9 "
        "WHEN NOT MATCHED THEN INSERT VALUES (NULL)"
    )
    assert [1] == table.values("SELECT a FROM u")


def test_a_merge_that_would_update_a_row_twice_is_refused(table: Any) -> None:
    """100090 (42P18): a row of the target matches two rows of the source."""
    table.rows("INSERT INTO t VALUES (1)")
    twice = "MERGE INTO t USING (SELECT 1 AS a, column1 AS n FROM VALUES (5), (6)) s ON t.a = s.a WHEN MATCHED "
    assert (100090, "42P18") == table.refused(twice + "THEN UPDATE SET a = s.n")
    assert (100090, "42P18") == table.refused(twice + "AND n = 5 THEN UPDATE SET a = s.n WHEN MATCHED THEN DELETE")
    assert [1] == table.values("SELECT a FROM t")
    table.rows(twice + "THEN DELETE")
    assert [] == table.values("SELECT a FROM t")


def test_a_request_of_several_statements_has_a_result_each(table: Any) -> None:
    """num_statements is their number, or 0; nextset() steps through the results; one is the default."""
    with table.connection.cursor() as cursor:
        cursor.execute("BEGIN; INSERT INTO t VALUES (%s); COMMIT; SELECT a FROM t", (7,), num_statements=4)
        results = [cursor.fetchall()]
        while cursor.nextset():
            results.append(cursor.fetchall())
        assert [[(1,)], [(7,)]] == [results[1], results[3]]
        cursor.execute("SELECT 1; SELECT 2", num_statements=0)
        with pytest.raises(connector.Error, match="did not match the desired statement count 3"):
            cursor.execute("SELECT 1; DROP TABLE t", num_statements=3)
    assert (8, "0A000") == table.refused("ALTER SESSION SET QUERY_TAG = 'x'; DROP TABLE t")
    assert [7] == table.values("SELECT a FROM t")


def test_a_description_executes_nothing(table: Any) -> None:
    """cursor.describe() of DROP returns its columns."""
    table.rows("CREATE STAGE st URL = 's3://hourglass/x/'")
    with table.connection.cursor() as cursor:
        for sql in ("DROP STAGE st", "DROP TABLE t", "BEGIN"):
            assert ["status"] == [column.name for column in cursor.describe(sql)]
    assert ["ST"] == [row["name"] for row in table.rows("SHOW STAGES")]
    assert [0] == table.values("SELECT COUNT(*) FROM t")

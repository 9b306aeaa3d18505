"""The fixture for the tests of other projects."""

from __future__ import annotations

import pytest

from infra.local_snowflake.faults import Fault, FaultKind
from infra.local_snowflake.pytest_fixture import LocalSnowflake, local_snowflake

__all__ = ["local_snowflake"]


@pytest.mark.usefixtures("_offline")
def test_a_fault_is_made_in_a_server_of_its_own(local_snowflake: LocalSnowflake) -> None:
    """The example of docs/local_snowflake.md."""
    with local_snowflake.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a INT)")
        with local_snowflake.faults.during(Fault(kind=FaultKind.ANSWER_LOST, statement="INSERT")):
            cursor.execute("INSERT INTO t VALUES (1)")
        assert [(1,)] == cursor.execute("SELECT a FROM t").fetchall()

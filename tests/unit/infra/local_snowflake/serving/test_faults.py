"""Faults on request, through Snowflake's own connector."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from snowflake import connector
from starlette.requests import Request

from infra.local_snowflake.faults import Fault, FaultKind, Faults
from infra.local_snowflake.serving.requested_faults import RequestedFaults


@pytest.fixture
def faults(server: Any) -> Any:
    asked = Faults(f"http://127.0.0.1:{server.port}")
    yield asked
    asked.clear()


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.UNAVAILABLE, FaultKind.ANSWER_LOST])
def test_the_connector_sends_a_statement_again_and_it_runs_once(client: Any, faults: Faults, kind: FaultKind) -> None:
    """After a reset, a 503 or a lost answer the connector repeats its request; the statement has run once."""
    client.rows("CREATE TABLE t (a INT)")
    faults.add(Fault(kind=kind, statement="INSERT", times=2))
    assert [1] == client.values("INSERT INTO t VALUES (1)")
    assert [] == faults.left()
    assert [1] == client.values("SELECT COUNT(*) FROM t")


def test_an_expired_token_is_renewed(client: Any, faults: Faults) -> None:
    """390112 makes the connector renew its token with the master token, and send the statement again."""
    before = client.connection.rest.token
    faults.add(Fault(kind=FaultKind.TOKEN_EXPIRED))
    assert [1] == client.values("SELECT 1")
    assert before != client.connection.rest.token
    assert [1] == client.values("SELECT 1")


def test_an_expired_master_token_needs_a_new_login(client: Any, faults: Faults) -> None:
    """390114: the session cannot go on; another one can."""
    other = client.another()
    faults.add(Fault(kind=FaultKind.MASTER_TOKEN_EXPIRED, session=other.values("SELECT CURRENT_SESSION()")[0]))
    assert 390114 == other.refused("SELECT 1")[0]
    assert 390114 == other.refused("SELECT 1")[0]
    assert [1] == client.values("SELECT 1")


def test_a_refused_statement_is_not_executed(client: Any, faults: Faults) -> None:
    """The answer is the wanted error; `skip` lets the first statements pass."""
    client.rows("CREATE TABLE t (a INT)")
    faults.add(Fault(kind=FaultKind.REFUSE, statement="into t", skip=1, code=1205, sqlstate="57014"))
    client.rows("INSERT INTO t VALUES (1)")
    assert (1205, "57014") == client.refused("INSERT INTO t VALUES (2)")
    client.rows("INSERT INTO t VALUES (3)")
    assert [1, 3] == client.values("SELECT a FROM t ORDER BY a")


def test_a_fault_is_for_the_clients_that_it_selects(server: Any, client: Any, faults: Faults) -> None:
    """Others are not disturbed."""
    refuse = Fault(kind=FaultKind.REFUSE, application="dbt", times=5)
    with server.connect(application="dbt") as dbt, faults.during(refuse):
        assert [1] == client.values("SELECT 1")
        with dbt.cursor() as cursor, pytest.raises(connector.Error) as caught:
            cursor.execute("SELECT 1")
        assert [4] == [fault.times for fault in faults.left()]
    assert 603 == caught.value.errno


def test_a_suspended_warehouse_refuses_queries_only(client: Any, faults: Faults) -> None:
    """606 for what needs a warehouse; SHOW needs none."""
    faults.add(Fault(kind=FaultKind.WAREHOUSE_SUSPENDED))
    client.rows("SHOW TABLES")
    assert (606, "57P03") == client.refused("SELECT 1")
    assert [1] == client.values("SELECT 1")


def test_half_of_a_refresh_is_registered(client: Any, faults: Faults) -> None:
    """The answer names the files of this half; the next refresh registers the others, and none twice."""
    client.rows(f"CREATE STAGE st URL = 's3://hourglass/{client.schema}/'")
    client.rows("CREATE EXTERNAL TABLE ext (n INT AS (value:n::int)) LOCATION = @st FILE_FORMAT = (TYPE = JSON)")
    for number in range(4):
        client.bucket.write(f"{client.schema}/{number}.jsonl", {"n": number})
    faults.add(Fault(kind=FaultKind.HALF_REFRESH))
    refresh = "ALTER EXTERNAL TABLE ext REFRESH"
    assert 2 == len(client.rows(refresh))
    assert [0, 1] == client.values("SELECT n FROM ext ORDER BY n")
    faults.add(Fault(kind=FaultKind.HALF_REFRESH, code=604, sqlstate="57014"))
    assert (604, "57014") == client.refused(refresh)
    assert [0, 1, 2] == client.values("SELECT n FROM ext ORDER BY n")
    assert 1 == len(client.rows(refresh))
    assert [0, 1, 2, 3] == client.values("SELECT n FROM ext ORDER BY n")


def test_a_login_can_fail(server: Any, faults: Faults) -> None:
    """The connector repeats a login after a reset; a refused one is an error."""
    faults.add(Fault(kind=FaultKind.RESET, login=True), Fault(kind=FaultKind.REFUSE, login=True, code=390420, skip=1))
    server.connect().close()
    with pytest.raises(connector.Error) as caught:
        server.connect()
    assert 390420 == caught.value.errno


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "nonsense"},
        {"kind": "reset", "times": 0},
        {"kind": "reset", "statement": "("},
        {"kind": "half_refresh", "login": True},
        {"kind": "reset", "nonsense": 1},
    ],
)
def test_a_wrong_fault_is_refused(faults: Faults, server: Any, wrong: dict[str, object]) -> None:
    """400 with the reason, and no fault."""
    body = json.dumps(wrong).encode()
    with pytest.raises(HTTPError) as caught:
        urlopen(f"http://127.0.0.1:{server.port}/faults", body)
    with caught.value as answer:
        assert (400, ["error"]) == (answer.code, list(json.load(answer)))
    assert [] == faults.left()


def test_faults_are_off_unless_enabled() -> None:
    """403 names the setting."""
    request = Request({"type": "http", "method": "POST", "headers": []})
    answer = asyncio.run(RequestedFaults(enabled=False).answer(request))
    assert 403 == answer.status_code
    assert b"HOURGLASS_SNOWFLAKE_FAULTS" in answer.body

"""Builds that end in the middle: after the rows are replaced, before the hour is remembered."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from threading import Event

import pytest

from infra.local_snowflake.faults import Fault, FaultKind, Faults
from orchestration.dbt_runner.build import Verdict
from snowflake_components import query
from tests.unit.orchestration.dbt.event_log import EventLog, Record, expected_counts, expected_staged, run_dbt

THREE = "2025-08-01T03"
REMEMBER = r"set built_at = sysdate\(\)[\s\S]*stg_platform_events"
COMMIT = r"^commit[\s\S]*stg_platform_events"
FIRST = [Record(1, 0, 1, "e1"), Record(2, 0, 2, "e2")]
LATE = Record(3, 1, 1, "late")


@pytest.fixture
def faults(event_log: EventLog) -> Iterator[Faults]:
    event_log.empty()
    asked = Faults(event_log.snowflake.address)
    yield asked
    asked.clear()


def stale(event_log: EventLog) -> set[tuple[str, str]]:
    """Return the models and hours that are in work, or forgotten."""
    rows = query(
        event_log.snowflake, "SELECT DISTINCT MODEL, HOUR FROM AWS.DEV.BUILT_HOURS WHERE BUILT_AT IS NULL"
    ).rows
    return {(row["MODEL"].rpartition(".")[2], f"{row['HOUR']:%Y-%m-%dT%H}") for row in rows}


def test_a_build_that_is_killed_before_it_remembers_leaves_the_hour_stale(event_log: EventLog, faults: Faults) -> None:
    """The process of dbt is killed while the statement is on its way; the next build gives the right rows."""
    event_log.land(*FIRST)
    event_log.build(THREE)
    event_log.land(LATE)
    event_log.publish(THREE)
    faults.add(Fault(kind=FaultKind.SLOW, statement=REMEMBER, seconds=1))
    with ProcessPoolExecutor(1, get_context("spawn")) as killed:
        pid = killed.submit(os.getpid).result()
        building = killed.submit(event_log.models.build, [THREE], ["stg_platform_events"])
        while faults.left() and not building.done():
            Event().wait(0.02)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(BrokenProcessPool):
            building.result()
    # Snowflake aborts the transaction of a client that is gone when it blocks another one for five minutes
    event_log.restart()
    assert {("stg_platform_events", THREE)} == stale(event_log)
    (outcomes,) = event_log.build(THREE)
    assert {Verdict.DONE} == {outcome.verdict for outcome in outcomes}
    assert expected_staged([*FIRST, LATE]) == event_log.staged()
    assert expected_counts([*FIRST, LATE]) == event_log.counts()
    assert set() == stale(event_log)


@pytest.mark.parametrize("statement", [REMEMBER, COMMIT])
def test_a_build_whose_end_is_refused_leaves_the_hour_stale(
    event_log: EventLog, faults: Faults, statement: str
) -> None:
    """The rows are there, but nobody has said so: a build without named hours takes the hour again."""
    event_log.land(*FIRST)
    event_log.build(THREE)
    event_log.land(LATE)
    with faults.during(Fault(kind=FaultKind.REFUSE, statement=statement)):
        (outcomes,) = event_log.build(THREE)
    assert Verdict.FAILED in {outcome.verdict for outcome in outcomes}
    assert event_log.dbt.submit(run_dbt, event_log.models, ("run",)).result()
    assert expected_staged([*FIRST, LATE]) == event_log.staged()
    assert expected_counts([*FIRST, LATE]) == event_log.counts()
    assert set() == stale(event_log)

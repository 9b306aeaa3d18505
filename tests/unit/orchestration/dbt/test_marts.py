"""The views over all hours, on the local Snowflake."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.dbt_runner.build import MANIFEST, Verdict
from orchestration.dbt_runner.specs import UNIQUE_ID, Manifest
from orchestration.defs.dbt.assets import event_marts
from snowflake_components import query
from tests.unit.orchestration.dbt.event_log import EventLog, Record

DAY = "2025-08-01T00:00:00"
NOT_A_NUMBER = '{"duration_seconds": "n/a", "dbt_model": "model.shop.orders", "metadata": {"rows": {"count": 3}}}'
CHECK = '{"check_name": "rows"}'


def at(second: int, event_type: str, payload: str | None = None, **more: Any) -> Record:
    moment = f"2025-08-01T03:{second // 60:02d}:{second % 60:02d}Z"
    return Record(second, 0, second, f"e{second}", event_type, occurred_at=moment, payload=payload, **more)


RECORDS = [
    at(0, "RUN_START"),
    *(at(second, "STEP_SUCCESS", '{"duration_seconds": 2.0}') for second in range(1, 4)),
    at(4, "STEP_SUCCESS", '{"duration_seconds": 7.5, "dbt_model": "model.shop.orders"}'),
    at(5, "STEP_FAILURE", NOT_A_NUMBER),
    at(10, "ASSET_MATERIALIZATION", '{"metadata": {"rows": 12}}', asset_key="raw/orders"),
    at(11, "ASSET_MATERIALIZATION", NOT_A_NUMBER, asset_key="raw/orders"),
    at(12, "ASSET_MATERIALIZATION", None, asset_key="raw/payments"),
    at(20, "ASSET_CHECK_FAILED", CHECK, asset_key="raw/orders"),
    at(21, "ASSET_CHECK_PASSED", CHECK, asset_key="raw/orders"),
    at(22, "ASSET_CHECK_FAILED", CHECK, asset_key="raw/payments"),
    at(30, "RUN_SUCCESS"),
    at(40, "RUN_START", organization="globex"),
]
MARTS: dict[str, list[tuple[Any, ...]]] = {
    "RUNS": [
        ("acme", "prod", "run-1", "2025-08-01T03:00:00", "2025-08-01T03:00:30", "succeeded", 30),
        ("globex", "prod", "run-1", "2025-08-01T03:00:40", None, "unfinished", None),
    ],
    "RUNS_BY_DAY": [("acme", DAY, 1, 1, 0, 0), ("globex", DAY, 1, 0, 0, 1)],
    "STEPS": [
        *(("acme", "prod", "run-1", "step-1", f"2025-08-01T03:00:0{n}", True, 2.0) for n in range(1, 4)),
        ("acme", "prod", "run-1", "step-1", "2025-08-01T03:00:04", True, 7.5),
        ("acme", "prod", "run-1", "step-1", "2025-08-01T03:00:05", False, None),
    ],
    "SLOW_STEPS": [("acme", "run-1", "step-1", "2025-08-01T03:00:04", 7.5, 2.0)],
    "MATERIALIZATIONS": [
        ("acme", "prod", "raw/orders", None, "run-1", "2025-08-01T03:00:10", 12),
        ("acme", "prod", "raw/orders", None, "run-1", "2025-08-01T03:00:11", None),
        ("acme", "prod", "raw/payments", None, "run-1", "2025-08-01T03:00:12", None),
    ],
    "ASSETS": [
        ("acme", "prod", "raw/orders", 2, "2025-08-01T03:00:10", "2025-08-01T03:00:11"),
        ("acme", "prod", "raw/payments", 1, "2025-08-01T03:00:12", "2025-08-01T03:00:12"),
    ],
    "CHECK_RESULTS": [
        ("acme", "prod", "raw/orders", "rows", "run-1", "2025-08-01T03:00:20", False),
        ("acme", "prod", "raw/orders", "rows", "run-1", "2025-08-01T03:00:21", True),
        ("acme", "prod", "raw/payments", "rows", "run-1", "2025-08-01T03:00:22", False),
    ],
    "FAILED_CHECKS_BY_DAY": [("acme", DAY, 3, 2)],
    "ASSET_HEALTH": [
        ("acme", "prod", "raw/orders", "2025-08-01T03:00:11", 0),
        ("acme", "prod", "raw/payments", "2025-08-01T03:00:12", 1),
    ],
    "ACTIVE_ORGANIZATIONS_BY_DAY": [(DAY, 2, 14)],
    "USAGE_BY_ORGANIZATION_DAY": [
        ("acme", "2025-08-01", 1, 13, 1, 0, 3, 1),
        ("globex", "2025-08-01", 1, 1, 1, 0, 0, 0),
    ],
    "DBT_MODEL_RUNS_BY_DAY": [("acme", "model.shop.orders", DAY, 2, 1, 1, 7.5)],
    "ASSET_FRESHNESS": [
        ("acme", "prod", "raw/orders", "2025-08-01T03:00:11", 1, 19),
        ("acme", "prod", "raw/payments", "2025-08-01T03:00:12", None, 18),
    ],
    "DEPLOYMENTS": [
        ("acme", "prod", "2025-08-01T03:00:00", "2025-08-01T03:00:30", 13),
        ("globex", "prod", "2025-08-01T03:00:40", "2025-08-01T03:00:40", 1),
    ],
}


@pytest.fixture(scope="module", autouse=True)
def _built(event_log: EventLog) -> None:
    event_log.empty()
    event_log.land(*RECORDS)
    event_log.build("2025-08-01T03")
    assert {Verdict.DONE} == {outcome.verdict for outcome in event_log.build_marts()}


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_answers_over_all_hours(event_log: EventLog, mart: str) -> None:
    """Whatever a payload holds, a view answers: a value that is no number is null."""
    rows = query(event_log.snowflake, f"SELECT * FROM AWS.DEV.{mart}").rows  # noqa: S608 (a name of ours)
    assert sorted(MARTS[mart], key=str) == sorted((tuple(map(_plain, row.values())) for row in rows), key=str)


def test_the_marts_are_listed_by_the_names_that_the_manifest_gives_them(event_log: EventLog) -> None:
    """A mart that is not listed is absent, and is built; a table is not listed, and a dropped view no longer."""
    manifest = Manifest.read(MANIFEST)
    marts = {str(spec.metadata[UNIQUE_ID]) for spec in event_marts.specs}
    assert {manifest.stored_name(mart) for mart in marts} | {"USAGE_BY_ORGANIZATION_HOUR"} == event_log.models.views()
    query(event_log.snowflake, "DROP VIEW AWS.DEV.RUNS_BY_DAY")
    assert "RUNS_BY_DAY" not in event_log.models.views()
    event_log.build_marts()
    assert "RUNS_BY_DAY" in event_log.models.views()


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value

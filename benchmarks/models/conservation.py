"""Plant mistakes into the shipped views, and count those that the tests of the model find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import yaml

from benchmarks.models.mutations import Mutant, mutants
from benchmarks.models.warehouse import Warehouse
from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.sources import SOURCES
from snowflake_components.errors import SnowflakeError

LEFT_OUT = frozenset({"slow_steps"})
"""It selects by a median: nothing that an aggregate of its input says is preserved."""

_ORGANIZATIONS, _RUNS, _HOURS = 4, 9, 36
_DEPLOYMENTS = ("'prod'", "'dev'", "NULL")


@dataclass(frozen=True, slots=True)
class View:
    """A view of the project.

    Args:
        name: of the model.
        relation: in Snowflake.
        sql: compiled.
        tests: compiled, by name; each selects what is wrong.
    """

    name: str
    relation: str
    sql: str
    tests: dict[str, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """A mistake, and the tests that are red.

    Args:
        model: that it was planted into.
        mutant: the mistake; None for the model as it is.
        red: names of tests.
    """

    model: str
    mutant: Mutant | None
    red: tuple[str, ...]


def built_views(its: Warehouse, day: datetime) -> list[View]:
    """Land a day of Dagster's events, build the project, and return its views.

    Raises:
        DbtFailedError: a model or a test of the project as it is failed.
    """
    create_sources(its)
    for organization in range(_ORGANIZATIONS):
        rows = " UNION ALL ".join(_events(day, organization))
        its.rows(f"INSERT INTO AWS.DEV.EXT_FLINK_EVENT_LOG {rows}")
    hours = [Hour.containing(day + timedelta(hours=number)) for number in range(_HOURS)]
    its.publish("platform_events", dict.fromkeys(hours, 1))
    nodes = [result.node for result in its.dbt("build").results]
    tests = [node for node in nodes if node.resource_type == "test"]
    return [
        View(
            node.name,
            node.relation_name,
            node.compiled_code,
            {one.name: one.compiled_code for one in tests if one.attached_node == node.unique_id},
        )
        for node in nodes
        if node.resource_type == "model" and node.config.materialized == "view"
    ]


def create_sources(its: Warehouse) -> None:
    """Create the tables of all sources, without rows."""
    for source in yaml.safe_load(SOURCES.read_text(encoding="utf-8"))["sources"]:
        for table in source["tables"]:
            columns = ", ".join(f"{column['name']} {column['data_type']}" for column in table["columns"])
            its.rows(f"CREATE OR REPLACE TABLE AWS.DEV.{table['name']} ({columns})")


def _events(day: datetime, organization: int) -> Iterator[str]:
    """Yield the events of one organization as queries of one row: runs, steps, materializations and checks."""
    random = Random(organization)  # noqa: S311 (events, not secrets)
    for run in range(_RUNS):
        begin = day + timedelta(minutes=random.randrange(60 * _HOURS - 30))
        end = random.choice(("RUN_SUCCESS", "RUN_SUCCESS", "RUN_FAILURE", "RUN_CANCELED", None))
        kinds = [
            "RUN_START",
            "STEP_START",
            "STEP_SUCCESS",
            "STEP_START",
            random.choice(("STEP_SUCCESS", "STEP_FAILURE")),
        ]
        kinds += ["ASSET_MATERIALIZATION"] * random.randrange(3) + ["ASSET_CHECK_PASSED", "ASSET_CHECK_FAILED"]
        for number, kind in enumerate([*kinds, end] if end else kinds):
            moment = begin + timedelta(seconds=71 * number)
            payload = f'{{"duration_seconds": {number + run}.5, "check_name": "rows", "metadata": {{"rows": {run}}}}}'
            asset = f"'asset-{(run + number) % 3}'" if kind.startswith("ASSET") else "NULL"
            offset = organization * 1000 + run * 20 + number
            yield (
                f"SELECT 'f', '{moment:%Y-%m-%d %H}:00:00', 'platform-events', 0, {offset}, "
                f"'{moment:%Y-%m-%d %H:%M:%S}', 'e-{run}-{number}', '{kind}', 1, '{moment:%Y-%m-%dT%H:%M:%S}Z', "
                f"'org-{organization}', {_DEPLOYMENTS[run % 3]}, NULL, 'run-{run}', {asset}, NULL, "
                f"'step-{number % 3}', PARSE_JSON('{payload}')"
            )


def judge(its: Warehouse, views: Sequence[View], count: int, seed: int = 7) -> Iterator[Judged]:
    """Yield the tests of each view as it is, then those of `count` mistakes that change what a view returns.

    A mistake that is no SQL, or that changes no row of the data, is none.
    """
    chosen = [view for view in views if view.name not in LEFT_OUT]
    for view in chosen:
        yield Judged(view.name, None, _red(its, view))
    planted = [(view, mutant) for view in chosen for mutant in mutants(view.sql)]
    Random(seed).shuffle(planted)  # noqa: S311 (a sample, not a secret)
    found = 0
    for view, mutant in planted:
        if found == count:
            return
        if not _changes(its, view, mutant):
            continue
        found += 1
        its.rows(f"CREATE OR REPLACE VIEW {view.relation} AS {mutant.sql}")
        try:
            yield Judged(view.name, mutant, _red(its, view))
        finally:
            its.rows(f"CREATE OR REPLACE VIEW {view.relation} AS {view.sql}")


def _changes(its: Warehouse, view: View, mutant: Mutant) -> bool:
    try:
        (row,) = its.rows(
            "SELECT (SELECT COUNT(*) FROM (SELECT * FROM before MINUS SELECT * FROM after)) "
            "+ (SELECT COUNT(*) FROM (SELECT * FROM after MINUS SELECT * FROM before)) "
            "+ ABS((SELECT COUNT(*) FROM before) - (SELECT COUNT(*) FROM after)) AS changed "
            "FROM (SELECT 1) AS one".replace("before", f"({view.sql})").replace("after", f"({mutant.sql})")
        )
    except SnowflakeError:
        return False
    return bool(row["CHANGED"])


def _red(its: Warehouse, view: View) -> tuple[str, ...]:
    return tuple(
        name
        for name, sql in view.tests.items()
        if its.rows(f"SELECT COUNT(*) AS wrong FROM ({sql}) AS found")[0]["WRONG"]  # noqa: S608 (compiled)
    )

"""Read from the staging models who used what, aggregated in Snowflake.

What shows a use:

1. `payload.reads`, a list of names of relations or unique ids of dbt, of any event of any producer;
2. `payload.input_assets` of a materialisation or observation: the assets that Dagster recorded as its inputs;
3. a LOADED_INPUT of Dagster whose metadata has a `dagster/table_name`;
4. an ASSET_OBSERVATION in a step that loaded an input and did not write that asset: Dagster's `add_input_metadata`.

Events of `Own` show no use: a graph that is built is no reader, and a dbt model does not use what it is made from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestration.metapipeline.errors import EventRowError
from orchestration.metapipeline.usage.evidence import Evidence, Named, Use
from snowflake_components.errors import ObjectMissingError
from snowflake_components.identifiers import QualifiedName, literal
from snowflake_components.work import Connection, read_rows

NAMES_MAX = 100_000
"""Names per table that are read; hostile producers can invent more."""
NAME_CHARACTERS_MAX = 1_024
_DBT_ID = re.compile(r"(?:model|seed|snapshot|source|metric|exposure)\.[^.\s]+\.\S+")
_DBT_KINDS = ("model", "seed", "snapshot", "test", "unit_test", "operation")


@dataclass(frozen=True, slots=True)
class Own:
    """Whose events show no use.

    Args:
        organization: of the deployment that runs the metapipeline.
        jobs: of the metapipeline there, by `payload.job`.
        assets: of the metapipeline there, by asset key, for runs of single assets.
        projects: our dbt projects; their own builds show no use, whoever runs them.
    """

    organization: str = "hourglass"
    jobs: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StagedUses:
    """The uses in the staging models; one statement for each table.

    Args:
        connection: to Snowflake.
        tables: as in `StagedEvents`. One that no run has built yet shows no use, as long as another one is there.
        own: whose events are left out.
    """

    connection: Connection
    tables: tuple[QualifiedName, ...]
    own: Own = Own()

    def since(self, start: datetime) -> Evidence:
        """Read the uses in the published hours from `start` on.

        Raises:
            SnowflakeError: Snowflake did not answer, or no staging model exists yet.
            EventRowError: a row does not have the expected columns.
        """
        rows: list[Mapping[str, Any]] = []
        missing: list[ObjectMissingError] = []
        complete = True
        for table in self.tables:
            try:
                found = read_rows(self.connection, uses_query(table, start, self.own))
            except ObjectMissingError as exc:
                missing.append(exc)
            else:
                complete = complete and len(found) <= NAMES_MAX
                rows += found
        if missing and len(missing) == len(self.tables):
            raise missing[0]
        return read_uses(rows, complete=complete)

    def hours(self, start: datetime) -> tuple[frozenset[datetime], ...]:
        """Return of each table the hours from `start` on of which it has an event; none of one that is missing.

        Raises:
            SnowflakeError: Snowflake did not answer.
        """
        return tuple(self._hours_of(table, start) for table in self.tables)

    def _hours_of(self, table: QualifiedName, start: datetime) -> frozenset[datetime]:
        try:
            rows = read_rows(self.connection, hours_query(table, start))
        except ObjectMissingError:
            return frozenset()
        return frozenset(row["HOUR"].replace(tzinfo=UTC) for row in rows)


def hours_query(table: QualifiedName, start: datetime) -> str:
    """Return the query of the hours from `start` on of which a table has an event."""
    return f"SELECT DISTINCT REPLICATION_HOUR AS HOUR FROM {table.sql} WHERE REPLICATION_HOUR >= {_instant(start)}"  # noqa: S608 (names and literals are quoted by identifiers.py)


def uses_query(table: QualifiedName, start: datetime, own: Own) -> str:
    """Return the query of one table: one row per organization, deployment and name, most events first."""
    reads, inputs = (f"IFF(IS_ARRAY(E.PAYLOAD:{name}), E.PAYLOAD:{name}, ARRAY_CONSTRUCT())" for name in _LISTS)
    columns = "E.ORGANIZATION, E.DEPLOYMENT, E.OCCURRED_AT, E.EVENT_ID, E.EVENT_KEY"
    step = "E.ORGANIZATION = S.ORGANIZATION AND E.DEPLOYMENT = S.DEPLOYMENT AND E.RUN_ID = S.RUN_ID"
    step += " AND E.STEP_KEY = S.STEP_KEY"
    return f"""
        WITH E AS (
            SELECT EVENT_KEY, EVENT_ID, EVENT_TYPE, ORGANIZATION, DEPLOYMENT, RUN_ID, STEP_KEY, ASSET_KEY, OCCURRED_AT,
                   PAYLOAD, COALESCE(PAYLOAD:dagster_event_type::varchar = 'LOADED_INPUT', FALSE) AS LOADS
            FROM {table.sql}
            WHERE REPLICATION_HOUR >= {_instant(start)}
              AND (PAYLOAD:reads::varchar IS NOT NULL OR PAYLOAD:input_assets::varchar IS NOT NULL
                   OR EVENT_TYPE IN ('ASSET_OBSERVATION', 'ASSET_MATERIALIZATION')
                   OR PAYLOAD:dagster_event_type::varchar = 'LOADED_INPUT')
              AND NOT ({_own_condition(own)})
        ),
        NAMES AS (
            SELECT 'reads' AS ORIGIN, F.VALUE::varchar AS USED, STARTSWITH(TO_JSON(F.VALUE), '"') AS IS_TEXT, {columns}
            FROM E, LATERAL FLATTEN(INPUT => {reads}) AS F
            UNION ALL
            SELECT 'reads', NULL, FALSE, {columns}
            FROM E WHERE E.PAYLOAD:reads::varchar IS NOT NULL AND NOT IS_ARRAY(E.PAYLOAD:reads)
            UNION ALL
            SELECT 'asset', F.VALUE::varchar, STARTSWITH(TO_JSON(F.VALUE), '"'), {columns}
            FROM E, LATERAL FLATTEN(INPUT => {inputs}) AS F
            UNION ALL
            SELECT 'table', E.PAYLOAD:metadata['dagster/table_name']::varchar, TRUE, {columns}
            FROM E WHERE E.LOADS AND E.PAYLOAD:metadata['dagster/table_name']::varchar IS NOT NULL
            UNION ALL
            SELECT 'asset', E.ASSET_KEY, TRUE, {columns}
            FROM E WHERE E.EVENT_TYPE = 'ASSET_OBSERVATION'
              AND EXISTS (SELECT 1 FROM E AS S WHERE S.LOADS AND {step})
              AND NOT EXISTS (SELECT 1 FROM E AS S WHERE S.EVENT_TYPE = 'ASSET_MATERIALIZATION'
                              AND S.ASSET_KEY = E.ASSET_KEY AND {step})
        ),
        JUDGED AS (
            SELECT *, COALESCE(IS_TEXT AND TRIM(USED) <> '' AND LENGTH(USED) <= {NAME_CHARACTERS_MAX}, FALSE) AS NAMED
            FROM NAMES
        )
        SELECT IFF(NAMED, ORIGIN, 'ignored') AS ORIGIN, ORGANIZATION, COALESCE(DEPLOYMENT, '') AS DEPLOYMENT,
               IFF(NAMED, USED, NULL) AS USED, COUNT(DISTINCT EVENT_KEY) AS EVENTS, COUNT(*) AS ENTRIES,
               MIN(OCCURRED_AT) AS FIRST_AT, MAX(OCCURRED_AT) AS LAST_AT, MAX_BY(EVENT_ID, OCCURRED_AT) AS EXAMPLE
        FROM JUDGED
        GROUP BY 1, 2, 3, 4
        ORDER BY EVENTS DESC, ORIGIN, ORGANIZATION, DEPLOYMENT, USED
        LIMIT {NAMES_MAX + 1}
    """  # noqa: S608 (names and literals are quoted by identifiers.py)


_LISTS = ("reads", "input_assets")


def _instant(moment: datetime) -> str:
    return literal(f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}") + "::timestamp_ntz"


def _own_condition(own: Own) -> str:
    """Return what is true of an event that shows no use, and never NULL."""
    ours = [f"COALESCE(PAYLOAD:job::varchar, '') IN ({_texts(own.jobs)})"] if own.jobs else []
    ours += [f"COALESCE(ASSET_KEY, '') IN ({_texts(own.assets)})"] if own.assets else []
    prefixes = [f"{kind}.{project}." for project in own.projects for kind in _DBT_KINDS]
    conditions = [f"STARTSWITH(COALESCE(PAYLOAD:dbt_model::varchar, ''), {literal(prefix)})" for prefix in prefixes]
    if ours:
        conditions.append(f"COALESCE(ORGANIZATION, '') = {literal(own.organization)} AND ({' OR '.join(ours)})")
    return " OR ".join(conditions) or "FALSE"


def _texts(texts: Iterable[str]) -> str:
    return ", ".join(map(literal, texts))


def read_uses(rows: Iterable[Mapping[str, Any]], *, complete: bool = True) -> Evidence:
    """Read the rows of `uses_query`, of all tables together."""
    ignored: Counter[str] = Counter()
    uses: dict[tuple[str, str, Named, str], Use] = {}
    try:
        for row in rows:
            if row["ORIGIN"] == "ignored":
                ignored[row["ORGANIZATION"]] += int(row["ENTRIES"])
            for use in _uses_of(row):
                key = (use.organization, use.deployment, use.named, use.used)
                uses[key] = _added(uses[key], use) if key in uses else use
    except (KeyError, AttributeError, TypeError) as exc:
        raise EventRowError(f"not a row of the staging model ({exc!r}): build the models again") from exc
    return Evidence(tuple(sorted(uses.values())), tuple(sorted(ignored.items())), complete)


def _uses_of(row: Mapping[str, Any]) -> Iterator[Use]:
    if row["ORIGIN"] == "ignored":
        return
    yield Use(
        organization=row["ORGANIZATION"],
        deployment=row["DEPLOYMENT"],
        named=_named(row["ORIGIN"], row["USED"]),
        used=row["USED"],
        events=int(row["EVENTS"]),
        first_at=row["FIRST_AT"].replace(tzinfo=UTC),
        last_at=row["LAST_AT"].replace(tzinfo=UTC),
        example=row["EXAMPLE"],
    )


def _named(origin: str, used: str) -> Named:
    if origin == "asset":
        return Named.ASSET
    return Named.DBT if origin == "reads" and _DBT_ID.fullmatch(used) else Named.RELATION


def _added(one: Use, other: Use) -> Use:
    newest = max(one, other, key=lambda use: use.last_at)
    return Use(
        *(one.organization, one.deployment, one.named, one.used),
        events=one.events + other.events,
        first_at=min(one.first_at, other.first_at),
        last_at=newest.last_at,
        example=newest.example,
    )

"""A real Superset over the local Snowflake: what it reads there is resolved to the tables that are there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlglot import exp, parse_one

from orchestration.metapipeline.bi.superset.tool import Superset
from orchestration.metapipeline.bi.workspace import Place, Query
from orchestration.metapipeline.relations import RelationName
from tests.bi.superset.people import Author
from tests.fakes.local_snowflake import FOREIGN_WARNING, PASSWORD, Server, serve

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)


@pytest.fixture(scope="module")
def snowflake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The local Snowflake with a table of staged events."""
    with serve(tmp_path_factory.mktemp("local_snowflake")) as server:
        with closing(server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE AWS.DEV.STG_PLATFORM_EVENTS (ID INTEGER, ORGANIZATION VARCHAR)")
            cursor.execute("INSERT INTO AWS.DEV.STG_PLATFORM_EVENTS VALUES (1, 'acme'), (2, 'acme')")
        yield server


@pytest.fixture(scope="module")
def connection(author: Author, snowflake: Server) -> int:
    """A connection of Superset to the local Snowflake."""
    connect = f'{{"protocol": "http", "host": "127.0.0.1", "port": {snowflake.port}, "account": "local"}}'
    return author.database(
        f"snowflake://hourglass:{PASSWORD}@local/AWS/DEV",
        extra=f'{{"engine_params": {{"connect_args": {connect}}}}}',
    )


def _relations(query: Query) -> set[str]:
    found = set()
    for table in parse_one(query.sql, dialect=query.place.dialect).find_all(exp.Table):
        name = RelationName.parse(".".join(part.sql(dialect=query.place.dialect) for part in table.parts))
        found.add(str(name.within(query.place.database, query.place.schema)))
    return found


def test_datasets_and_statements_over_snowflake_are_resolved(
    superset: Superset, author: Author, connection: int
) -> None:
    """A physical dataset, a virtual one and a statement of SQL Lab read the same table, by three spellings."""
    by_name = author.dataset(connection, "stg_platform_events", schema="dev")
    by_sql = author.dataset(connection, "events by sql", "select id from dev.stg_platform_events", schema="dev")
    dashboard, uuid = author.dashboard("Events in Snowflake")
    chart = author.chart(by_name, dashboard, column="ID")
    author.chart(by_sql, dashboard)
    ran = author.run_in_sql_lab(connection, "select count(*) as n from stg_platform_events", schema="dev")

    queries = [one for one in superset.read().queries if one.place.dialect == "snowflake"]

    assert [{"N": 2}] == ran["data"]
    shown = author.get(f"chart/{chart}/data/")["result"][0]["data"]
    assert [1, 2] == sorted(row["ID"] for row in shown)
    assert {Place("snowflake", "AWS", "DEV")} == {one.place for one in queries}
    assert [uuid, uuid, None] == [one.report for one in sorted(queries, key=lambda one: one.id)]
    assert [{"AWS.DEV.STG_PLATFORM_EVENTS"}] * 3 == [_relations(one) for one in queries]

"""dbt-snowflake with the settings that projects write every day: what Snowflake documents is what the project finds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.local_snowflake.pytest_fixture import LocalSnowflake
from orchestration.dbt_runner.build import PROJECT_DIR

_PROJECT = Path(__file__).with_name("dbt_project")
_SECONDS_MAX = 300


class Shop:
    """The project, its server, and what dbt wrote.

    Args:
        folder: a copy of the project.
        server: with the schema SHOP.
    """

    def __init__(self, folder: Path, server: LocalSnowflake) -> None:
        self._folder, self._server = folder, server

    def dbt(self, *arguments: str) -> tuple[int, str]:
        """Run one command of dbt; return its exit code and what it printed."""
        login = self._server.login
        given = {name: str(login[name]) for name in ("account", "user", "password", "host", "port", "protocol")}
        environment = {f"HOURGLASS_SNOWFLAKE_{name.upper()}": value for name, value in given.items()}
        environment |= {"HOURGLASS_SNOWFLAKE_DATABASE": "AWS", "HOURGLASS_SNOWFLAKE_SCHEMA": "SHOP"}
        command = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", *arguments]
        folders = ["--project-dir", str(self._folder), "--profiles-dir", str(PROJECT_DIR)]
        ran = subprocess.run(
            [*command, *folders],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=_SECONDS_MAX,
            check=False,
        )
        return ran.returncode, ran.stdout

    def written(self, name: str) -> dict[str, Any]:
        """Return a file of dbt's target."""
        found: dict[str, Any] = json.loads((self._folder / "target" / name).read_text())
        return found

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a statement, by the names of columns."""
        from snowflake.connector import DictCursor  # noqa: PLC0415 - with the server

        with self._server.connect(schema="SHOP") as connection, connection.cursor(DictCursor) as cursor:
            return list(cursor.execute(sql).fetchall())


@pytest.fixture(scope="module")
def shop(local_snowflake: LocalSnowflake, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The project, built once."""
    folder = tmp_path_factory.mktemp("shop") / "project"
    shutil.copytree(_PROJECT, folder)
    built = Shop(folder, local_snowflake)
    built.rows("CREATE SCHEMA IF NOT EXISTS AWS.SHOP")
    built.rows("CREATE ROLE IF NOT EXISTS READER")
    built.rows("CREATE WAREHOUSE IF NOT EXISTS W")
    code, said = built.dbt("build")
    assert 0 == code, said
    return built


def test_a_second_run_builds_the_same(shop: Shop) -> None:
    """Seed, table, view and incremental model with query tag, grants and comments."""
    code, said = shop.dbt("run")
    assert 0 == code, said
    assert [2, 2, 1] == [
        shop.rows(f"SELECT COUNT(*) AS N FROM {name}")[0]["N"]  # noqa: S608
        for name in ("ORDERS", "GROWING", "BIG_ORDERS")
    ]


def test_grants_of_a_model_are_those_of_its_configuration(shop: Shop) -> None:
    """`grants: {select: [READER]}`: the role has SELECT."""
    shown = shop.rows("SHOW GRANTS ON TABLE AWS.SHOP.ORDERS")
    assert [("SELECT", "READER")] == [
        (row["privilege"], row["grantee_name"]) for row in shown if row["privilege"] != "OWNERSHIP"
    ]


def test_descriptions_are_comments_character_by_character(shop: Shop) -> None:
    """`persist_docs`, with an apostrophe, dashes and a semicolon; of relations and of columns."""
    (table,) = shop.rows("SHOW TABLES LIKE 'ORDERS' IN SCHEMA AWS.SHOP")
    assert "The shop's orders; one row 'per' order." == table["comment"]
    columns = {row["name"]: row["comment"] for row in shop.rows("DESC TABLE AWS.SHOP.ORDERS")}
    assert {"ID": "It's the id of an order; -- and ; stay as they are.", "AMOUNT": "Euros"} == columns


def test_a_dynamic_table_is_clearly_refused(shop: Shop) -> None:
    """The local Snowflake has none, and says so; it is not a table that nothing refreshes."""
    for _ in range(2):
        code, said = shop.dbt("run", "--vars", "{dynamic: true}", "--select", "dynamic")
        assert 1 == code
        assert "Unsupported feature" in said


def test_the_catalog_has_tables_views_and_comments(shop: Shop) -> None:
    """`dbt docs generate`."""
    code, said = shop.dbt("docs", "generate")
    assert 0 == code, said
    nodes = shop.written("catalog.json")["nodes"]
    assert {"model.shop.orders": "BASE TABLE", "model.shop.big_orders": "VIEW"} == {
        name: nodes[name]["metadata"]["type"] for name in ("model.shop.orders", "model.shop.big_orders")
    }
    orders = nodes["model.shop.orders"]
    assert "The shop's orders; one row 'per' order." == orders["metadata"]["comment"]
    assert "Euros" == orders["columns"]["AMOUNT"]["comment"]
    assert 2 == orders["stats"]["row_count"]["value"]


def test_a_table_that_was_just_written_is_fresh(shop: Shop) -> None:
    """Freshness by metadata: LAST_ALTERED of the table."""
    code, said = shop.dbt("source", "freshness")
    assert 0 == code, said
    (found,) = shop.written("sources.json")["results"]
    assert "pass" == found["status"]


def test_the_query_tag_of_a_model_is_restored(shop: Shop) -> None:
    """Dbt reads it before a model and sets it back after it; another session has none."""
    assert [""] == [row["value"] for row in shop.rows("SHOW PARAMETERS LIKE 'QUERY_TAG' IN SESSION")]

"""The writer's grants are what the statements of the product need, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from snowflake_components.connection import SnowflakeSettings, open_session
from snowflake_components.errors import MissingPrivilegeError, ObjectMissingError, StatementFailedError
from tests.acceptance.places import OwnPlace, local_place, own_place
from tests.acceptance.test_statements import EVENT
from tests.fakes.local_snowflake import FOREIGN_WARNING, Server
from tests.fakes.staged_table import create_tables_of_dbt
from tests.goldens.rendered import rendered
from tests.goldens.shapes import shapes
from tests.policies.documents import POLICIES

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

ROLE = "HOURGLASS_WRITER"
GRANTS: dict[str, dict[str, list[str]]] = json.loads((POLICIES / "snowflake_grants.json").read_text(encoding="utf-8"))
NEEDS: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[3] / "policies" / "statement_privileges.yaml").read_text(encoding="utf-8")
)
WRITER = {(kind, privilege) for kind, privileges in GRANTS["writer"].items() for privilege in privileges}
NOT_CHECKED_LOCALLY = {("warehouse", "USAGE"), ("integration", "USAGE"), ("schema", "CREATE VIEW")}
"""Privileges that the local Snowflake does not ask for, and the one of dbt, whose statements are not sent here."""


def test_the_writer_has_what_its_statements_need_and_no_more() -> None:
    needs = [NEEDS["usage"], NEEDS["dbt"], *NEEDS["statements"].values()]
    assert WRITER == {(kind, one) for need in needs for kind, privileges in need.items() for one in privileges}


def test_every_kind_of_statement_is_accounted_for() -> None:
    """A new kind of statement must say what it needs."""
    assert sorted(shape.name for shape in shapes()) == sorted([*NEEDS["statements"], *NEEDS["shared"], *NEEDS["owned"]])


def test_the_reader_reads_and_writes_nothing() -> None:
    assert {"USAGE"} == {one for privileges in GRANTS["reader"].values() for one in privileges}
    assert {"TABLES": ["SELECT"], "VIEWS": ["SELECT"]} == GRANTS["reader_of_future"]


@pytest.fixture
def place(only_server: Server) -> Iterator[OwnPlace]:
    """A schema and a folder, with a role that has no grants yet."""
    with own_place(*local_place(only_server)) as own:
        own.rows(f"CREATE OR REPLACE ROLE {ROLE}")
        own.rows(f"GRANT ROLE {ROLE} TO USER {own.settings.user}")
        yield own
        own.rows(f"DROP ROLE {ROLE}")


def grant(place: OwnPlace, granted: set[tuple[str, str]]) -> SnowflakeSettings:
    """Grant privileges to the role; return a login with it."""
    names = {
        "database": place.settings.database,
        "schema": f"{place.settings.database}.{place.settings.schema_name}",
        "warehouse": place.settings.warehouse,
        "integration": place.storage.integration,
    }
    for kind, privilege in sorted(granted):
        if names[kind]:
            place.rows(f"GRANT {privilege} ON {kind.upper()} {names[kind]} TO ROLE {ROLE}")
    return place.settings.model_copy(update={"role": ROLE})


def refused(place: OwnPlace, settings: SnowflakeSettings) -> set[str]:
    """Create a table and send every statement, as the role; return the goldens of those that it may not send."""
    missing = set()
    place.storage.write("2025/08/01/03/part-0.jsonl", EVENT)
    names = place.names
    try:
        create_tables_of_dbt(settings, settings.database)
    except (MissingPrivilegeError, ObjectMissingError):
        missing.add("create table")
    with open_session(settings) as session:
        for sent in rendered(names):
            if sent.golden == "use role":  # of the role that made the place
                continue
            try:
                session.execute(sent.sql)
            except (MissingPrivilegeError, ObjectMissingError):
                missing.add(sent.golden)
            except StatementFailedError as exc:
                if "Unsupported feature" not in str(exc):  # a type of file
                    raise
    return missing


def test_the_role_of_the_module_can_send_every_statement(place: OwnPlace) -> None:
    assert set(NEEDS["shared"]) == refused(place, grant(place, WRITER))


@pytest.mark.parametrize("left_out", sorted(WRITER - NOT_CHECKED_LOCALLY), ids=" of ".join)
def test_without_one_of_its_privileges_it_cannot(place: OwnPlace, left_out: tuple[str, str]) -> None:
    assert set(NEEDS["shared"]) < refused(place, grant(place, WRITER - {left_out}))

"""A data engineer who has never seen the project: scaffold, plan, apply, load, change a column, plan again.

Each answer is the one of Snowflake's documentation, on the local Snowflake as on an account.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import pytest
from typer.testing import CliRunner

from infra.commands.snowflake import snowflake
from snowflake_components.errors import ObjectDiffersError
from snowflake_components.scaffold import ObjectsScaffolder
from tests.acceptance.places import OwnPlace
from tests.fakes.component_runs import HOUR, run
from tests.fakes.local_snowflake import FOREIGN_WARNING

pytestmark = [
    pytest.mark.filterwarnings(FOREIGN_WARNING),
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),  # Dagster's own
    pytest.mark.filterwarnings("ignore:.*is currently in beta"),  # Dagster's own
]

Command = Callable[..., tuple[int, dict[str, Any]]]
NEXT_HOUR = "2025-08-01-04:00"


class Folder:
    """The folder of the documents.

    Args:
        path: of the folder.
        place: of the objects.
    """

    def __init__(self, path: Path, place: OwnPlace) -> None:
        ObjectsScaffolder().scaffold(cast("Any", SimpleNamespace(target_path=path, append=False)))
        self.path = path
        self._place = place
        self.edit("s3://{{ env('HOURGLASS_BUCKET', 'hourglass') }}/shop-orders/", place.storage.url)
        if place.storage.integration:
            self.edit("# storage_integration: AWS_INTEGRATION", f"storage_integration: {place.storage.integration}")
        # the hours of the test are older than the load metadata
        self.edit("# load_older_files: false", "load_older_files: true")

    @property
    def text(self) -> str:
        """The documents."""
        return (self.path / "defs.yaml").read_text(encoding="utf-8")

    def add_column(self, beside: str, column: str) -> None:
        """Write a column on the line behind one that holds a text."""
        line = next(line for line in self.text.splitlines(keepends=True) if beside in line)
        self.edit(line, f"{line}      - {column}\n")

    def edit(self, written: str, instead: str) -> None:
        """Change the documents as a person does."""
        assert written in self.text, written
        (self.path / "defs.yaml").write_text(self.text.replace(written, instead), encoding="utf-8")

    def run(self, name: str, hour: str = HOUR) -> Mapping[str, Any]:
        """Materialize one asset in Dagster, and return its metadata."""
        return run(self.text, self._place.settings, name, partition=hour).metadata


@pytest.fixture
def folder(place: OwnPlace, tmp_path: Path) -> Folder:
    return Folder(tmp_path / "shop_orders", place)


@pytest.fixture
def command(folder: Folder) -> Command:
    """Run a command of `hourglass snowflake`; return its exit code and its JSON."""

    def send(*arguments: str) -> tuple[int, dict[str, Any]]:
        ran = CliRunner().invoke(snowflake, [arguments[0], str(folder.path), "--json", *arguments[1:]])
        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
        return ran.exit_code, json.loads(ran.stdout)

    return send


def actions(planned: dict[str, Any]) -> list[str]:
    """Return the actions, in the order of the plan."""
    return [one["action"] for one in planned["objects"]]


def rows(place: OwnPlace, columns: str, table: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table, in the order of ID."""
    return [tuple(row.values()) for row in place.rows(f"SELECT {columns} FROM {table} ORDER BY ID")]  # noqa: S608


def test_a_newcomer_writes_plans_applies_changes_and_plans_again(
    place: OwnPlace, folder: Folder, command: Command
) -> None:
    """The four kinds of objects, from the scaffold to a changed column."""
    place.storage.write("2025/08/01/03/a.jsonl", {"id": "a", "amount": 1}, {"id": "b", "amount": 2})

    # the plan of an empty schema: everything is created, in the order in which one needs the other
    code, planned = command("plan")
    assert (1, ["create"] * 4) == (code, actions(planned))
    kinds = ["file format", "stage", "external table", "table"]
    assert kinds == [one["type"] for one in planned["objects"]]
    assert [] == place.rows("SHOW STAGES IN SCHEMA"), "a plan changes nothing"

    # a created external table lists its location once, a created table loads it once
    assert 0 == command("apply", "--yes")[0]
    assert [("a",), ("b",)] == rows(place, "ID", "EXT_SHOP_ORDERS") == rows(place, "ID", "SHOP_ORDERS")
    code, planned = command("plan")
    assert (0, ["unchanged"] * 4) == (code, actions(planned))

    # a run of the next hour registers that hour alone, and loads each file once
    place.storage.write("2025/08/01/04/b.jsonl", {"id": "c", "amount": 3})
    ran = folder.run("ext_shop_orders", NEXT_HOUR)
    assert (["2025/08/01/04/"], 1) == (ran["paths"], ran["files_registered_new"])
    assert [1, 0] == [folder.run("shop_orders", NEXT_HOUR)["rows_loaded"] for _ in range(2)]
    assert 3 == len(rows(place, "ID", "EXT_SHOP_ORDERS")) == len(rows(place, "ID", "SHOP_ORDERS"))

    # a new column: both kinds of tables have ADD COLUMN
    for line in ("value", "$1"):
        folder.add_column(f"{line}:id::varchar", f'{{name: AMOUNT, type: INTEGER, as: "{line}:amount::integer"}}')
    code, planned = command("plan")
    assert (1, ["unchanged", "unchanged", "alter", "alter"]) == (code, actions(planned))
    assert [["columns (added AMOUNT)"]] * 2 == [one["reasons"] for one in planned["objects"][2:]]
    with pytest.raises(dg.Failure, match=r"columns \(added AMOUNT\)") as refused:
        folder.run("ext_shop_orders")
    assert isinstance(refused.value.__cause__, ObjectDiffersError), "a run does not change what is in force"

    # an external table reads the column in the registered files, a table has NULL in the rows that are there
    code, applied = command("apply", "--yes")
    assert (0, 2) == (code, len(applied["applied"]))
    assert [("a", 1), ("b", 2), ("c", 3)] == rows(place, "ID, AMOUNT", "EXT_SHOP_ORDERS")
    assert [("a", None), ("b", None), ("c", None)] == rows(place, "ID, AMOUNT", "SHOP_ORDERS")
    code, planned = command("plan")
    assert (0, ["unchanged"] * 4) == (code, actions(planned))

    # another expression: an external table has no ALTER of it, and is replaced when that is allowed
    folder.edit("value:amount::integer", "(value:amount * 10)::integer")
    code, planned = command("plan")
    assert (1, ["unchanged", "unchanged", "replace", "unchanged"]) == (code, actions(planned))
    code, applied = command("apply", "--yes")
    assert (1, []) == (code, applied["applied"])
    assert 0 == command("apply", "--yes", "--allow-replace")[0]
    assert [("a", 10), ("b", 20), ("c", 30)] == rows(place, "ID, AMOUNT", "EXT_SHOP_ORDERS")
    code, planned = command("plan")
    assert (0, ["unchanged"] * 4) == (code, actions(planned))

    # rows are never lost by a plan
    folder.edit('type: VARCHAR, as: "$1:id::varchar"', 'type: INTEGER, as: "$1:id::integer"')
    code, planned = command("plan")
    assert (1, ["unchanged", "unchanged", "unchanged", "by hand"]) == (code, actions(planned))
    assert 1 == command("apply", "--yes", "--allow-replace")[0]
    assert 3 == len(rows(place, "ID", "SHOP_ORDERS"))


def test_grants_stay_when_an_external_table_is_replaced(place: OwnPlace, folder: Folder, command: Command) -> None:
    """COPY GRANTS: a reader keeps its access."""
    command("apply", "--yes")
    query = "SHOW GRANTS ON TABLE EXT_SHOP_ORDERS"
    place.rows("GRANT SELECT ON TABLE EXT_SHOP_ORDERS TO ROLE PUBLIC")
    folder.edit("partition_by: [HOUR]", "partition_by: [HOUR, FILENAME]")
    assert 0 == command("apply", "--yes", "--allow-replace")[0]
    assert ("SELECT", "PUBLIC") in [(row["privilege"], row["grantee_name"]) for row in place.rows(query)]

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from orchestration.dbt_runner.build import PROJECT_DIR, ManifestMissingError, require_manifest
from producers.events import EventType


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(require_manifest().read_bytes())
    return loaded


def test_the_known_event_types_are_those_of_the_contract(manifest: dict[str, Any]) -> None:
    """A type that producers send must not be flagged; the flag is a warning, because the event is kept."""
    (test,) = [node for node in manifest["nodes"].values() if node["name"] == "known_event_types"]
    assert [kind.value for kind in EventType] == test["test_metadata"]["kwargs"]["values"]
    assert test["config"]["severity"] == "warn"


@pytest.mark.parametrize(
    "model", ["stg_platform_events", "stg_dagster_events", "event_counts_by_hour", "usage_by_organization_hour"]
)
def test_every_column_of_a_model_is_described_in_its_order(manifest: dict[str, Any], model: str) -> None:
    """A reader of a table finds the meaning of its columns."""
    node = manifest["nodes"][f"model.hourglass.{model}"]
    columns = node["columns"].values()
    assert all(column["description"] for column in [node, *columns])
    if "first_record_of_each_event(" in node["raw_code"]:
        first_select = manifest["macros"]["macro.hourglass.event_columns"]["macro_sql"].replace("{%- endmacro", "")
    else:
        first_select = node["raw_code"].partition("select\n")[2].partition("from ")[0]
    selected = re.findall(r"(?:as )?(\w+),?\n", first_select)
    assert [column["name"] for column in columns] == selected


def test_dbt_reaches_nothing_but_snowflake() -> None:
    """No statistics are sent and no version is looked up."""
    flags = (PROJECT_DIR / "dbt_project.yml").read_text()
    assert "send_anonymous_usage_stats: false" in flags
    assert "version_check: false" in flags
    assert not (PROJECT_DIR / "packages.yml").exists()


def test_a_project_that_was_never_parsed_names_the_repair(tmp_path: Any) -> None:
    """The load of the definitions fails with one sentence, not with a missing file."""
    with pytest.raises(ManifestMissingError, match="run `make setup`"):
        require_manifest(tmp_path / "manifest.json")

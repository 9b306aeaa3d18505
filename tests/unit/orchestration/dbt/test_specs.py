"""The assets and checks of a dbt manifest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.dbt_runner.specs import UNIQUE_ID, Manifest, ManifestUnreadableError
from orchestration.defs.dbt.assets import partitioned_models
from tests.fakes.streams import document

SOURCE = "source.shop.raw.orders"


def node(kind: str, name: str, *parents: str, **changes: Any) -> Mapping[str, Any]:
    """A node as dbt writes it, with the fields that are read."""
    config = {"materialized": "table", "schema": None, "meta": {}, "severity": "ERROR"} | changes.pop("config", {})
    return {
        "resource_type": kind,
        "name": name,
        "alias": name,
        "description": "",
        "checksum": {"checksum": f"sha-{name}"},
        "relation_name": f'"DB"."DEV"."{name}"',
        "columns": {},
        "depends_on": {"nodes": list(parents)},
        "config": config,
        **changes,
    }


def manifest(**nodes: Mapping[str, Any]) -> Manifest:
    """A project with one source; the names of the nodes are their ids."""
    source = {"resource_type": "source", "source_name": "raw", "name": "orders", "config": {"meta": {}}}
    return Manifest({f"{one['resource_type']}.shop.{name}": one for name, one in nodes.items()}, {SOURCE: source})


def specs(of: Manifest) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in of.asset_specs()}


def test_a_model_depends_on_the_source_and_the_models_that_it_reads() -> None:
    """A source has the key of its table; a configured key, schema or version names a model."""
    found = specs(
        manifest(
            staged=node("model", "staged", SOURCE, config={"schema": "staging"}),
            daily=node(
                "model", "daily", "model.shop.staged", config={"meta": {"dagster": {"asset_key": ["mart", "d"]}}}
            ),
            rates=node("seed", "rates", version=2, alias="rates_v2"),
        )
    )
    assert {"staging/staged", "mart/d", "rates_v2"} == found.keys()
    assert [dg.AssetKey(["raw", "orders"])] == [dep.asset_key for dep in found["staging/staged"].deps]
    assert [dg.AssetKey(["staging", "staged"])] == [dep.asset_key for dep in found["mart/d"].deps]
    assert "DB.DEV.staged" == found["staging/staged"].metadata["dagster/table_name"]
    assert "model.shop.staged" == found["staging/staged"].metadata[UNIQUE_ID]


def test_an_ephemeral_model_is_no_asset_and_its_readers_depend_on_its_parents() -> None:
    """Nothing of that name is in the database: dbt inlines it."""
    project = manifest(
        inlined=node("model", "inlined", SOURCE, config={"materialized": "ephemeral"}),
        daily=node("model", "daily", "model.shop.inlined"),
    )
    found = specs(project)
    assert {"daily"} == found.keys()
    assert [dg.AssetKey(["raw", "orders"])] == [dep.asset_key for dep in found["daily"].deps]
    assert {dg.AssetKey(["raw", "orders"])} == project.sources_below("model.shop.daily")


def test_a_test_is_a_check_of_its_model_and_blocks_by_its_severity() -> None:
    """A test of two models is a check of the attached one, and reads the other; a test of sources is none."""
    project = manifest(
        a=node("model", "a", SOURCE),
        b=node("model", "b", SOURCE),
        related=node("test", "related", "model.shop.b", "model.shop.a", attached_node="model.shop.a"),
        odd=node("test", "odd", "model.shop.b", config={"severity": "warn"}),
        fresh=node("test", "fresh", SOURCE),
    )
    found = {spec.name: spec for spec in project.check_specs()}
    assert {"related", "odd"} == found.keys()
    assert (dg.AssetKey("a"), True) == (found["related"].asset_key, found["related"].blocking)
    assert [dg.AssetKey("b")] == [dep.asset_key for dep in found["related"].additional_deps]
    assert (dg.AssetKey("b"), False) == (found["odd"].asset_key, found["odd"].blocking)


def test_models_have_the_hours_of_their_stream_and_seeds_and_snapshots_have_none() -> None:
    """A run of an hour must neither load a seed nor take a snapshot."""
    stream = document()
    of = manifest(
        orders=node("model", "orders", SOURCE),
        history=node("snapshot", "history", "model.shop.orders"),
        zones=node("seed", "zones"),
    )
    found = {spec.key: spec.partitions_def for spec in partitioned_models(of, {dg.AssetKey(["raw", "orders"]): stream})}
    assert {
        dg.AssetKey("orders"): stream.partitions,
        dg.AssetKey("history"): None,
        dg.AssetKey("zones"): None,
    } == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a manifest of dbt"),
        ("[]", "not a manifest of dbt"),
        ('{"results": []}', "not a manifest of dbt"),
        (
            '{"metadata": {"dbt_schema_version": "https://x/dbt/manifest/v3.json"}, "nodes": {}, "sources": {}}',
            "v3.json",
        ),
        (
            '{"metadata": {"dbt_schema_version": "https://x/dbt/manifest/v12.json"}, "nodes": null, "sources": {}}',
            "v12",
        ),
    ],
)
def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path, text: str, message: str) -> None:
    """The load of the definitions fails with the file and the repair."""
    path = tmp_path / "manifest.json"
    path.write_text(text)
    with pytest.raises(ManifestUnreadableError, match=rf"manifest.json is.*{message}"):
        Manifest.read(path)

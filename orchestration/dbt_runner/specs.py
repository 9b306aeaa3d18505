"""Describe the nodes of a dbt manifest as assets and checks, without importing dbt.

dagster-dbt does the same, but it imports dbt-core and networkx, two CPU seconds in each process that loads the
definitions: code server, daemon, and every run. The conventions are those of dagster-dbt: the key of an asset is
`meta.dagster.asset_key`, else the schema of the model's configuration and its name; `meta.dagster` can set group and
owners; a test is a check of the model that it is attached to, and blocks unless its severity is `warn`.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.dbt_runner.automation import automation_of
from orchestration.dbt_runner.code import code_version
from orchestration.dbt_runner.meta import hourglass_meta, meta_of

UNIQUE_ID = "dbt/unique_id"
"""The metadata of an asset or a check with the id of its dbt node."""

HOUR_COLUMN = "hourglass/hour_column"
"""The metadata of an asset with the column of the hour; `replication_hour` without it, as in dbt models."""
COLUMN_SCHEMA = "dagster/column_schema"
"""The metadata with the columns of a table."""

_KNOWN_SCHEMA = re.compile(r"/manifest/v12\.json$")
_BUILT = frozenset({"model", "seed", "snapshot"})


class ManifestUnreadableError(Exception):
    """A file is not a manifest that is understood; the message has its path and the repair."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The nodes and the sources of a parsed dbt project, by their ids.

    Args:
        nodes: models, tests, seeds and snapshots.
        sources: tables that dbt reads and does not build.
        project_dir: of the files, for references to the code; None for no references.
    """

    nodes: Mapping[str, Mapping[str, Any]]
    sources: Mapping[str, Mapping[str, Any]]
    project_dir: Path | None = None

    @classmethod
    def read(cls, path: Path, project_dir: Path | None = None) -> Manifest:
        """Read the manifest that `dbt parse` wrote.

        Raises:
            ManifestUnreadableError: the file is not a manifest of dbt 1.
        """
        try:
            parsed = json.loads(path.read_bytes())
            version, nodes, sources = parsed["metadata"]["dbt_schema_version"], parsed["nodes"], parsed["sources"]
        except (ValueError, TypeError, KeyError) as exc:
            raise ManifestUnreadableError(f"{path} is not a manifest of dbt ({exc!r}): run `make setup`") from exc
        if not _KNOWN_SCHEMA.search(str(version)) or not isinstance(nodes, dict) or not isinstance(sources, dict):
            raise ManifestUnreadableError(
                f"{path} is {version}: manifests of dbt 1.8 to 1.12 can be read, v12; run `make setup`"
            )
        return cls(nodes, sources, project_dir)

    def asset_specs(self) -> Iterator[dg.AssetSpec]:
        """Describe each model, seed and snapshot that dbt builds; an ephemeral model is part of its readers."""
        for unique_id, node in self.nodes.items():
            if self._is_asset(unique_id):
                yield dg.AssetSpec(
                    key=asset_key(node),
                    deps=[asset_key(self._parent(parent)) for parent in self._parents(unique_id)],
                    description=node.get("description") or None,
                    group_name=_dagster(node).get("group"),
                    owners=_dagster(node).get("owners", []),
                    kinds={"dbt", "snowflake"},
                    code_version=code_version(node),
                    automation_condition=automation_of(node),
                    metadata={
                        UNIQUE_ID: unique_id,
                        "dagster/table_name": node["relation_name"].replace('"', ""),
                        "dagster/storage_kind": "snowflake",
                        "dagster/uri": "snowflake://" + node["relation_name"].replace('"', "").replace(".", "/"),
                        COLUMN_SCHEMA: dg.TableSchema([_column(one) for one in node["columns"].values()]),
                        "materialized": node["config"]["materialized"],
                        **_hour_column(node),
                        **self._code(node),
                    },
                )

    def check_specs(self) -> Iterator[dg.AssetCheckSpec]:
        """Describe each test as a check of the model that it is attached to, or that it reads first."""
        for unique_id, node in self.nodes.items():
            tested = [parent for parent in self._parents(unique_id) if self._is_asset(parent)]
            if node["resource_type"] != "test" or not tested:
                continue
            attached = node.get("attached_node")
            checked = attached if attached in tested else tested[0]
            yield dg.AssetCheckSpec(
                name=node["name"],
                asset=asset_key(self.nodes[checked]),
                additional_deps=[asset_key(self.nodes[other]) for other in tested if other != checked],
                blocking=node["config"]["severity"].lower() == "error",
                description=node.get("description") or None,
                metadata={UNIQUE_ID: unique_id},
            )

    def selector(self, unique_id: str) -> str:
        """Return dbt's selector of one node: a name alone is shared by versions, and may hold dots."""
        return f"fqn:{'.'.join(self.nodes[unique_id]['fqn'])}"

    def stored_name(self, unique_id: str) -> str:
        """Return the name under which Snowflake stores a node: dbt writes it without quotes, unless it is told to."""
        node = self.nodes[unique_id]
        name: str = node.get("alias") or node["name"]
        return name if node["relation_name"].endswith('"') else name.upper()

    def sources_below(self, unique_id: str) -> set[dg.AssetKey]:
        """Return the sources that a node reads, directly or through other nodes."""
        found: set[dg.AssetKey] = set()
        for parent in self._parents(unique_id):
            if parent in self.sources:
                found.add(asset_key(self.sources[parent]))
            else:
                found |= self.sources_below(parent)
        return found

    def streams_below(self, unique_id: str) -> set[str]:
        """Return the streams that the sources of a node are of: `meta: {hourglass: {stream: NAME}}`."""
        found: set[str] = set()
        for parent in self._parents(unique_id):
            if parent in self.sources:
                stream = hourglass_meta(self.sources[parent]).get("stream")
                found |= {stream} if stream else set()
            else:
                found |= self.streams_below(parent)
        return found

    def _code(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return the references to the file of a node, and to the one that describes its columns."""
        if self.project_dir is None:
            return {}
        files = {"model": node.get("original_file_path"), "columns": (node.get("patch_path") or "").partition("://")[2]}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # code references are in beta in Dagster, whose version is pinned
            found: list[Any] = [
                dg.LocalFileCodeReference(file_path=str(self.project_dir / file), line_number=1, label=label)
                for label, file in files.items()
                if file
            ]
            return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=found)}

    def _is_asset(self, unique_id: str) -> bool:
        node = self.nodes.get(unique_id)
        return node is not None and node["resource_type"] in _BUILT and node["config"]["materialized"] != "ephemeral"

    def _parents(self, unique_id: str) -> list[str]:
        """List what a node reads; the parents of an ephemeral model take its place."""
        found: list[str] = []
        for parent in self.nodes[unique_id].get("depends_on", {}).get("nodes", []):
            built = parent in self.sources or self._is_asset(parent)
            found += [parent] if built else self._parents(parent)
        return list(dict.fromkeys(found))

    def _parent(self, unique_id: str) -> Mapping[str, Any]:
        return self.sources[unique_id] if unique_id in self.sources else self.nodes[unique_id]


def asset_key(node: Mapping[str, Any]) -> dg.AssetKey:
    """Return the asset key of a node or of a source."""
    configured = _dagster(node).get("asset_key")
    if configured:
        return dg.AssetKey(configured)
    if node["resource_type"] == "source":
        return dg.AssetKey([node["source_name"], node["name"]])
    if node.get("version"):
        return dg.AssetKey(node["alias"])
    schema = node["config"].get("schema")
    return dg.AssetKey([schema, node["name"]] if schema else [node["name"]])


def _dagster(node: Mapping[str, Any]) -> Mapping[str, Any]:
    dagster: Mapping[str, Any] = meta_of(node).get("dagster", {})
    return dagster


def _hour_column(node: Mapping[str, Any]) -> dict[str, str]:
    """Return the column of the hour as metadata, where `meta: {hourglass: {hour: NAME}}` says it."""
    column = hourglass_meta(node).get("hour")
    return {HOUR_COLUMN: column} if column else {}


def _column(column: Mapping[str, Any]) -> dg.TableColumn:
    return dg.TableColumn(column["name"], column.get("data_type") or "?", column.get("description") or None)

"""The graph of a dbt project, read from its `manifest.json`."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

from orchestration.metapipeline.errors import ManifestError
from orchestration.metapipeline.graph.dbt_nodes import KINDS, Surroundings, mapping, node_of, project_of
from orchestration.metapipeline.graph.nodes import Gap, GapKind, NodeKind, PlatformGraph

KNOWN_VERSIONS = (*range(1, 13), 20)
"""Schemas of manifests: dbt 0.19 to 1.12 write v1 to v12, dbt 2 writes v12 or v20."""

_SECTIONS = (
    "nodes",
    "sources",
    "functions",
    "exposures",
    "metrics",
    "semantic_models",
    "saved_queries",
)
_SCHEMA = re.compile(r"/dbt/(?P<artifact>[a-z-]+)/v(?P<version>\d+)(\.json)?$")
_REPAIR = "name the manifest.json that `dbt parse` writes into the target folder"


def read_manifest(path: Path) -> PlatformGraph:
    """Read the graph of a manifest's file; see `graph_from_manifest`.

    Raises:
        ManifestError: the file is missing, is no JSON, or is no manifest.
        GraphError: the graph has a cycle.
    """
    parsed = load_manifest(path)
    try:
        return graph_from_manifest(parsed)
    except ManifestError as exc:
        raise ManifestError(f"{path}: {exc}") from exc


def load_manifest(path: Path) -> Any:
    """Parse a manifest's file; whether it is a manifest is not checked.

    Raises:
        ManifestError: the file is missing or is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as exc:
        raise ManifestError(f"{path} cannot be read ({exc.strerror}): run `dbt parse`") from exc
    except (ValueError, RecursionError) as exc:
        raise ManifestError(f"{path} is no JSON ({exc}): {_REPAIR}") from exc


def graph_from_manifest(manifest: object) -> PlatformGraph:
    """Read a parsed manifest of dbt 0.19 or newer.

    Nodes are models, sources, seeds, snapshots, functions, metrics, semantic models, saved queries, exposures and those
    statements of on-run-start and on-run-end that read one of them; without what is disabled, tests, analyses and
    macros. What a node says of itself is documented at `node_of`. An edge to a node that the manifest does not have
    becomes a gap.

    Raises:
        ManifestError: it is no manifest, its schema is unknown, or an entry cannot be read.
        GraphError: the graph has a cycle.
    """
    if not isinstance(manifest, Mapping):
        raise ManifestError(f"a manifest is a JSON object, not {type(manifest).__name__}: {_REPAIR}")
    _require_manifest(manifest)
    entries = {unique_id: (kind, entry) for unique_id, kind, entry in _entries(manifest)}
    around = Surroundings(_root(manifest, entries), _group_owners(manifest), _tests(manifest))
    known = {unique_id for unique_id, (kind, entry) in entries.items() if _is_node(kind, entry)}
    nodes = (node_of(unique_id, KINDS[entries[unique_id][0]], entries[unique_id][1], around) for unique_id in known)
    wanted = {(parent, reader) for reader in known for parent in _parents(entries[reader][1])}
    edges = sorted(edge for edge in wanted if edge[0] in known)
    disabled = _disabled(manifest)
    gaps = (_gap(*edge, is_disabled=edge[0] in disabled) for edge in wanted if edge[0] not in known)
    return PlatformGraph(tuple(sorted(nodes)), tuple(edges), tuple(sorted(gaps)))


def digests_of_readers(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return a digest of the code of each node and of the nodes that read it directly, tests left out, by its id."""
    code: dict[str, str] = {}
    around: defaultdict[str, set[str]] = defaultdict(set)
    for unique_id, entry in mapping(manifest.get("nodes")).items():
        if entry.get("resource_type") != "test":
            code[unique_id] = str(entry.get("raw_code") or entry.get("raw_sql") or "").strip()
            for parent in (unique_id, *_parents(entry)):
                around[parent].add(unique_id)
    return {
        parent: sha256(json.dumps([(one, code[one]) for one in sorted(ids)]).encode()).hexdigest()
        for parent, ids in around.items()
    }


def _require_manifest(manifest: Mapping[str, Any]) -> None:
    written = mapping(manifest.get("metadata")).get("dbt_schema_version")
    if written is None:
        if "nodes" not in manifest or not isinstance(manifest["nodes"], Mapping | None):
            name = "semantic_manifest.json" if isinstance(manifest.get("semantic_models"), list) else "another file"
            raise ManifestError(f"this is {name}, not a manifest: no dbt_schema_version and no nodes; {_REPAIR}")
        return
    schema = _SCHEMA.search(str(written))
    if schema is None or (schema["artifact"] == "manifest" and int(schema["version"]) not in KNOWN_VERSIONS):
        raise ManifestError(f"unknown dbt_schema_version {written}: manifests of v1 to v12 and v20 can be read")
    if schema["artifact"] != "manifest":
        name = schema["artifact"].replace("-", "_")
        raise ManifestError(f"this is {name}.json of dbt ({written}), not its manifest: {_REPAIR}")


def _entries(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for section in _SECTIONS:
        found = manifest.get(section)
        if not isinstance(found, Mapping | None):
            raise ManifestError(f"its section {section!r} is a {type(found).__name__}, not an object: {_REPAIR}")
        for unique_id, entry in (found or {}).items():
            kind = mapping(entry).get("resource_type")
            if not isinstance(kind, str):
                lost = f"the entry {unique_id!r} of its section {section!r} has no resource_type"
                raise ManifestError(f"{lost}, so the file is not whole: {_REPAIR}")
            yield unique_id, kind, entry


def _is_node(kind: str, entry: Mapping[str, Any]) -> bool:
    return kind in KINDS and (KINDS[kind] is not NodeKind.HOOK or bool(_parents(entry)))


def _root(manifest: Mapping[str, Any], entries: Mapping[str, tuple[str, Mapping[str, Any]]]) -> str | None:
    """Return the name of the project, by its hash before dbt 1.6; a manifest of one package is of that project."""
    metadata = mapping(manifest.get("metadata"))
    if name := metadata.get("project_name"):
        return str(name)
    projects = {project_of(unique_id, entry) for unique_id, (_, entry) in entries.items()}
    hashed = metadata.get("project_id")
    named = {name for name in projects if md5(name.encode(), usedforsecurity=False).hexdigest() == hashed}
    found = named or projects
    return found.pop() if len(found) == 1 else None


def _group_owners(manifest: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    groups = map(mapping, mapping(manifest.get("groups")).values())
    return {(str(group.get("package_name")), str(group.get("name"))): group.get("owner") for group in groups}


def _tests(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for section in ("nodes", "unit_tests"):
        for unique_id, entry in mapping(manifest.get(section)).items():
            if mapping(entry).get("resource_type") in ("test", "unit_test"):
                for parent in _parents(entry):
                    found[parent].append(unique_id)
    return found


def _parents(entry: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(map(str, mapping(entry.get("depends_on")).get("nodes") or ()))


def _disabled(manifest: Mapping[str, Any]) -> frozenset[str]:
    """Return the ids of what is disabled; dbt 0.19 to 0.21 write a list."""
    found = manifest.get("disabled")
    if isinstance(found, Mapping):
        return frozenset(found)
    return frozenset(str(mapping(entry).get("unique_id")) for entry in found or ())


def _gap(parent: str, reader: str, *, is_disabled: bool) -> Gap:
    if is_disabled:
        kind, where = GapKind.DISABLED, "is disabled: enable it, or remove the reference"
        repair = "a reference that is removed already goes away with `dbt parse --no-partial-parse`"
    else:
        kind, where = GapKind.MISSING, "is nowhere in the manifest"
        repair = "run `dbt deps`, then `dbt parse --no-partial-parse`"
    return Gap(kind, reader, parent, f"{reader} reads {parent}, which {where}; {repair}")

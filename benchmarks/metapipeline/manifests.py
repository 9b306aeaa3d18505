"""A manifest of the size of a large company's dbt project."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.metapipeline.measured import Clock, Measured
from orchestration.metapipeline.graph.manifest import read_manifest
from orchestration.metapipeline.graph.nodes import PlatformGraph
from orchestration.metapipeline.graph.projects import merge_projects

MODELS, SOURCES, TESTS = 12_500, 7_500, 25_000
_CODE = "select a, b, c from {{ ref('m') }} where a > 1 -- " + "x" * 2_000


def measure() -> list[Measured]:
    """Read a manifest of 45,000 entries with code, columns and tests."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "manifest.json"
        path.write_text(json.dumps(_manifest(Random(16))), encoding="utf-8")  # noqa: S311 (a manifest, no secret)
        megabytes = path.stat().st_size / 1e6
        graph = clock.step("manifest: read", lambda: read_manifest(path), _size)
    clock.step("manifest: relations joined", lambda: merge_projects([graph]))
    clock.total("**manifest: all of it**", f"{megabytes:,.0f} MB, {MODELS + SOURCES + TESTS:,} entries")
    return clock.rows


def _size(graph: PlatformGraph) -> str:
    return f"{len(graph.nodes):,} nodes, {len(graph.edges):,} edges"


def _manifest(random: Random) -> dict[str, Any]:
    sources = {f"source.p.s.t{number}": _entry("source", number, []) for number in range(SOURCES)}
    nodes: dict[str, Any] = {}
    readable = list(sources)
    for number in range(MODELS):
        unique_id = f"model.p.m{number}"
        nodes[unique_id] = _entry("model", number, random.sample(readable, 3))
        readable.append(unique_id)
    for number in range(TESTS):
        nodes[f"test.p.t{number}"] = _entry("test", number, random.sample(readable, 1))
    schema = "https://schemas.getdbt.com/dbt/manifest/v12.json"
    return {"metadata": {"dbt_schema_version": schema, "project_name": "p"}, "nodes": nodes, "sources": sources}


def _entry(kind: str, number: int, reads: list[str]) -> dict[str, Any]:
    columns = {f"c{column}": {"name": f"c{column}", "data_type": "int", "meta": {}} for column in range(8)}
    return {
        "resource_type": kind,
        "name": f"{kind[0]}{number}",
        "package_name": "p",
        "path": f"folder/{number}.sql",
        "original_file_path": f"models/folder/{number}.sql",
        "fqn": ["p", "folder", str(number)],
        "relation_name": f'"DB"."S".{kind}_{number}',
        "columns": columns if kind == "model" else {},
        "config": {"materialized": "table", "enabled": True, "meta": {}, "tags": []},
        "raw_code": _CODE,
        "depends_on": {"nodes": reads, "macros": []},
    }

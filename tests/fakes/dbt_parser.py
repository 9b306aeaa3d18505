"""dbt for tests without dbt: the manifest of a project with one package, by refs, YAML entries and `enabled`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from orchestration.metapipeline.changing.proposals.reading.project import ANY_REF, DbtProject, read_files
from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import load
from orchestration.metapipeline.errors import ProposalError

PROJECT = "name: shop\nversion: '1.0'\nprofile: shop\n"


class FakeDbtParser:
    """Parses like dbt where the tests need it: models, singular tests, exposures; a missing ref is refused."""

    def __init__(self) -> None:
        self.parses = 0

    def manifest(self, project_dir: Path) -> Mapping[str, Any]:
        """Return the manifest of the project."""
        self.parses += 1
        paths = [str(path.relative_to(project_dir)) for path in project_dir.rglob("*") if ".git" not in path.parts]
        return manifest_of_files(read_files(project_dir, paths))


def project_of(files: Mapping[str, str]) -> DbtProject:
    """Return a project named shop with these files."""
    whole = {"dbt_project.yml": PROJECT, **files}
    return DbtProject(whole, manifest_of_files(whole))


def manifest_of_files(files: Mapping[str, str]) -> dict[str, Any]:
    """Return the manifest of a project named shop."""
    entries = {entry["name"]: entry for entry in _section(files, "models")}
    nodes, disabled = {}, {}
    for path, text in files.items():
        kind = {"models": "model", "tests": "test", "analyses": "analysis"}.get(path.split("/")[0])
        if kind is None or not path.endswith((".sql", ".py")):
            continue
        node = _node(kind, path, text, entries)
        if node["config"].get("enabled", True):
            nodes[node["unique_id"]] = node
        else:
            disabled[node["unique_id"]] = [node]
    exposures = {
        f"exposure.shop.{entry['name']}": {
            **entry,
            "resource_type": "exposure",
            "original_file_path": entry["path"],
            "depends_on": {"nodes": [f"model.shop.{name}" for name in ANY_REF.findall(str(entry.get("depends_on")))]},
        }
        for entry in _section(files, "exposures")
    }
    _require_refs(nodes, set(disabled))
    return {"nodes": nodes, "disabled": disabled, "exposures": exposures, "sources": {}, "metrics": {}}


def _node(kind: str, path: str, text: str, entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    name = PurePosixPath(path).stem
    entry: dict[str, Any] = next((dict(found) for known, found in entries.items() if _is_of(known, found, name)), {})
    version = next((item["v"] for item in entry.get("versions", ()) if name == f"{entry['name']}_v{item['v']}"), None)
    known = str(entry.get("name", name))
    own: dict[str, Any] = next((item for item in entry.get("versions", ()) if item["v"] == version), {})
    return {
        "unique_id": f"{kind}.shop.{known}" + (f".v{version}" if version is not None else ""),
        "resource_type": kind,
        "name": known,
        "package_name": "shop",
        "original_file_path": path,
        "version": version,
        "latest_version": entry.get("latest_version"),
        "fqn": ["shop", *PurePosixPath(path).parent.parts[1:], name],
        "raw_code": text,
        "relation_name": f"ANALYTICS.PUBLIC.{name}",
        "config": {**entry.get("config", {}), **own.get("config", {})},
        "meta": entry.get("meta", {}),
        "depends_on": {"nodes": [f"model.shop.{read}" for read in ANY_REF.findall(text)]},
    }


def _is_of(known: str, entry: Mapping[str, Any], name: str) -> bool:
    return name == known or any(name == f"{known}_v{item['v']}" for item in entry.get("versions", ()))


def _section(files: Mapping[str, str], section: str) -> list[dict[str, Any]]:
    found = []
    for path, text in files.items():
        if path.startswith("models/") and path.endswith((".yml", ".yaml")):
            found += [{**entry, "path": path} for entry in (load(text) or {}).get(section) or ()]
    return found


def _require_refs(nodes: dict[str, Any], disabled: set[str]) -> None:
    for node in list(nodes.values()):
        for read in node["depends_on"]["nodes"]:
            if read in disabled and node["resource_type"] == "test":
                nodes.pop(node["unique_id"])
            elif read not in nodes and not any(other.startswith(f"{read}.v") for other in nodes):
                raise ProposalError(f"{node['unique_id']} depends on {read}, which is not there")

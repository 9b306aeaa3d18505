"""One entry of a dbt manifest as a node of the platform graph."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orchestration.metapipeline.errors import RelationNameError
from orchestration.metapipeline.graph.nodes import Node, NodeKind
from orchestration.metapipeline.relations import RelationName

KINDS: Mapping[str, NodeKind] = {
    "model": NodeKind.MODEL,
    "source": NodeKind.SOURCE,
    "seed": NodeKind.SEED,
    "snapshot": NodeKind.SNAPSHOT,
    "function": NodeKind.FUNCTION,
    "metric": NodeKind.METRIC,
    "semantic_model": NodeKind.SEMANTIC_MODEL,
    "saved_query": NodeKind.SAVED_QUERY,
    "exposure": NodeKind.EXPOSURE,
    "operation": NodeKind.HOOK,
}
"""Kind of a node by dbt's `resource_type`; tests, analyses, macros and docs are no nodes."""


class Origin(StrEnum):
    """To whom a node belongs, as seen from the project whose manifest has it."""

    OWN = "own"
    """The project itself."""
    PACKAGE = "package"
    """An installed package: its files are replaced by the next `dbt deps`."""
    OTHER_PROJECT = "other_project"
    """Another project, injected into this manifest for references across projects."""
    UNKNOWN = "unknown"
    """The manifest does not name its project (before dbt 1.6) and holds several."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a node needs to know of the rest of its manifest.

    Args:
        root: name of the project; None when unknown.
        group_owners: owner by package and name of a group.
        tests: ids of the tests that read a node, by its id.
    """

    root: str | None
    group_owners: Mapping[tuple[str, str], Any]
    tests: Mapping[str, Sequence[str]]


_COPIED = (
    "access",
    "alias",
    "database",
    "deprecation_date",
    "description",
    "fqn",
    "group",
    "identifier",
    "label",
    "language",
    "latest_version",
    "maturity",
    "original_file_path",
    "patch_path",
    "path",
    "relation_name",
    "schema",
    "source_name",
    "tags",
    "time_spine",
    "type",
    "url",
    "version",
)
_CONFIGURED = ("materialized", "access", "group", "tags", "deprecation_date")
_OF_COLUMN = ("data_type", "description", "meta")
_OF_EXPORT = ("name", "config")
_BACKTICKED = re.compile(r"`([^`]*)`")


def node_of(unique_id: str, kind: NodeKind, entry: Mapping[str, Any], around: Surroundings) -> Node:
    """Return the node of one entry.

    The facts have the names of the manifest, and are absent when it has no value (an empty `path` is one):

    - every node: `path`, `original_file_path`, `patch_path`, `fqn`, `tags`, `description`, `meta`, `group`, `origin`
      (a value of `Origin`), `root_project` (whose manifest this is)
    - what dbt builds: `materialized`, `language`, `database`, `schema`, `alias`, `relation_name` (as written),
      `access`, `version`, `latest_version`, `deprecation_date`, `time_spine`, `columns` (a list of objects with `name`
      and, if known, `data_type`, `description`, `meta`), `tests` (ids of the tests and unit tests that read it, sorted)
    - source: also `source_name` and `identifier`
    - exposure: `type`, `url`, `maturity`, `label`, `owner` (an object)
    - metric, saved query: `type`, `label`, `exports` (a list of objects with `name` and `config`)

    The owners of a node are `owner` of its meta, then the owner of an exposure, then the owner of its group.
    """
    facts = dict(_facts(unique_id, entry, around))
    return Node(
        id=unique_id,
        kind=kind,
        name=str(entry.get("name") or unique_id.rpartition(".")[2]),
        project=project_of(unique_id, entry),
        relation=_relation(kind, facts),
        owners=tuple(dict.fromkeys(_owners(entry, facts, around))),
        facts=facts,
    )


def project_of(unique_id: str, entry: Mapping[str, Any]) -> str:
    """Return the package of an entry; its id names it, too."""
    return str(entry.get("package_name") or [*unique_id.split(".", 2), ""][1])


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object of JSON, or an empty one for null and for anything else."""
    return value if isinstance(value, Mapping) else {}


def _facts(unique_id: str, entry: Mapping[str, Any], around: Surroundings) -> Iterator[tuple[str, Any]]:
    config = mapping(entry.get("config"))
    yield from ((name, config[name]) for name in _CONFIGURED if not _is_nothing(config.get(name)))
    yield from ((name, entry[name]) for name in _COPIED if not _is_nothing(entry.get(name)))
    if entry.get("path") == "":
        yield "path", ""
    gathered = {
        "meta": {**mapping(config.get("meta")), **mapping(entry.get("meta"))},
        "owner": mapping(entry.get("owner")),
        "columns": [_column(name, column) for name, column in mapping(entry.get("columns")).items()],
        "exports": [_kept(export, _OF_EXPORT) for export in entry.get("exports") or ()],
        "tests": sorted(around.tests.get(unique_id, ())),
        "origin": _origin(project_of(unique_id, entry), entry, around.root).value,
        "root_project": around.root,
    }
    yield from ((name, value) for name, value in gathered.items() if value)


def _is_nothing(value: object) -> bool:
    return value is None or value in ("", [])


def _column(name: str, column: object) -> dict[str, Any]:
    return {"name": mapping(column).get("name") or name, **_kept(column, _OF_COLUMN)}


def _kept(found: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: mapping(found)[name] for name in names if mapping(found).get(name)}


def _origin(project: str, entry: Mapping[str, Any], root: str | None) -> Origin:
    if root is None:
        return Origin.UNKNOWN
    if project == root:
        return Origin.OWN
    return Origin.OTHER_PROJECT if entry.get("path") == "" else Origin.PACKAGE


def _relation(kind: NodeKind, facts: Mapping[str, Any]) -> RelationName | None:
    """Return what a query can read; a function is called and an ephemeral model is part of its readers."""
    text = facts.get("relation_name")
    if not isinstance(text, str) or kind is NodeKind.FUNCTION or facts.get("materialized") == "ephemeral":
        return None
    try:
        return RelationName.parse(_BACKTICKED.sub(_double_quoted, text))
    except RelationNameError:  # such as a path that an adapter reads as a relation
        return None


def _double_quoted(backticked: re.Match[str]) -> str:
    return '"' + backticked[1].replace('"', '""') + '"'


def _owners(entry: Mapping[str, Any], facts: Mapping[str, Any], around: Surroundings) -> Iterator[str]:
    named = mapping(facts.get("meta")).get("owner")
    for owner in named if isinstance(named, list) else [named]:
        yield from _people(owner)
    yield from _people(facts.get("owner"))
    if group := facts.get("group"):
        package = str(entry.get("package_name"))
        yield from _people(around.group_owners.get((package, str(group))))


def _people(owner: object) -> Iterator[str]:
    """Yield the addresses of an owner, or else the name."""
    if isinstance(owner, str):
        found: object = owner
    else:
        found = mapping(owner).get("email") or mapping(owner).get("name")
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, str) and one.strip():
            yield one.strip()

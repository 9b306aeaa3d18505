"""Dagster's assets in the platform graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from orchestration.metapipeline.errors import RelationNameError
from orchestration.metapipeline.graph.additions import add_edges
from orchestration.metapipeline.graph.dbt_nodes import mapping
from orchestration.metapipeline.graph.nodes import Gap, GapKind, Node, NodeKind, PlatformGraph
from orchestration.metapipeline.relations import RelationName

if TYPE_CHECKING:
    import dagster as dg

_UNIQUE_ID = "dbt/unique_id"
_TABLE_NAME = "dagster/table_name"


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """One asset.

    Args:
        key: its parts joined by `/`.
        group: of Dagster.
        kinds: sorted.
        owners: as Dagster has them, such as `team:data-platform`.
        deps: keys of what it reads, sorted.
        dbt_unique_id: of the dbt node that it is; None for an asset of its own.
        relation: that it writes, if it says so.
        description: text from the world.
        code_location: where it is defined; may be empty.
    """

    key: str
    group: str | None = None
    kinds: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    deps: tuple[str, ...] = ()
    dbt_unique_id: str | None = None
    relation: RelationName | None = None
    description: str = ""
    code_location: str = ""


def asset_id(key: str) -> str:
    """Return the id of an asset's node."""
    return f"asset.{key}"


def read_assets(repository: dg.RepositoryDefinition, code_location: str = "") -> tuple[AssetFacts, ...]:
    """Read every asset of a code location, external ones included; nothing is run and nothing is queried.

    `context.repository_def` of an asset is the argument, or `Definitions.get_repository_def()`.
    """
    nodes = repository.asset_graph.asset_nodes
    return facts_of_specs((node.to_asset_spec() for node in nodes), code_location)


def facts_of_specs(specs: Iterable[dg.AssetSpec], code_location: str = "") -> tuple[AssetFacts, ...]:
    """Return the facts of some specs, sorted by key."""
    return tuple(sorted((_facts(spec, code_location) for spec in specs), key=lambda asset: asset.key))


def _facts(spec: dg.AssetSpec, code_location: str) -> AssetFacts:
    unique_id = _text(spec.metadata.get(_UNIQUE_ID))
    return AssetFacts(
        key=_joined(spec.key),
        group=spec.group_name,
        kinds=tuple(sorted(spec.kinds)),
        owners=tuple(spec.owners),
        deps=tuple(sorted({_joined(dep.asset_key) for dep in spec.deps})),
        dbt_unique_id=unique_id,
        relation=_relation(_text(spec.metadata.get(_TABLE_NAME))),
        description=spec.description or "",
        code_location=code_location,
    )


def _joined(key: dg.AssetKey) -> str:
    return "/".join(key.path)


def _text(value: object) -> str | None:
    text = getattr(value, "value", value)
    return text if isinstance(text, str) else None


def _relation(name: str | None) -> RelationName | None:
    try:
        return RelationName.parse(name) if name else None
    except RelationNameError:
        return None


def add_assets(graph: PlatformGraph, assets: Iterable[AssetFacts]) -> PlatformGraph:
    """Add assets to the graph of dbt projects.

    An asset that is a node of dbt becomes no second node: this node takes its edges, and has `asset_key` and
    `asset_group` as facts. A dbt source reads the asset that has its asset key or writes its relation. What a node of
    dbt reads through dbt is no second edge. A key that no asset has is a node, too, since somebody reads it. Assets of
    one key, as two code locations may have them, are one.

    The facts of an asset's node are `key`, `group`, `kinds`, `description` and `relation`; absent when unknown. The
    node has a relation of its own only when no node of dbt has this relation, so a name in a query means one of them.
    """
    found = _by_key(assets)
    places = _Places.of(graph, found)
    known = {node.relation for node in graph.nodes}
    dbt = [_with_asset(node, places.asset_of.get(node.id)) for node in graph.nodes]
    own = [_node(asset, known) for asset in found.values() if places.id_of[asset.key] == asset_id(asset.key)]
    undefined = {dep for asset in found.values() for dep in asset.deps} - places.id_of.keys()
    stubs = [Node(asset_id(key), NodeKind.ASSET, key, facts={"key": key}) for key in undefined]
    nodes = tuple(sorted([*dbt, *own, *stubs]))
    with_deps = add_edges(PlatformGraph(nodes, graph.edges, graph.gaps), places.deps(found.values()), _gap)
    return add_edges(with_deps, places.of_sources(), _gap)


def _by_key(assets: Iterable[AssetFacts]) -> dict[str, AssetFacts]:
    found: dict[str, AssetFacts] = {}
    for asset in assets:
        known = found.setdefault(asset.key, asset)
        filled = {one.name: getattr(known, one.name) or getattr(asset, one.name) for one in fields(AssetFacts)}
        found[asset.key] = AssetFacts(**{**filled, "deps": tuple(sorted({*known.deps, *asset.deps}))})
    return found


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the assets are in the graph.

    Args:
        id_of: id of the node by the key of an asset, or of a source that no asset is.
        asset_of: the asset by the id of the dbt node that it is.
        sources: ids of the sources by the key of the asset that they read.
    """

    id_of: Mapping[str, str]
    asset_of: Mapping[str, AssetFacts]
    sources: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, graph: PlatformGraph, assets: Mapping[str, AssetFacts]) -> _Places:
        of_dbt = {key: asset.dbt_unique_id for key, asset in assets.items() if asset.dbt_unique_id in graph.by_id}
        writers = {asset.relation: key for key, asset in assets.items() if asset.relation and key not in of_dbt}
        id_of: dict[str, str] = {}
        sources: defaultdict[str, list[str]] = defaultdict(list)
        for unique_id in graph.of_kind(NodeKind.SOURCE):
            source = graph.by_id[unique_id]
            key = _key_of_source(source)
            id_of.setdefault(key, unique_id)
            writer = key if key in assets or source.relation is None else writers.get(source.relation, key)
            if writer in assets:
                sources[writer].append(unique_id)
        id_of |= {key: of_dbt.get(key) or asset_id(key) for key in assets}
        return cls(id_of, {unique_id: assets[key] for key, unique_id in of_dbt.items() if unique_id}, sources)

    def deps(self, assets: Iterable[AssetFacts]) -> Iterator[tuple[str, str]]:
        """Yield what the dependencies of the assets add to the edges of dbt."""
        for asset in assets:
            reader = self.id_of[asset.key]
            for dep in asset.deps:
                read = self.id_of.get(dep, asset_id(dep))
                is_of_dbt = dep in self.sources or not read.startswith("asset.")
                if not (reader in self.asset_of and is_of_dbt):
                    yield read, reader

    def of_sources(self) -> Iterator[tuple[str, str]]:
        """Yield the edges from assets to the sources that read them."""
        for key, sources in self.sources.items():
            yield from ((self.id_of[key], source) for source in sources)


def _key_of_source(node: Node) -> str:
    dagster = mapping(mapping(node.facts.get("meta")).get("dagster"))
    if key := dagster.get("asset_key"):
        return "/".join(map(str, key)) if isinstance(key, list) else str(key)
    return f"{node.facts.get('source_name', '')}/{node.name}"


def _with_asset(node: Node, asset: AssetFacts | None) -> Node:
    if asset is None:
        return node
    facts = {**node.facts, **_present({"asset_key": asset.key, "asset_group": asset.group})}
    return Node(node.id, node.kind, node.name, node.project, node.relation, node.owners or asset.owners, facts)


def _node(asset: AssetFacts, known: set[RelationName | None]) -> Node:
    facts = {
        "key": asset.key,
        "group": asset.group,
        "kinds": list(asset.kinds),
        "description": asset.description,
        "relation": None if asset.relation is None else str(asset.relation),
    }
    return Node(
        id=asset_id(asset.key),
        kind=NodeKind.ASSET,
        name=asset.key,
        project=asset.code_location,
        relation=None if asset.relation in known else asset.relation,
        owners=asset.owners,
        facts=_present(facts),
    )


def _present(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value}


def _gap(read: str, reader: str) -> Gap:
    reason = f"{reader} reads {read}, and {read} reads {reader} through other nodes: remove one of the dependencies"
    return Gap(GapKind.CYCLE, reader, read, reason)

"""What a manifest says about the readers of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orchestration.metapipeline.changing.proposals.steps import BlastRadius

_READING = ("nodes", "exposures", "metrics", "semantic_models", "saved_queries", "functions", "unit_tests")
_CHECKS = ("test", "unit_test")
KEEP = "keep"


def readers_of(manifest: Mapping[str, Any], unique_id: str) -> tuple[str, ...]:
    """Return the ids of what reads a model directly: everything but tests, sorted."""
    return tuple(sorted(node_id for node_id, node in _nodes(manifest) if _reads(node, unique_id) and not _checks(node)))


def blast_radius(manifest: Mapping[str, Any], unique_id: str) -> BlastRadius:
    """Return what the removal of a model touches."""
    reads = {node_id: _reads_of(node) for node_id, node in _nodes(manifest) if not _checks(node)}
    readers: dict[str, set[str]] = {}
    for node_id, upstream in reads.items():
        for other in upstream:
            readers.setdefault(other, set()).add(node_id)
    own = reads.get(unique_id) or _disabled_reads(manifest, unique_id)
    checks = (node_id for node_id, node in _nodes(manifest) if _checks(node) and _reads(node, unique_id))
    return BlastRadius(
        upstream=_closure(own, reads),
        downstream=_closure(readers.get(unique_id, ()), readers),
        unread=tuple(
            sorted(other for other in own if other.startswith("model.") and readers.get(other) == {unique_id})
        ),
        checks=tuple(sorted(checks)),
    )


def is_kept(node: Mapping[str, Any]) -> bool:
    """Return whether the model has `meta: {hourglass: keep}`."""
    return meta_of(node).get("hourglass") == KEEP


def meta_of(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the meta of a node, that of its config before its own."""
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def node_ids(manifest: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the enabled nodes with the ids that they read."""
    return {node_id: _reads_of(node) for node_id, node in _nodes(manifest)}


def _nodes(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for section in _READING:
        yield from (manifest.get(section) or {}).items()


def _reads_of(node: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple((node.get("depends_on") or {}).get("nodes") or ())


def _reads(node: Mapping[str, Any], unique_id: str) -> bool:
    return unique_id in _reads_of(node)


def _checks(node: Mapping[str, Any]) -> bool:
    return node.get("resource_type") in _CHECKS


def _disabled_reads(manifest: Mapping[str, Any], unique_id: str) -> tuple[str, ...]:
    disabled = (manifest.get("disabled") or {}).get(unique_id)
    return _reads_of(disabled[0]) if disabled else ()


def _closure(starts: Iterable[str], following: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    found = set(starts)
    queue = list(found)
    while queue:
        for other in following.get(queue.pop(), ()):
            if other not in found:
                found.add(other)
                queue.append(other)
    return tuple(sorted(found))

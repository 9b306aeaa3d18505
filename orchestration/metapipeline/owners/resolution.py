"""Find the owners of a node.

1. `owner` of its dbt meta.
2. The owners that its source names: of an exposure, of its dbt group, of a report, in this order of precedence.
3. CODEOWNERS of the repository, for a file of a dbt project in it.
4. The configured fallback.
5. Nobody.

The first of them that names somebody decides; the others are not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestration.metapipeline.graph.nodes import Node
from orchestration.metapipeline.owners.codeowners import Codeowners


class OwnerSource(StrEnum):
    """What named the owners."""

    META = "meta"
    NODE = "node"
    CODEOWNERS = "codeowners"
    FALLBACK = "fallback"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Owned:
    """The owners of a node, each once; none only where the source is `NOBODY`."""

    owners: tuple[str, ...]
    source: OwnerSource


@dataclass(frozen=True, slots=True)
class Ownership:
    """What owners are resolved with.

    Args:
        codeowners: of the repository.
        folders: dbt project -> its folder in the repository, relative to the root; empty for the root. Projects that
            are not in it, such as installed packages, have no code owners.
        fallback: owners of everything that nobody owns.
    """

    codeowners: Codeowners = field(default_factory=Codeowners)
    folders: Mapping[str, str] = field(default_factory=dict)
    fallback: tuple[str, ...] = ()

    def of(self, node: Node) -> Owned:
        """Return the owners of a node."""
        resolved = {
            OwnerSource.META: _named(_mapping(node.facts.get("meta")).get("owner")),
            OwnerSource.NODE: _texts(node.owners),
            OwnerSource.CODEOWNERS: self._code_owners(node),
            OwnerSource.FALLBACK: _texts(self.fallback),
        }
        return next((Owned(names, source) for source, names in resolved.items() if names), _NOBODY)

    def of_all(self, nodes: Iterable[Node]) -> dict[str, tuple[str, ...]]:
        """Return the owners by the ids of the nodes; nodes that nobody owns are left out."""
        return {node.id: owned.owners for node in nodes if (owned := self.of(node)).owners}

    def _code_owners(self, node: Node) -> tuple[str, ...]:
        path = node.facts.get("original_file_path")
        folder = self.folders.get(node.project)
        if not isinstance(path, str) or not path or folder is None:
            return ()
        return self.codeowners.of(f"{folder}/{path}".replace("\\", "/"))


_NOBODY = Owned((), OwnerSource.NOBODY)


def _named(owner: object) -> tuple[str, ...]:
    """Read dbt's free field: a text, an object with `email` or `name`, or a list of them."""
    if isinstance(owner, list):
        return _texts(name for one in owner for name in _named(one) if not isinstance(one, list))
    if isinstance(owner, Mapping):
        return _texts([owner.get("email")]) or _texts([owner.get("name")])
    return _texts([owner])


def _texts(names: Iterable[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in names if isinstance(name, str) and name.strip()))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

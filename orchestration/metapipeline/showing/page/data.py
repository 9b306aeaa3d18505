"""The data of the page: graph, gaps and findings as compact arrays of plain JSON values.

Nodes are columns, in the order of the graph. An id is two values: the number of characters that it shares with the id
before it, and the rest. Edges are, per node, the number of its readers, and all readers as differences of positions.
`assets/graph.js` reads this form.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from numbers import Integral, Real
from os.path import commonprefix
from typing import Any

from orchestration.metapipeline.errors import GraphError
from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld, findings_of
from orchestration.metapipeline.graph.nodes import Gap, Node, PlatformGraph

_INTEGER_MAX = 2**53 - 1
"""The greatest integer that JavaScript reads exactly."""


def page_data(graph: PlatformGraph, findings: Iterable[Found | Withheld]) -> dict[str, Any]:
    """Return what the page shows, except for its title.

    Facts are sorted by name; the numbers of a finding keep their order, which is that of the columns.

    Raises:
        GraphError: a fact of a node, or a number of a finding, is no JSON value.
    """
    answers = list(findings)
    positions = {node.id: position for position, node in enumerate(graph.nodes)}
    withheld = [answer for answer in answers if isinstance(answer, Withheld)]
    return {
        **_nodes(graph.nodes),
        **_edges(graph, positions),
        "gaps": [_gap(gap) for gap in graph.gaps],
        "finding_kinds": [kind.value for kind in FindingKind],
        "findings": [_finding(finding) for finding in findings_of(answers)],
        "withheld": [[answer.kind.value, answer.reason] for answer in withheld],
    }


@dataclass
class _Table:
    """Texts that occur often, each once, in the order of their first use."""

    positions: dict[str, int] = field(default_factory=dict)

    def position(self, text: str) -> int:
        return self.positions.setdefault(text, len(self.positions))


def _nodes(nodes: Sequence[Node]) -> dict[str, Any]:
    kinds, projects, owners = _Table(), _Table(), _Table()
    columns = {
        "ids": _shared_prefixes([node.id for node in nodes]),
        "name": [0 if _names_itself(node) else node.name for node in nodes],
        "kind": [kinds.position(node.kind.value) for node in nodes],
        "project": [projects.position(node.project) for node in nodes],
        "owner": [[owners.position(owner) for owner in node.owners] or 0 for node in nodes],
        "relation": [str(node.relation) if node.relation else 0 for node in nodes],
        "facts": [_plain_mapping(node.facts, node.id) or 0 for node in nodes],
    }
    tables = {"kinds": kinds, "projects": projects, "owners": owners}
    return columns | {name: list(table.positions) for name, table in tables.items()}


def _names_itself(node: Node) -> bool:
    """Whether the name is the last part of the id, so that the page can derive it."""
    return node.id.rpartition(".")[2] == node.name


def _shared_prefixes(ids: Sequence[str]) -> list[str | int]:
    coded: list[str | int] = []
    for former, following in pairwise(["", *ids]):
        shared = commonprefix([former, following])  # noqa: RUF071 (ids, not paths)
        coded += [_utf16_length(shared), following[len(shared) :]]
    return coded


def _utf16_length(text: str) -> int:
    """Count characters as JavaScript does: two for each one outside of the basic plane."""
    return len(text) + sum(character > "\uffff" for character in text)


def _edges(graph: PlatformGraph, positions: Mapping[str, int]) -> dict[str, list[int]]:
    counts: list[int] = []
    steps: list[int] = []
    for node in graph.nodes:
        readers = [positions[reader] for reader in graph.readers.get(node.id, ())]
        counts.append(len(readers))
        steps += [following - former for former, following in pairwise([0, *readers])]
    return {"reader_counts": counts, "reader_steps": steps}


def _gap(gap: Gap) -> list[Any]:
    return [gap.kind.value, gap.reader, gap.read, gap.reason, list(gap.candidates)]


def _finding(finding: Finding) -> list[Any]:
    return [
        finding.kind.value,
        finding.subject,
        finding.name,
        finding.reason,
        list(finding.evidence),
        {name: _plain(value, f"{name} of {finding.subject}") for name, value in finding.numbers.items()},
        list(finding.owners),
        int(finding.removable),
    ]


def _plain_mapping(values: Mapping[str, Any], owner: str) -> dict[str, Any]:
    return {str(name): _plain(values[name], f"{name} of {owner}") for name in sorted(values, key=str)}


def _plain(value: Any, name: str) -> Any:
    match value:
        case Mapping():
            return _plain_mapping(value, name)
        case list() | tuple():
            return [_plain(element, name) for element in value]
        case set() | frozenset():
            return [_plain(element, name) for element in sorted(value, key=str)]
        case _:
            return _plain_scalar(value, name)


def _plain_scalar(value: Any, name: str) -> Any:
    """Return a value that `JSON.parse` reads without loss; what JSON has no form for becomes text."""
    match value:
        case None | bool() | str():
            return value
        case Integral():
            return int(value) if abs(int(value)) <= _INTEGER_MAX else str(value)
        case Real():
            return float(value) if math.isfinite(value) else str(value)
        case Decimal():
            return str(value)
        case date():
            return value.isoformat()
        case _:
            raise GraphError(f"{name} is a {type(value).__name__}: the page shows plain JSON values only")

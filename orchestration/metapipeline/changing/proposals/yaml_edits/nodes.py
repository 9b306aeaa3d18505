"""Where a value lies in a YAML text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode, YAMLError

from orchestration.metapipeline.errors import ProposalError
from orchestration.metapipeline.text import one_line


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """The item of a list that has a key with a value, such as `name: orders`."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


Step = str | int | Item
Address = tuple[Step, ...]
"""From the root to a value: a key of a mapping, an index of a list, or an item of a list by one of its keys."""

VALUES_MAX = 300_000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL: Final = "tag:yaml.org,2002:null"


def load(text: str) -> Any:
    """Return the data of a YAML text; what an alias repeats is a copy.

    Raises:
        ProposalError: it is no YAML, or its aliases repeat too much.
    """
    try:
        data = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader, that of dbt
        return _copied(data, iter(range(VALUES_MAX)))
    except (YAMLError, ValueError, RecursionError) as exc:
        raise ProposalError(f"not readable as YAML: {one_line(exc)}") from exc


@lru_cache(maxsize=16)
def compose(text: str) -> Node | None:
    """Return the tree of nodes of a YAML text with their places; None for an empty text.

    Raises:
        ProposalError: it is no YAML.
    """
    try:
        root: Node | None = yaml.compose(text, Loader=_LOADER)
    except (YAMLError, ValueError, RecursionError) as exc:
        raise ProposalError(f"not readable as YAML: {one_line(exc)}") from exc
    return root


def trail(root: Node | None, address: Address) -> list[Node]:
    """Return the nodes from the root to an address, as far as they exist."""
    nodes = [root] if root is not None else []
    for step in address:
        found = _child(nodes[-1], step) if nodes else None
        if found is None:
            break
        nodes.append(found)
    return nodes


def position(parent: Node, step: Step) -> int:
    """Return the place of a child among its siblings.

    Raises:
        ProposalError: it is not there.
    """
    if isinstance(parent, MappingNode):
        for place, (key, _) in enumerate(parent.value):
            if isinstance(key, ScalarNode) and key.value == step:
                return place
    elif isinstance(parent, SequenceNode):
        for place, item in enumerate(parent.value):
            if place == step or (isinstance(step, Item) and _has(item, step)):
                return place
    raise ProposalError(f"the YAML has no {step}")


def is_null(node: Node) -> bool:
    """Return whether a value is null, such as that of `config:`."""
    return isinstance(node, ScalarNode) and node.tag == _NULL


def locate(data: Any, address: Address) -> tuple[Any, Any]:
    """Return the container of the last step of an address, and the key or index in it.

    Raises:
        ProposalError: the path to it does not exist.
    """
    for step in address[:-1]:
        data = data[_key(data, step)]
    return data, _key(data, address[-1])


def _copied(data: Any, left: Iterator[int]) -> Any:
    if next(left, None) is None:
        raise ValueError(f"more than {VALUES_MAX} values")
    if isinstance(data, dict):
        return {key: _copied(value, left) for key, value in data.items()}
    return [_copied(item, left) for item in data] if isinstance(data, list) else data


def _key(data: Any, step: Step) -> Any:
    if isinstance(data, dict) and isinstance(step, str):
        return step
    if isinstance(data, list):
        for place, item in enumerate(data):
            if place == step:
                return place
            if isinstance(step, Item) and isinstance(item, dict) and str(item.get(step.key)) == step.value:
                return place
    raise ProposalError(f"the YAML has no {step}")


def _child(node: Node, step: Step) -> Node | None:
    try:
        place = position(node, step)
    except ProposalError:
        return None
    child = node.value[place]
    found: Node = child[1] if isinstance(node, MappingNode) else child
    return found


def _has(item: Node, wanted: Item) -> bool:
    return isinstance(item, MappingNode) and any(
        isinstance(key, ScalarNode)
        and key.value == wanted.key
        and isinstance(value, ScalarNode)
        and value.value == wanted.value
        for key, value in item.value
    )

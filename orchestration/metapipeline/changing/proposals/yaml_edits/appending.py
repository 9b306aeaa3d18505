"""Append an item to a list at the root of a YAML text, and leave every other line as it was."""

from __future__ import annotations

from yaml import Node

from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import compose, is_null, load, position, trail
from orchestration.metapipeline.errors import ProposalError


def append_item(text: str, section: str, rows: list[str]) -> str:
    """Append an item to a section such as `exposures`, which is made where it is missing.

    Args:
        text: of the file.
        section: key at the root.
        rows: lines of the item without indentation, the first begins with `- `.

    Raises:
        ProposalError: the section is written in brackets, or the item would change another value.
    """
    nodes = trail(compose(text), (section,))
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if len(nodes) < 2 or is_null(nodes[1]):  # noqa: PLR2004 - the root and the section
        heading = [f"{section}:\n"] if len(nodes) < 2 else []  # noqa: PLR2004
        place = len(lines) if heading else _key_line(nodes[0], section) + 1
        changed = [*lines[:place], *heading, *_indented(rows, 2), *lines[place:]]
    else:
        if getattr(nodes[1], "flow_style", None):
            raise ProposalError(f"{section} is written in brackets: write it with dashes")
        place, column = _end(lines, nodes[1].end_mark.line, nodes[1].end_mark.column), nodes[1].start_mark.column
        while place > 0 and not lines[place - 1].strip():
            place -= 1
        changed = [*lines[:place], "\n", *_indented(rows, column), *lines[place:]]
    result = "".join(changed)
    before, after = load(text) or {}, load(result)
    old = before.get(section) or []
    if after != {**before, section: [*old, after[section][-1]]} or len(after[section]) != len(old) + 1:
        raise ProposalError(f"an item cannot be appended to {section} without changing another value")
    return result


def _key_line(root: Node, section: str) -> int:
    key = root.value[position(root, section)][0]
    return int(key.start_mark.line)


def _end(lines: list[str], line: int, column: int) -> int:
    return len(lines) if line >= len(lines) - 1 and column > 0 else min(line, len(lines))


def _indented(rows: list[str], column: int) -> list[str]:
    return [" " * column + row + "\n" for row in rows]

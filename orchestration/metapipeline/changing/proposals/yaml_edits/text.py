"""Edits of a YAML text that leave every other line as it was.

A value is found with its place, and only its characters change. Where that cannot be right, because of an anchor, say,
the text is written anew by ruamel.yaml, which keeps comments and quotes. Either way the result is read again and
compared with the same edit of the data.
"""

from __future__ import annotations

import copy
import io
import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from yaml import MappingNode, Node, ScalarNode

from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import (
    Address,
    compose,
    is_null,
    load,
    locate,
    position,
    trail,
)
from orchestration.metapipeline.errors import ProposalError
from orchestration.metapipeline.text import one_line

Scalar = str | bool | int | date
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_ ()./;-]*[A-Za-z0-9_().]")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def remove(text: str, address: Address, comment_word: str = "") -> str:
    """Remove a value with its key or dash; a list or mapping that becomes empty goes, too.

    Args:
        text: of the file.
        address: of the value.
        comment_word: the comment directly above goes with the value when it holds this word.

    Raises:
        ProposalError: the value is not there, or the text cannot be changed safely.
    """
    wanted = _removed(load(text), address)
    return _checked(
        text, wanted, lambda: _cut(text, address, comment_word), lambda data: _removed(data, address, copied=False)
    )


def put(text: str, address: Address, value: Scalar) -> str:
    """Set a scalar; missing mappings on the way to it are made.

    Raises:
        ProposalError: a list or a mapping is there, or the text cannot be changed safely.
    """
    wanted = _set(load(text), address, value)
    return _checked(
        text, wanted, lambda: _inserted(text, address, value), lambda data: _set(data, address, value, copied=False)
    )


def append_words(text: str, address: Address, words: str) -> str:
    """Add words to the end of a text value in its own style; an anchored or aliased value stays as it is.

    The words must be plain in every style of YAML: letters, spaces and parentheses.
    """
    node = _scalar(text, address)
    if node is None:
        return text
    end = _last_character(text, node)
    changed = text[:end] + " " + words + text[end:]
    old_data, new_data = load(text), load(changed)
    (container, key), (new_container, new_key) = locate(old_data, address), locate(new_data, address)
    expected = f"{str(container[key]).rstrip()} {words}"
    container[key] = new_container[new_key]
    return changed if old_data == new_data and str(container[key]).rstrip() == expected else text


def remove_words(text: str, address: Address, words: str) -> str:
    """Take words from the end of a text value that `append_words` has added; a value without them stays."""
    node = _scalar(text, address)
    if node is None:
        return text
    end = _last_character(text, node)
    if text[:end].endswith(words):
        return text[: end - len(words)].rstrip(" ") + text[end:]
    return text


def scalar_text(value: Scalar) -> str:
    """Write a scalar in one line, with quotes where it needs them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | int):
        return str(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def _checked(text: str, wanted: Any, edited: Callable[[], str], rewritten: Callable[[Any], object]) -> str:
    """Return the edited text if it has the wanted data, else the text that ruamel.yaml writes, if that has."""
    for attempt in (edited, lambda: _rewritten(text, rewritten)):
        try:
            changed = attempt()
            if load(changed) == wanted:
                return changed
        except ProposalError:
            continue
    raise ProposalError("the YAML cannot be changed without changing another value: edit it by hand")


def _rewritten(text: str, change: Callable[[Any], object]) -> str:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.allow_duplicate_keys = True
    yaml.width = 1_000_000
    found = re.search(r"^( *)[^\s#-][^\n]*:[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*( *)- ", text, re.MULTILINE)
    offset = len(found[2]) - len(found[1]) if found else 2
    yaml.indent(mapping=2, sequence=offset + 2, offset=offset)
    stream = io.StringIO()
    try:
        data = yaml.load(text)
        change(data)
        yaml.dump(data, stream)
    except (YAMLError, ValueError) as exc:
        raise ProposalError(one_line(exc)) from exc
    return stream.getvalue()


def _removed(data: Any, address: Address, *, copied: bool = True) -> Any:
    whole = copy.deepcopy(data) if copied else data
    for length in range(len(address), 0, -1):
        container, key = locate(whole, address[:length])
        if isinstance(container, dict) and key not in container:
            raise ProposalError(f"the YAML has no {key}")
        del container[key]
        if container:
            break
    return whole or None


def _set(data: Any, address: Address, value: Scalar, *, copied: bool = True) -> Any:
    whole = copy.deepcopy(data) if copied else data
    for length in range(1, len(address)):
        container, key = locate(whole, address[:length])
        if isinstance(container, dict) and container.get(key) is None:
            container[key] = {}
    container, key = locate(whole, address)
    if not isinstance(container, dict) or isinstance(container.get(key), dict | list):
        raise ProposalError(f"{address[-1]} is no scalar of a mapping")
    container[key] = value
    return whole


def _cut(text: str, address: Address, comment_word: str) -> str:
    nodes = trail(compose(text), address)
    if len(nodes) <= len(address):
        raise ProposalError(f"the YAML has no {address[-1]}")
    depth = len(address) - 1
    while depth > 0 and len(nodes[depth].value) == 1:
        depth -= 1
    parent = nodes[depth]
    place = position(parent, address[depth])
    if len(parent.value) == 1:
        return ""
    if getattr(parent, "flow_style", None):
        return _cut_flow(text, parent, place)
    return _cut_lines(text, parent, place, comment_word)


def _cut_flow(text: str, parent: Node, place: int) -> str:
    spans = [_span(child) for child in parent.value]
    if place + 1 < len(spans):
        return text[: spans[place][0]] + text[spans[place + 1][0] :]
    return text[: spans[place - 1][1]] + text[spans[place][1] :]


def _span(child: Node | tuple[Node, Node]) -> tuple[int, int]:
    first, last = child if isinstance(child, tuple) else (child, child)
    return first.start_mark.index, max(first.end_mark.index, last.end_mark.index)


def _cut_lines(text: str, parent: Node, place: int, comment_word: str) -> str:
    lines = text.splitlines(keepends=True)
    column = parent.start_mark.column
    starts = [_line_of(lines, child, parent) for child in parent.value]
    start, end = starts[place], _region_end(lines, parent, starts, place)
    if lines[start][:column].strip() or len(lines[start]) <= column:
        raise ProposalError("the entry starts on the line of another one")
    while end > start + 1 and _is_outside(lines[end - 1], column):
        end -= 1
    start = _with_comment(lines, start, column, comment_word)
    if place + 1 == len(starts):
        while start > 0 and not lines[start - 1].strip() and _blank(lines, end):
            start -= 1
    elif place == 0 or _blank(lines, start - 1):
        while end < len(lines) and not lines[end].strip():
            end += 1
    return "".join(lines[:start] + lines[end:])


def _blank(lines: list[str], place: int) -> bool:
    return not 0 <= place < len(lines) or not lines[place].strip()


def _line_of(lines: list[str], child: Node | tuple[Node, Node], parent: Node) -> int:
    """Return the line on which a child of a block collection starts, with its dash or its key."""
    first = child[0] if isinstance(child, tuple) else child
    line, column = first.start_mark.line, parent.start_mark.column
    while line > 0 and not isinstance(child, tuple) and lines[line][column : column + 1] != "-":
        line -= 1
    return int(line)


def _region_end(lines: list[str], parent: Node, starts: list[int], place: int) -> int:
    if place + 1 < len(starts):
        return starts[place + 1]
    mark = parent.end_mark
    at_end = mark.line >= len(lines) - 1 and mark.column > 0
    return len(lines) if at_end else int(mark.line)


def _is_outside(line: str, column: int) -> bool:
    bare = line.strip()
    return not bare or (bare.startswith("#") and len(line) - len(line.lstrip()) <= column)


def _with_comment(lines: list[str], start: int, column: int, word: str) -> int:
    above = start
    while above > 0 and re.match(rf" {{{column}}}#", lines[above - 1]):
        above -= 1
    named = word and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", "".join(lines[above:start]))
    return above if named else start


def _inserted(text: str, address: Address, value: Scalar) -> str:
    nodes = trail(compose(text), address)
    if len(nodes) > len(address):
        start, end = nodes[-1].start_mark.index, nodes[-1].end_mark.index
        if not is_null(nodes[-1]) or end > start:
            return text[:start] + scalar_text(value) + text[end:]
        colon = text.index(":", _key_node(nodes[-2], nodes[-1]).end_mark.index) + 1
        return text[:colon] + " " + scalar_text(value) + text[colon:]
    parent, missing = nodes[-1], address[len(nodes) - 1 :]
    if is_null(parent):
        key = _key_node(nodes[-2], parent)
        return _insert_lines(text, key.start_mark.line + 1, key.start_mark.column + 2, missing, value)
    if not isinstance(parent, MappingNode):
        raise ProposalError(f"{missing[0]} has no mapping around it")
    if parent.flow_style:
        end = parent.end_mark.index - 1
        comma = ", " if parent.value else ""
        return text[:end].rstrip() + comma + _flow(missing, value) + text[end:]
    return _insert_lines(text, _line_behind(text, parent), parent.value[0][0].start_mark.column, missing, value)


def _key_node(parent: Node, wanted: Node) -> Node:
    for key, value in parent.value:
        if value is wanted:
            found: Node = key
            return found
    raise ProposalError("a list item without a value cannot be filled")


def _line_behind(text: str, parent: MappingNode) -> int:
    """Return the line behind `name: ...`, or behind the last line of a mapping without a name."""
    for key, value in parent.value:
        if key.value == "name" and value.start_mark.line == value.end_mark.line:
            return int(value.end_mark.line) + 1
    lines = text.splitlines(keepends=True)
    mark = parent.end_mark
    end = len(lines) if mark.line >= len(lines) - 1 and mark.column > 0 else int(mark.line)
    while end > 0 and _is_outside(lines[end - 1], parent.start_mark.column):
        end -= 1
    return end


def _insert_lines(text: str, line: int, column: int, keys: Address, value: Scalar) -> str:
    lines = text.splitlines(keepends=True)
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    if line and not lines[line - 1].endswith("\n"):
        lines[line - 1] += newline
    added = [" " * (column + 2 * depth) + f"{key}:" for depth, key in enumerate(keys)]
    added[-1] += " " + scalar_text(value)
    return "".join(lines[:line] + [row + newline for row in added] + lines[line:])


def _flow(keys: Address, value: Scalar) -> str:
    inner = scalar_text(value) if len(keys) == 1 else "{" + _flow(keys[1:], value) + "}"
    return f"{keys[0]}: {inner}"


def _scalar(text: str, address: Address) -> ScalarNode | None:
    nodes = trail(compose(text), address)
    node = nodes[-1] if len(nodes) > len(address) else None
    if not isinstance(node, ScalarNode) or is_null(node) or text[node.start_mark.index] in "&*":
        return None
    return node


def _last_character(text: str, node: ScalarNode) -> int:
    """Return the index behind the last character of a text value, inside of its quotes."""
    end = int(node.end_mark.index)
    if node.style in ('"', "'"):
        return end - 1
    if node.style in ("|", ">"):
        body = text[node.start_mark.index : end]
        lines = body.splitlines(keepends=True)
        while len(lines) > 1 and not lines[-1].strip():
            lines.pop()
        return int(node.start_mark.index) + len("".join(lines).rstrip())
    return end

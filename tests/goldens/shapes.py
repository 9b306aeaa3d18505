"""The shapes of statements, one for each kind of statement that the product sends, and the match of a statement.

A shape is written as Snowflake's documentation writes syntax: `[[ ... ]]` may be left out, `{text}` stands for any
string. Where a shape has a string or a quoted name itself, every string or name matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
DOCUMENTATION = "https://docs.snowflake.com/en/"
_DEPTH_MAX = 8
"""Brackets within brackets of an expression."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a statement.

    Args:
        name: of the statement, and of the file with its texts.
        page: of the documentation below `DOCUMENTATION`.
        text: the shape.
        assumed: what the page does not say; empty when the page says everything.
    """

    name: str
    page: str
    text: str
    assumed: str = ""

    def matches(self, sql: str) -> bool:
        """Whether a statement has this shape."""
        return _pattern(self.text).fullmatch(_masked(sql)) is not None


@cache
def shapes() -> tuple[Shape, ...]:
    """Read every shape."""
    return tuple(_read())


def shape_of(sql: str) -> Shape | None:
    """Return the shape of a statement; None for one that has none."""
    return next((shape for shape in shapes() if shape.matches(sql)), None)


def format_options() -> Mapping[str, list[str]]:
    """Return the options of a file format by its type, beside TYPE, as CREATE FILE FORMAT documents them."""
    found: Mapping[str, list[str]] = _file("file_formats.yaml")["options"]
    return found


def _read() -> Iterator[Shape]:
    for file in sorted((FOLDER / "shapes").glob("*.yaml")):
        for one in _file(file.name)["shapes"]:
            yield Shape(one["name"], one["page"], one["shape"], one.get("assumed", ""))


@cache
def _file(name: str) -> Any:
    return yaml.safe_load((FOLDER / "shapes" / name).read_text(encoding="utf-8"))


_STRING = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_TOKEN = re.compile(rf"(?P<string>{_STRING.pattern})|(?P<name>{_QUOTED.pattern})", re.DOTALL)
_PART = re.compile(r"(?P<open> \[\[ )|(?P<close> \]\])|\{(?P<placeholder>[^}]+)\}")


def _masked(sql: str) -> str:
    """Empty every string and quoted name, and put one space around each bracket and comma."""
    emptied = _TOKEN.sub(lambda found: "''" if found["string"] else '""', sql)
    return " ".join(re.sub(r"([(),])", r" \1 ", emptied).split())


@cache
def _pattern(shape: str) -> re.Pattern[str]:
    text = _masked(shape)
    found, position = "", 0
    for part in _PART.finditer(text):
        found += re.escape(text[position : part.start()])
        position = part.end()
        if part["open"]:
            found += "(?: ?"
        elif part["close"]:
            found += ")?"
        else:
            found += f"(?:{_alternatives(part['placeholder'])})"
    return re.compile(found + re.escape(text[position:]), re.DOTALL)


def _alternatives(written: str) -> str:
    """Return the expression of a placeholder; `{A|B}` are alternatives, and words in capitals are themselves."""
    return "|".join(_placeholders().get(one, re.escape(one)) for one in written.split("|"))


@cache
def _placeholders() -> Mapping[str, str]:
    balanced = r"[^()]*"
    for _ in range(_DEPTH_MAX):
        balanced = rf"(?:[^()]|\({balanced}\))*"
    kind = r"[A-Z_]+(?: [A-Z_]+)?(?: \( \d+(?: , \d+)? \))?"
    virtual, stored = rf'"" {kind} AS \({balanced}\)', rf'"" {kind}(?: NOT NULL)?'
    value = r"(?:TRUE|FALSE|\d+|''|[A-Z][A-Z0-9_]*|\( (?:''(?: , '')* )?\))"
    kinds = {kind: "|".join(names) for kind, names in format_options().items()}
    of_type = [rf"TYPE = {kind}(?: (?:{names}) = {value})*" for kind, names in kinds.items()]
    option = rf"(?:{'|'.join(kinds.values())}) = {value}"
    published = r"\( '' , '' , \d+ , '' , \d+ , \d+ , \d+ , \d+ , '' \)"
    published_object = r"\( '' , '' , '' , \d+ , '' \)"
    column, cell = r'"" [a-z_]+', r"(?:-?\d+|''|TRUE|FALSE|NULL)"
    row = rf"\( {cell}(?: , {cell})* \)"
    hours = r"\"\"(?: = ''::TIMESTAMP_NTZ| BETWEEN ''::TIMESTAMP_NTZ AND ''::TIMESTAMP_NTZ)"
    return {
        "text": "''",
        "texts": "''(?: , '')*",
        "name": '""',
        "names": '""(?: , "")*',
        "object": r'""\.""\.""',
        "schema": r'""\.""',
        "files": r'@""\.""\.""/[\w=./-]*',
        "boolean": "TRUE|FALSE",
        "word": "[A-Z][A-Z0-9_]*",
        "whole number": r"-?\d+",
        "number": r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NULL",
        "expression": balanced,
        "virtual column": virtual,
        "virtual columns": rf"{virtual}(?: , {virtual})*",
        "table columns": rf"{stored}(?: , {stored})*",
        "null counts": r'(?: , COUNT \( \* \) - COUNT \( "" \) AS NULLS_\d+)*',
        "format": "|".join(["FORMAT_NAME = ''", *of_type]),
        "format options": rf"{option}(?: {option})*",
        "published hours": rf"{published}(?: , {published})*",
        "published objects": rf"{published_object}(?: , {published_object})*",
        "frame hours": r"\"\" IN \( ''(?: , '')* \)|TRUE",
        "frame columns": rf"{column}(?: , {column})*",
        "frame casts": r"COLUMN\d+::[a-z_]+(?: , COLUMN\d+::[a-z_]+)*",
        "frame rows": rf"{row}(?: , {row})*",
        "pairs of texts": r"\( '' , '' \)(?: , \( '' , '' \))*",
        "hours": rf"{hours}(?: OR {hours})*",
    }

"""The HTML document: template, style, script and data in one file, and its content security policy."""

from __future__ import annotations

import html
import json
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from string import Template

from orchestration.files import replace_file
from orchestration.metapipeline.findings import Found, Withheld
from orchestration.metapipeline.graph.nodes import PlatformGraph
from orchestration.metapipeline.showing.page.data import page_data

_ASSETS = files(__package__).joinpath("assets")
_SCRIPTS = ("dom.js", "format.js", "graph.js", "layout.js", "drawing.js", "lists.js", "details.js", "main.js")
"""In the order in which they need each other."""
_DATA_BEGINS, _DATA_ENDS = '<script id="data" type="application/json">', "</script>"


def page(graph: PlatformGraph, findings: Iterable[Found | Withheld], title: str, generated_at: datetime) -> str:
    """Write the page: one file, which needs no server and makes no request.

    The same input gives the same text, and the text is ASCII only. Text from the world is data: the page shows it as
    text and never as markup.

    Args:
        graph: to show, with its gaps.
        findings: and withheld answers, in the order in which each kind shows them.
        title: of the page.
        generated_at: the time that the page shows; it must have a time zone.

    Raises:
        GraphError: a fact of a node, or a number of a finding, is no JSON value.
        ValueError: `generated_at` has no time zone.
    """
    if generated_at.tzinfo is None:
        raise ValueError(f"generated_at {generated_at.isoformat()} has no time zone: give it in UTC")
    style = _asset("page.css")
    script = "\n".join(_asset(name) for name in _SCRIPTS)
    data = page_data(graph, findings) | {
        "title": title,
        "generated_at": generated_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    return Template(_asset("page.html")).substitute(
        policy=html.escape(_policy(style, script)),
        title=html.escape(title).encode("ascii", "xmlcharrefreplace").decode("ascii"),
        style=style,
        script=script,
        data=inline_json(data),
    )


def write_page(path: Path, text: str) -> None:
    """Write a page to a path; a reader of the path sees the former page or the whole new one."""
    replace_file(path, text.encode("ascii"))


@dataclass(frozen=True, slots=True)
class PageCounts:
    """What a written page holds."""

    bytes: int
    nodes: int
    edges: int
    findings: int


def page_counts(text: str) -> PageCounts:
    """Count what a page holds, from the data that its script reads."""
    data = json.loads(text.partition(_DATA_BEGINS)[2].partition(_DATA_ENDS)[0])
    return PageCounts(len(text), len(data["name"]), len(data["reader_steps"]), len(data["findings"]))


def inline_json(value: object) -> str:
    """Write JSON that can stand inside a script element: ASCII only, without `<`, `>` and `&`."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return _ASSETS.joinpath(name).read_text(encoding="utf-8")

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from orchestration.metapipeline.findings import Finding, FindingKind, Found, Withheld
from orchestration.metapipeline.graph.nodes import Gap, GapKind, Node, NodeKind, PlatformGraph
from orchestration.metapipeline.showing.page.document import PageCounts, inline_json, page, page_counts, write_page

AT = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"><img src=x onerror='alert(1)'>",
    "$policy $$ ${data}",
    "&lt;b&gt;&amp;",
    "\u2028\u2029\u202egpj.exe\u202c\ufeff\x00",
    "\ud800",
    "\U0001f600",
)


class Elements(HTMLParser):
    """The elements of a document with their attributes, and the text of each style and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: D102 (of the base)
        self.elements.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:  # noqa: D102 (of the base)
        if self.cdata_elem:
            self.texts.append(data)


def page_of(text: str, title: str = "Platform graph") -> str:
    """A page in which each text from the world is the given one."""
    report = Node(f"report.{text}", NodeKind.REPORT, text, text, owners=(text,), facts={text: text, "url": text})
    graph = PlatformGraph((report,), (), (Gap(GapKind.DYNAMIC, report.id, text, text, (text,)),))
    finding = Finding(FindingKind.STALE_REPORT, report.id, text, text, (text,), {text: text}, (text,))
    return page(graph, [Found((finding,)), Withheld(FindingKind.UNUSED_MODEL, text)], title, AT)


def data_of(text: str) -> Any:
    _style, data, _script = Elements(text).texts
    return json.loads(data)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_the_world_makes_no_element(text: str) -> None:
    """The page has the elements of a harmless one, and its data has the exact text."""
    hostile = page_of(text)
    assert Elements(page_of("harmless")).elements == Elements(hostile).elements
    data = data_of(hostile)
    assert ["stale_report", f"report.{text}", text, text, [text], {text: text}, [text], 1] == data["findings"][0]
    assert [["unused_model", text]] == data["withheld"]
    assert [["dynamic", f"report.{text}", text, text, [text]]] == data["gaps"]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_title_is_text(text: str) -> None:
    """It stands in the head and in the heading, outside of the data."""
    assert Elements(page_of("harmless")).elements == Elements(page_of("harmless", text)).elements


def test_the_page_is_ascii() -> None:
    """So no encoding and no character of its source can change its meaning."""
    assert page_of("\u202e\ud800\U0001f600", "Größe \U0001f600 \ud800").isascii()


def test_the_policy_allows_the_style_and_the_script_of_the_page_and_nothing_else() -> None:
    """Each hash is of the text between the tags."""
    elements = Elements(page_of("harmless"))
    style, _data, script = (b64encode(sha256(text.encode()).digest()).decode() for text in elements.texts)
    policies = [
        dict(attributes)["content"] for tag, attributes in elements.elements if "http-equiv" in dict(attributes)
    ]
    expected = (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    assert [expected] == policies


def test_the_page_names_no_resource() -> None:
    """No attribute loads something, and the style loads nothing."""
    elements = Elements(page_of("harmless"))
    loading = {
        (name, value) for _, attributes in elements.elements for name, value in attributes if name in {"src", "href"}
    }
    assert {("href", "#")} == loading
    assert not re.search(r"url\(|@import|@font-face|image-set", elements.texts[0])


def test_the_script_never_turns_text_into_markup_or_code() -> None:
    """The policy refuses these calls, too; a page without them works where the policy is not known."""
    _style, _data, script = Elements(page_of("harmless")).texts
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|setHTML|fetch\(|XMLHttp"
    )
    assert not re.findall(forbidden, script)
    assert "</" not in script
    assert "<!--" not in script


def test_every_asset_is_part_of_the_page() -> None:
    """A script that is not in the list of scripts would be missing without a word."""
    text = page_of("harmless")
    assets = list(files("orchestration.metapipeline.showing.page").joinpath("assets").iterdir())
    assert 10 == len(assets)
    assert [] == [a.name for a in assets if a.name != "page.html" and a.read_text(encoding="utf-8") not in text]


def test_the_same_input_gives_the_same_bytes() -> None:
    """The order of the facts and the time zone of the moment do not matter."""
    pages = {
        page(
            PlatformGraph((Node("model.a.b", NodeKind.MODEL, facts=facts),), ()),
            [Found((Finding(FindingKind.SLOW_MODEL, "model.a.b", "b", "Slow."),))],
            "Graph",
            at,
        )
        for facts in ({"a": 1, "b": 2}, {"b": 2, "a": 1})
        for at in (AT, AT.astimezone(timezone(timedelta(hours=2))))
    }
    assert 1 == len(pages)
    assert "2026-11-30 09:30 UTC" == data_of(pages.pop())["generated_at"]


def test_a_time_without_a_zone_is_refused() -> None:
    """It would be shown as another time on another machine."""
    with pytest.raises(ValueError, match="generated_at 2026-11-30T09:30:00 has no time zone: give it in UTC"):
        page(PlatformGraph((), ()), (), "Graph", AT.replace(tzinfo=None))


def test_inline_json_has_no_character_that_html_or_a_script_reads() -> None:
    """The value is the same after parsing."""
    written = inline_json(["<&>\u2028", "é"])
    assert '["\\u003c\\u0026\\u003e\\u2028","\\u00e9"]' == written
    assert ["<&>\u2028", "é"] == json.loads(written)


def test_a_page_replaces_the_former_one_at_once(tmp_path: Path) -> None:
    """Who reads the former page reads it to its end; a write that fails leaves it, and no other file."""
    path = tmp_path / "pages" / "graph.html"
    write_page(path, "former")
    with pytest.raises(UnicodeEncodeError):
        write_page(path, "é")
    assert "former" == path.read_text()
    with path.open() as reader:
        write_page(path, "new")
        assert "former" == reader.read()
    assert "new" == path.read_text()
    assert [path] == list(path.parent.iterdir())


def test_a_page_that_cannot_take_its_place_leaves_no_file(tmp_path: Path) -> None:
    """A folder stands where the page belongs."""
    path = tmp_path / "graph.html"
    path.mkdir()
    with pytest.raises(OSError, match=r"graph\.html"):
        write_page(path, "page")
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("text", HOSTILE)
def test_the_counts_are_read_from_the_page(text: str) -> None:
    """Text from the world does not end the data early."""
    written = page_of(text)
    assert PageCounts(len(written), nodes=1, edges=0, findings=1) == page_counts(written)

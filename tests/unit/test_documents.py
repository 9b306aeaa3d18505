"""The documents beside the code: what they name is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
JAVA = ROOT / "flink_jobs/java/src"
JAVA_MAIN = JAVA / "main/java/io/hourglass/landing"
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/**/*.md")],
)
_FENCE = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_PATH = re.compile(r"\.?[A-Za-z0-9_][\w.-]*(/[\w.-]+)*/?")


def read(document: Path) -> str:
    """Read a document without its blocks of code."""
    return _FENCE.sub("", document.read_text())


def anchors(document: Path) -> set[str]:
    """Name the headings of a document as GitHub does."""
    titles = (re.sub(r"[^\w\- ]", "", title.lower()).strip() for title in _HEADING.findall(read(document)))
    return {title.replace(" ", "-") for title in titles}


def broken_links(document: Path) -> Iterator[str]:
    """Find the links of a document to files or headings that are not there."""
    for link in _LINK.findall(read(document)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


def absent_paths(document: Path) -> Iterator[str]:
    """Find the files and folders of the checkout that a document names and that are not there.

    A path begins with an entry of the checkout's root. A Java file may be named alone, or from the operator's package.
    """
    tops = {entry.name for entry in ROOT.iterdir() if not entry.name.startswith(".")}
    for text in _CODE.findall(read(document)):
        if not _PATH.fullmatch(text):
            continue
        if text.endswith(".java") and text.partition("/")[0] not in tops:
            if not ((JAVA_MAIN / text).exists() if "/" in text else any(JAVA.rglob(text))):
                yield text
        elif "/" in text and text.partition("/")[0] in tops and not (ROOT / text).exists():
            yield text


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    """Files and headings alike; addresses of other hosts are not asked for."""
    assert [] == list(broken_links(document))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_path_in_a_document_exists(document: Path) -> None:
    """A moved file is renamed in the documents, too."""
    assert [] == list(absent_paths(document))


def test_a_link_a_heading_and_a_path_that_are_not_there_are_found(tmp_path: Path) -> None:
    """The two tests above can turn red."""
    document = tmp_path / "wrong.md"
    document.write_text(
        "# One title\n[a](gone.md) [b](wrong.md#one-title) [c](#no-title) [d](https://example.org/x)\n"
        "`docs/gone.md` `docs/ledger.md` `sink/Gone.java` `Gone.java` `landing/2025/` `flink_jobs/gone/`\n"
        "```\n[e](ignored.md) `docs/ignored.md`\n```\n"
    )
    assert ["gone.md", "#no-title"] == list(broken_links(document))
    assert ["docs/gone.md", "sink/Gone.java", "Gone.java", "flink_jobs/gone/"] == list(absent_paths(document))

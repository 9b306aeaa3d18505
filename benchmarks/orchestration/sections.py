"""The sections of RESULTS.md: each is measured by one module and stored in a JSON file of its own below `results/`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from textwrap import fill
from typing import Any, Protocol, Self, TypeVar

import typer

HERE = Path(__file__).parent
TITLE = "# Ticks and reports on an old bucket"
LINE_CHARACTERS = 120
INTRODUCTION = "How everything is measured: [README.md](README.md)."


class Row(Protocol):
    """A measurement."""

    def cells(self) -> list[str]:
        """Return the row of the table."""
        ...

    def document(self) -> dict[str, Any]:
        """Return the numbers for the JSON file."""
        ...


AnyRow = TypeVar("AnyRow", bound=Row)


def shown(result: AnyRow) -> AnyRow:
    """Print a row as soon as it is measured."""
    typer.echo(" | ".join(result.cells()))
    return result


@dataclass(frozen=True)
class Section:
    """A table of RESULTS.md.

    Args:
        place: sections are in the order of their places.
        title: its heading.
        text: what was measured, and what the columns are; one paragraph.
        columns: names of the columns.
        rows: cells as text.
        measured: the numbers that the cells were written from.
    """

    place: int
    title: str
    text: str
    columns: list[str]
    rows: list[list[str]]
    measured: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, place: int, title: str, text: str, columns: list[str], results: Sequence[Row]) -> Self:
        """Return the section of some measurements."""
        cells, documents = [one.cells() for one in results], [one.document() for one in results]
        return cls(place, title, text, columns, cells, documents)

    def as_text(self) -> str:
        """Return the section in Markdown."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        return f"## {self.title}\n\n{fill(self.text, LINE_CHARACTERS)}\n\n{table}\n"


def write_section(name: str, section: Section, folder: Path = HERE, title: str = TITLE) -> None:
    """Store a section, and write RESULTS.md from all stored ones."""
    results = folder / "results"
    results.mkdir(exist_ok=True)
    (results / f"{name}.json").write_text(json.dumps(asdict(section), indent=1) + "\n", encoding="utf-8")
    found = [Section(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(results.glob("*.json"))]
    texts = [one.as_text() for one in sorted(found, key=lambda one: one.place)]
    (folder / "RESULTS.md").write_text("\n".join([title, "", INTRODUCTION, "", *texts]), encoding="utf-8")

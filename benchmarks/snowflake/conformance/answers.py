"""What a server answered to a statement, and whether it is what a sentence expects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from benchmarks.snowflake.conformance.documents import GapKind, Sentence

UNSUPPORTED_CODE = 2
_NO_REFUSAL = frozenset({-1, 261000})
"""Numbers of an answer that does not say what is wrong with the statement."""
_SHOWN_CHARACTERS = 160


@dataclass(frozen=True)
class Answer:
    """Rows with the names of their columns, or an error."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    code: int | None = None
    message: str = ""

    def __str__(self) -> str:
        """Describe the answer in one short line."""
        text = f"{self.code}: {self.message}" if self.code is not None else str([list(map(str, r)) for r in self.rows])
        line = " ".join(text.split())
        return line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 1] + "…"


def same(expected: Any, found: Any) -> bool:
    """Compare a value of a document with one of the connector: kinds differ, scales and spellings do not."""
    if isinstance(expected, dict | list):
        return bool(_parsed(found) == expected)
    return _kind_and_text(expected) == _kind_and_text(found)


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _kind_and_text(value: Any) -> tuple[str, str]:
    if value is None:
        return "null", ""
    if isinstance(value, bool):
        return "boolean", str(value)
    if isinstance(value, int | float | Decimal):
        return "number", format(Decimal(str(value)).normalize(), "f")
    return "text", str(value)


def difference(sentence: Sentence, answer: Answer) -> str | None:
    """Return what differs from the sentence; None when it is met."""
    if sentence.code is not None:
        return None if answer.code == sentence.code else f"answered {answer}, not {sentence.code}"
    if sentence.refused:
        refused = answer.code is not None and answer.code not in _NO_REFUSAL
        return None if refused else f"answered {answer}, no refusal"
    if answer.code is not None:
        return str(answer)
    if sentence.columns is not None and sentence.columns != answer.columns:
        return f"columns {', '.join(answer.columns)}"
    if sentence.count is not None and sentence.count != len(answer.rows):
        return f"{len(answer.rows)} rows, not {sentence.count}"
    return _different_rows(sentence, answer)


def _different_rows(sentence: Sentence, answer: Answer) -> str | None:
    if sentence.rows is None:
        return None
    missing = [name for name in sentence.pick if name not in answer.columns]
    if missing:
        return f"no column {', '.join(missing)}"
    places = [answer.columns.index(name) for name in sentence.pick] or range(len(answer.columns))
    found = [tuple(row[place] for place in places) for row in answer.rows]
    if len(found) == len(sentence.rows) and all(map(_same_row, sentence.rows, found)):
        return None
    return str(Answer(rows=tuple(found)))


def _same_row(expected: Sequence[Any], found: Sequence[Any]) -> bool:
    return len(expected) == len(found) and all(map(same, expected, found))


def kind_of(answer: Answer) -> GapKind:
    """Return how an answer that differs was wrong."""
    if answer.code is None:
        return GapKind.WRONG
    return GapKind.UNSUPPORTED if answer.code == UNSUPPORTED_CODE else GapKind.REFUSED

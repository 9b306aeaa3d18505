"""The table of the stories in docs/automation.md: python -m tests.automation.table prints it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.automation.stories import OLD, STORIES

_NAMES = {OLD: "the old day", "last": "the last day", "all": "the table of all days"}


def table() -> str:
    """Return the rows of Markdown: what each condition built at the moments of a story."""
    rows = ["| story | what happens | `eager()` builds | `proven` builds |", "|---|---|---|---|"]
    rows += [
        f"| {story.name} | {story.happens} | {_spelled(story.eager)} | {_spelled(story.proven)} |" for story in STORIES
    ]
    return "\n".join(rows)


def _spelled(moments: Sequence[Sequence[str]]) -> str:
    return "; ".join(" and ".join(_NAMES[one] for one in moment) or "nothing" for moment in moments)


if __name__ == "__main__":
    sys.stdout.write(table())

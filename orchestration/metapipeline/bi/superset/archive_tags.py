"""The tag that marks an archived dashboard: Superset has no archive of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orchestration.metapipeline.bi.superset.answers import Tag

_BY_PEOPLE = 1
_NAME = re.compile(r"archived(?P<draft>-draft)?(?::(?P<moment>.*))?", re.DOTALL)
_DATE_CHARACTERS = len("2026-01-31")


@dataclass(frozen=True, slots=True)
class ArchiveTag:
    """One tag of the archive.

    Args:
        name: of the tag.
        at: since when; None when the name does not have it, as that of a tag `archived` which a person has set.
        was_draft: whether the dashboard was unpublished before.
    """

    name: str
    at: datetime | None
    was_draft: bool


def archive_tag(at: datetime, *, was_draft: bool) -> str:
    """Return the name of the tag: `archived:2026-01-31T10:00:00Z`, for a draft `archived-draft:...`."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"archived{'-draft' if was_draft else ''}:{moment}"


def archive_tags(tags: Iterable[Tag]) -> tuple[ArchiveTag, ...]:
    """Return the tags of the archive among those that people have set, sorted by name."""
    found = []
    for tag in tags:
        match = _NAME.fullmatch(tag.name)
        if match and tag.type == _BY_PEOPLE:
            found.append(ArchiveTag(tag.name, _moment(match["moment"]), match["draft"] is not None))
    return tuple(sorted(found, key=lambda one: one.name))


def archived_since(tags: Iterable[ArchiveTag]) -> datetime | None:
    """Return the newest moment; None when one tag has none, so that no dashboard is deleted too early."""
    moments = [tag.at for tag in tags]
    known = [moment for moment in moments if moment is not None]
    return max(known) if known and len(known) == len(moments) else None


def _moment(text: str | None) -> datetime | None:
    """Read a moment; a date alone is the end of that day."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    if len(text or "") == _DATE_CHARACTERS:
        moment += timedelta(days=1)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from orchestration.metapipeline.bi.superset.answers import Tag
from orchestration.metapipeline.bi.superset.archive_tags import (
    ArchiveTag,
    archive_tag,
    archive_tags,
    archived_since,
)

AT = datetime(2026, 1, 31, 10, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize("was_draft", [False, True])
def test_the_name_of_a_tag_is_read_again(was_draft: bool) -> None:
    """The moment is UTC, whatever zone it comes with."""
    name = archive_tag(AT.astimezone(timezone(timedelta(hours=5))), was_draft=was_draft)

    assert (ArchiveTag(name, AT, was_draft),) == archive_tags([Tag(name=name, type=1)])


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("archived", None),
        ("archived:", None),
        ("archived:yesterday", None),
        ("archived:2026-01-31", datetime(2026, 2, 1, tzinfo=UTC)),
        ("archived:2026-01-31T10:30:15+02:00", datetime(2026, 1, 31, 8, 30, 15, tzinfo=UTC)),
    ],
)
def test_tags_that_people_write_are_read(name: str, at: datetime | None) -> None:
    """A date alone is the end of its day, so that nothing is deleted too early."""
    assert (ArchiveTag(name, at, was_draft=False),) == archive_tags([Tag(name=name, type=1)])


@pytest.mark.parametrize(
    "tag", [Tag(name="archived", type=2), Tag(name="to be archived", type=1), Tag(name="archivedx", type=1)]
)
def test_other_tags_are_none_of_the_archive(tag: Tag) -> None:
    """Tags of the server have another type."""
    assert () == archive_tags([tag])


def test_the_newest_moment_counts() -> None:
    """One unknown moment makes the whole unknown."""
    older, newer = ArchiveTag("a", AT, was_draft=False), ArchiveTag("b", AT + timedelta(1), was_draft=False)

    assert newer.at == archived_since([newer, older])
    assert None is archived_since([newer, ArchiveTag("archived", None, was_draft=False)])
    assert None is archived_since([])

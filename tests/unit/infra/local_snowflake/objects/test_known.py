"""The objects in memory: read once, and then changed with every commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from infra.local_snowflake.language.names import ObjectName
from infra.local_snowflake.language.statements import ObjectKind
from infra.local_snowflake.objects.known import KnownObjects
from infra.local_snowflake.objects.stored import Kept, StoredFormat

FORMATS = ObjectKind.FILE_FORMAT
FORMAT = StoredFormat(ObjectName("AWS", "DEV", "B"), {"TYPE": "JSON"}, "", datetime(2026, 1, 1, tzinfo=UTC))
OTHER = replace(FORMAT, name=ObjectName("AWS", "DEV", "A"))


class Stored:
    """The database: what is stored, and how often it is read."""

    def __init__(self, *objects: Kept) -> None:
        self.objects, self.reads = list(objects), 0

    def read(self, _: ObjectKind) -> Iterable[Kept]:
        """Return all objects."""
        self.reads += 1
        return list(self.objects)


def test_a_commit_reads_no_other_object() -> None:
    """A thousand objects are created one by one: none of them is read again for the next one."""
    stored = Stored(FORMAT)
    known = KnownObjects(stored.read)
    assert [FORMAT.name] == list(known.of(FORMATS))
    known.commit([(FORMATS, OTHER.name, OTHER)])
    assert [OTHER, FORMAT] == list(known.of(FORMATS).values())
    assert 1 == stored.reads


def test_a_commit_is_taken_over_in_its_order() -> None:
    """A replaced object is deleted and stored again."""
    known = KnownObjects(Stored(FORMAT, OTHER).read)
    known.of(FORMATS)
    changed = replace(FORMAT, comment="other")
    known.commit([(FORMATS, FORMAT.name, None), (FORMATS, FORMAT.name, changed), (FORMATS, OTHER.name, None)])
    assert {FORMAT.name: changed} == known.of(FORMATS)


def test_what_was_read_before_a_commit_is_not_kept() -> None:
    """A reader beside the commit of another session may have seen the former objects."""
    stored = Stored()

    def read(kind: ObjectKind) -> Iterable[Kept]:
        found = stored.read(kind)
        if stored.reads == 1:
            stored.objects.append(FORMAT)
            known.commit([(FORMATS, FORMAT.name, FORMAT)])
        return found

    known = KnownObjects(read)
    assert {} == known.of(FORMATS)
    assert {FORMAT.name: FORMAT} == known.of(FORMATS)

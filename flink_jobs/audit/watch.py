"""Check a bucket while records land: what must hold at every moment, not only at the end."""

from __future__ import annotations

from collections.abc import Iterator

from flink_jobs.audit.audit import Audit, Hours, Report, list_data, read_ledger
from flink_jobs.audit.chain import chain_findings, chains_of
from flink_jobs.audit.findings import Code, Finding, Findings
from flink_jobs.audit.objects.listing import ObjectAudit, foreign, promises_of
from flink_jobs.contracts.layout import ObjectKey, StreamLayout
from flink_jobs.s3.objects import Objects, StoredObject

LATER = frozenset({Code.GAP, Code.OBJECT_UNPROMISED, Code.OBJECT_PENDING})
"""Findings that can be true for a moment: a listing is no snapshot, and the ledger is committed after its data."""


class Watch:
    """Poll a bucket.

    Args:
        bucket: the bucket.
        layout: of the stream.

    Attributes:
        findings: of all polls, each once.
        polls: number of polls so far.
    """

    def __init__(self, bucket: Objects, layout: StreamLayout) -> None:
        self.findings = Findings()
        self.polls = 0
        self._bucket = bucket
        self._layout = layout
        self._seen = Audit()
        self._known: dict[str, StoredObject] = {}
        self._told: set[Finding] = set()

    def poll(self, report: Report = lambda _line: None) -> None:
        """Check once that every promise is listed, nothing overlaps, and no listed object has changed.

        Raises:
            LandingJobError: the bucket is away; poll again, nothing is lost.
        """
        read_ledger(self._bucket, self._layout, self._seen, report)
        list_data(self._bucket, self._layout, Hours(), self._seen, report)
        new = [found for found in self._wrong() if found not in self._told]
        self._told.update(new)
        self.findings.add(new)
        self.polls += 1

    def _wrong(self) -> Iterator[Finding]:
        yield from self._seen.findings.kept
        yield from map(foreign, sorted(self._seen.strange))
        yield from (found for found in chain_findings(chains_of(self._seen.ledger.entries)) if found.code not in LATER)
        promised = promises_of(self._seen.ledger.entries)
        objects = ObjectAudit(self._seen.ledger.entries, None)
        for hour in {*promised, *self._seen.listed}:
            found = objects.hour(hour, promised.get(hour, frozenset()), self._seen.listed.get(hour, []))
            yield from (finding for finding in found if finding.code not in LATER)
        yield from self._changed()

    def _changed(self) -> Iterator[Finding]:
        listed = {
            found.key: found
            for objects in self._seen.listed.values()
            for found in objects
            if ObjectKey.try_parse(found.key)
        }
        for key, before in self._known.items():
            now = listed.get(key)
            if now is None:
                yield Finding(Code.OBJECT_CHANGED, key, "it was listed, and is gone")
            elif (now.bytes, now.etag) != (before.bytes, before.etag):
                what = f"it had {before.bytes} bytes and ETag {before.etag}, now {now.bytes} and {now.etag}"
                yield Finding(Code.OBJECT_CHANGED, key, what)
        self._known = listed

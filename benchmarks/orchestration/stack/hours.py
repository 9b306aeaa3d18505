"""Wait until the records of hours have landed, and read when the hours were published."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from flink_jobs.contracts.layout import Hour
from infra.local.processes import StackError
from infra.local.streams import streams
from orchestration.landing.ledger.whole import read_whole_ledger
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.publication import Publication, published_revisions
from orchestration.settings import StreamAccess
from orchestration.stream.binding import proven_stream

POLL_SECONDS = 0.25
LIMIT_SECONDS = 1800.0


def first_stream() -> Stream:
    """Return the stream of the platform events, with clients of this process's settings."""
    (document,) = [entry.document for entry in streams() if entry.document.bare_keys]
    return proven_stream(document, StreamAccess())


def wait_until_landed(stream: Stream, records: int) -> None:
    """Wait until the ledger has this many records."""

    def landed() -> bool:
        totals, _ = read_whole_ledger(stream.bucket, stream.layout, stream.topics)
        return sum(its.accepted + its.rejected for its in totals.hours.values()) >= records

    wait_for(landed, f"{records:,} landed records")


def wait_until_published(stream: Stream, hours: Sequence[datetime]) -> datetime:
    """Wait until each hour is published; return when the last one was."""
    wanted = {Hour(hour) for hour in hours}
    wait_for(lambda: wanted <= published_revisions(stream.bucket, stream.layout).keys(), f"{len(wanted)} hours")
    keys = [key.key for hour, key in published_revisions(stream.bucket, stream.layout).items() if hour in wanted]
    return max(Publication.model_validate_json(body).published_at for body in stream.bucket.get(keys))


def wait_for(is_done: Callable[[], bool], what: str) -> None:
    """Poll until something is done.

    Raises:
        StackError: it is not done after `LIMIT_SECONDS`.
    """
    deadline = time.monotonic() + LIMIT_SECONDS
    while not is_done():
        if time.monotonic() > deadline:
            raise StackError(f"{what} were not there after {LIMIT_SECONDS:.0f} s: see the logs of the stack")
        time.sleep(POLL_SECONDS)

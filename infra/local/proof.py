"""The proof of every hour: what the topic holds, beside the numbers of the ledger, the bucket and Snowflake."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from infra.local import dagster_runs
from infra.local.produced import produced_per_hour
from infra.local.settings import LocalSettings
from infra.local.streams import streams
from orchestration.landing.report.hours import HourRow, Wanted, hour_rows
from orchestration.settings import StreamAccess
from orchestration.stream.binding import bind
from orchestration.stream.catalog import StreamEntry

COLUMNS = ("hour", "state", "produced", "accepted", "rejected", "objects", "registered", "queryable", "revision")
"""The columns of the proof table, before `agree`."""


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One hour of the proof table.

    Args:
        stream: name of the stream.
        reported: the numbers of the hour as orchestration reports them.
        produced: records of the hour in the topic; None where they were not counted.
    """

    stream: str
    reported: HourRow
    produced: int | None

    @property
    def hour(self) -> str:
        """The label of the hour, `2025-08-01T03`."""
        return self.reported.hour

    @property
    def agree(self) -> bool | None:
        """Whether all numbers agree, `produced` with accepted + rejected as well; None when nothing can be compared."""
        if self.reported.agree is None or self.produced is None:
            return self.reported.agree
        return self.reported.agree and self.produced == self.reported.accepted + self.reported.rejected

    @property
    def reason(self) -> str:
        """Why the hour is not published or does not agree; empty where there is nothing to say."""
        row = self.reported
        if row.agree and self.agree is False:
            return f"{self.produced} produced, {row.accepted + row.rejected} landed"
        return row.reason

    def as_json(self) -> dict[str, object]:
        """Return the row as `status --json` prints it: the stream, `COLUMNS`, `agree`, and why not."""
        values = {
            **asdict(self.reported),
            "stream": self.stream,
            "produced": self.produced,
            "agree": self.agree,
            "reason": self.reason,
        }
        return {name: values[name] for name in ("stream", *COLUMNS, "agree", "reason", "repair", "unknown")}


def proof_rows(settings: LocalSettings, window_hours: int | None = None) -> list[ProofRow]:
    """Compare every hop of an hour, stream by stream and oldest first.

    Args:
        settings: whether records of the topics are counted, and where the counts are stored.
        window_hours: the newest hours to compare, and every hour that is not published; None compares every hour.

    Raises:
        StackError: the broker does not answer, or the document of a stream has a mistake.
        LandingError: the bucket does not answer.
    """
    return [row for entry in streams() for row in _stream_rows(settings, entry, window_hours)]


def _stream_rows(settings: LocalSettings, entry: StreamEntry, window_hours: int | None) -> list[ProofRow]:
    document = entry.document
    produced = None
    if settings.counts_produced:
        produced = produced_per_hour(StreamAccess(), document.topics, settings.counts_file)
    bound = bind(document, entry.table)
    in_progress = dagster_runs.hours_in_progress(document)
    rows = hour_rows(bound.stream, bound.table, Wanted(window_hours, in_progress, document.late))
    return [ProofRow(document.name, row, None if produced is None else produced.get(row.hour, 0)) for row in rows]

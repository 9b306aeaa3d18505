"""The proof of every hour: what the topic holds, beside the numbers of the ledger, the bucket and Snowflake."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from infra.local.produced import produced_per_hour
from infra.local.settings import LocalSettings
from orchestration.landing.proof.report import HourRow, hour_rows
from orchestration.settings import SensorSettings, event_table
from snowflake_components.connection import SnowflakeSettings

COLUMNS = ("hour", "state", "produced", "accepted", "rejected", "objects", "registered", "queryable", "revision")
"""The columns of the proof table, before `agree`."""


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One hour of the proof table.

    Args:
        reported: the numbers of the hour as orchestration reports them.
        produced: records of the hour in the topic; None where the topic is not that of the local stack.
    """

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

    def as_json(self) -> dict[str, object]:
        """Return the row as `status --json` prints it: `COLUMNS` and `agree`."""
        values = {**asdict(self.reported), "produced": self.produced, "agree": self.agree}
        return {name: values[name] for name in (*COLUMNS, "agree")}


def proof_rows(settings: LocalSettings, window_hours: int | None = None) -> list[ProofRow]:
    """Compare every hop of an hour, oldest first.

    Args:
        settings: of the local stack.
        window_hours: the newest hours to compare, and every hour that is not published; None compares every hour.

    Raises:
        StackError: the broker of the local stack does not answer.
        LandingError: the bucket does not answer.
    """
    produced = produced_per_hour(settings) if settings.target == "local" else None
    stream = SensorSettings().landing_stream()
    rows = hour_rows(stream, event_table(SnowflakeSettings(), stream.layout), window_hours)
    return [ProofRow(row, None if produced is None else produced.get(row.hour, 0)) for row in rows]

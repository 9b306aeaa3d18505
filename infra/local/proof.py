"""The proof of every hour: what the broker holds, beside what the ledger, the bucket and Snowflake say."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from dagster import DagsterInstance

from infra.local.produced import produced_per_hour
from infra.local.settings import LocalSettings
from orchestration.landing.proof.report import HourRow, hour_rows, published_hours
from orchestration.landing.proof.state import HourState
from orchestration.settings import SensorSettings, event_table
from snowflake_components.connection import SnowflakeSettings


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One hour of the proof table; the fields are those of `HourRow`, and what the topic holds of the hour.

    `produced` is None where the topic is not that of the local stack. `agree` also compares it with
    accepted + rejected.
    """

    hour: str
    state: HourState
    produced: int | None
    accepted: int
    rejected: int
    objects: int
    registered: int | None
    queryable: int | None
    revision: int | None
    agree: bool | None

    def as_json(self) -> dict[str, object]:
        """Give the row as `status --json` prints it."""
        return asdict(self)


def proof_rows(settings: LocalSettings) -> list[ProofRow]:
    """Compare every hop of every hour, oldest first.

    Raises:
        StackError: the broker of the local stack does not answer.
        LandingError: the bucket does not answer.
    """
    produced = produced_per_hour(settings) if settings.target == "local" else None
    stream = SensorSettings().landing_stream()
    with DagsterInstance.get() as instance:
        published = published_hours(instance)
    rows = hour_rows(stream, event_table(SnowflakeSettings(), stream.layout), published)
    return [_row(row, produced) for row in rows]


def _row(row: HourRow, produced: dict[str, int] | None) -> ProofRow:
    fields = asdict(row)
    if produced is None:
        return ProofRow(produced=None, **fields)
    sent = produced.get(row.hour, 0)
    if row.agree is not None:
        fields["agree"] = row.agree and sent == row.accepted + row.rejected
    return ProofRow(produced=sent, **fields)

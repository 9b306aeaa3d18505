"""What a table that Python writes says to dbt models by proven hours: rows of `BUILT_HOURS`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.built_hours import TABLE, WRITTEN
from snowflake_components.identifiers import QualifiedName, literal


def model_of(table: QualifiedName) -> str:
    """Return the name of a table in the column MODEL, as the package writes it of a source."""
    return f"{WRITTEN}{table}"


def built_hours_statements(table: QualifiedName, versions: Mapping[Hour, str]) -> Iterator[str]:
    """Yield the statements that note hours of a table with the version of their rows; none for no hours.

    A version that does not change makes no hour of a reader stale.
    """
    if not versions:
        return
    built, model = QualifiedName(table.database, table.schema, TABLE), literal(model_of(table))
    yield (
        f"CREATE TABLE IF NOT EXISTS {built.sql} (model varchar, input varchar, hour timestamp_ntz, "
        "fingerprint varchar, version varchar, built_at timestamp_ntz)"
    )
    hours = ", ".join(_moment(hour) for hour in versions)
    yield f"DELETE FROM {built.sql} WHERE model = {model} AND hour IN ({hours})"  # noqa: S608 (quoted by identifiers.py)
    rows = ", ".join(f"({_moment(hour)}, {literal(version)})" for hour, version in versions.items())
    yield (
        f"INSERT INTO {built.sql} (model, hour, version, built_at) "  # noqa: S608 (as above)
        f"SELECT {model}, COLUMN1::timestamp_ntz, COLUMN2, SYSDATE() FROM VALUES {rows}"
    )


def _moment(hour: Hour) -> str:
    return literal(f"{hour.start.astimezone(UTC):%Y-%m-%d %H:%M:%S}")

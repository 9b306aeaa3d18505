"""What Dagster's event log says of an asset: each materialization, with its version and what it was built from.

Dagster writes into each materialization, for each asset that the step depends on, the id of the newest event of that
asset when the step began. What has a greater id was not read. So no asset has to record anything itself, also not one
of another code location.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import dagster as dg

FINGERPRINT = "fingerprint"
"""Metadata of a materialization that is the version of its partition: a run of several hours has one data version."""
DATA_VERSION_TAG = "dagster/data_version"
"""The tag of an event with the version of what it is about, as Dagster documents it."""
_RECORDS_PER_QUERY = 1000
_OBSERVATIONS_MAX = 1000
"""Newest observations that are read of an asset that is never materialized."""


@dataclass(frozen=True, slots=True)
class Built:
    """One materialization of one partition.

    Args:
        id: of its event, ascending in the whole log.
        at: time of the event.
        version: equal versions are equal contents.
        run_id: of the run that made it; empty for a reported event.
        code: version of the code that made it.
        seen: for each asset that was read, the id of its newest event then; None for a reported event.
    """

    id: int
    at: datetime
    version: str
    run_id: str = ""
    code: str | None = None
    seen: Mapping[dg.AssetKey, int | None] | None = None


Partitions = Mapping[str | None, Sequence[Built]]
"""The materializations of an asset by partition, the oldest first."""


class History(Protocol):
    """The events of assets, as of one moment."""

    def built(self, key: dg.AssetKey) -> Partitions:
        """Return every materialization of an asset."""

    def started(self, run_id: str) -> datetime | None:
        """Return when a run began."""


@dataclass
class InstanceHistory:
    """The events of a Dagster instance; each asset is read once.

    Args:
        instance: whose event log is read.
    """

    instance: dg.DagsterInstance
    _built: dict[dg.AssetKey, Partitions] = field(default_factory=dict)
    _started: dict[str, datetime | None] = field(default_factory=dict)

    def built(self, key: dg.AssetKey) -> Partitions:
        """Return every materialization of an asset, or the newest observations of one that has none."""
        if key not in self._built:
            self._built[key] = _by_partition(_materializations(self.instance, key)) or _by_partition(
                _observations(self.instance, key)
            )
        return self._built[key]

    def started(self, run_id: str) -> datetime | None:
        """Return when a run began; None for a run that was deleted or did not begin."""
        if run_id not in self._started:
            record = self.instance.get_run_record_by_id(run_id) if run_id else None
            began = record.start_time if record else None
            self._started[run_id] = datetime.fromtimestamp(began, UTC) if began else None
        return self._started[run_id]


def newest_event(instance: dg.DagsterInstance, keys: Sequence[dg.AssetKey]) -> dict[str, int]:
    """Return the id of the newest materialization of each asset that has one; one query for all of them."""
    newest = {}
    for record in instance.get_asset_records(list(keys)):
        last = record.asset_entry.last_materialization_record
        if last is not None:
            newest[record.asset_entry.asset_key.to_user_string()] = last.storage_id
    return newest


def _materializations(instance: dg.DagsterInstance, key: dg.AssetKey) -> Iterator[dg.EventLogRecord]:
    fetch = partial(instance.fetch_materializations, key, limit=_RECORDS_PER_QUERY, ascending=True)
    found = fetch()
    yield from found.records
    while found.has_more:
        found = fetch(cursor=found.cursor)
        yield from found.records


def _observations(instance: dg.DagsterInstance, key: dg.AssetKey) -> Iterator[dg.EventLogRecord]:
    """Yield the observations that have a version: the others say nothing of the content."""
    newest = instance.fetch_observations(key, limit=_OBSERVATIONS_MAX).records
    for record in reversed(newest):
        observed = record.asset_observation
        if observed is not None and DATA_VERSION_TAG in (observed.tags or {}):
            yield record


def _by_partition(records: Iterator[dg.EventLogRecord]) -> Partitions:
    found: dict[str | None, list[Built]] = defaultdict(list)
    for record in records:
        found[record.partition_key].append(_built(record))
    return found


def _built(record: dg.EventLogRecord) -> Built:
    event = record.asset_materialization or record.asset_observation
    tags = (event.tags if event else None) or {}
    provenance = dg.DataProvenance.from_tags(tags)
    fingerprint = (event.metadata if event else {}).get(FINGERPRINT)
    known = str(fingerprint.value) if fingerprint is not None else tags.get(DATA_VERSION_TAG)
    return Built(
        id=record.storage_id,
        at=datetime.fromtimestamp(record.timestamp, UTC),
        version=known or f"event {record.storage_id}",
        run_id=record.run_id if provenance else "",
        code=provenance.code_version if provenance else None,
        seen=provenance.input_storage_ids if provenance else None,
    )

"""What each asset is built from: its inputs, and the partitions of them that one of its partitions needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import dagster as dg

from orchestration.landing.sensor.selection import MATERIALIZED, VIEW
from orchestration.proven.policy import Policy

STREAM = "hourglass/stream"
"""Metadata of the asset that publishes the hours of a stream: what it is built from is proven by it, and not read."""
_HOUR = timedelta(hours=1)


class Graph:
    """The assets of a code location, as of one moment.

    A view is read through: what it reads takes its place. The assets above a published hour, such as the external
    table, are read as that hour: they change before their hour is proven.

    Args:
        assets: the asset graph of Dagster's definitions.
        now: partitions that begin later are not there yet.
    """

    def __init__(self, assets: Any, now: datetime) -> None:
        self._assets = assets
        self.now = now
        self._inputs: dict[dg.AssetKey, tuple[dg.AssetKey, ...]] = {}
        self._keys: dict[dg.AssetKey, tuple[str | None, ...]] = {}
        self._windows: dict[tuple[dg.AssetKey, str], dg.TimeWindow | None] = {}

    def has(self, key: dg.AssetKey) -> bool:
        """Return whether the code location knows an asset."""
        return bool(self._assets.has(key))

    @cached_property
    def policies(self) -> Mapping[dg.AssetKey, Policy]:
        """The policy of each asset that has one, in the order of the keys."""
        found = {key: policy_of(self._assets.get(key).automation_condition) for key in self.keys}
        return {key: policy for key, policy in found.items() if policy is not None}

    @cached_property
    def keys(self) -> Sequence[dg.AssetKey]:
        """Every asset, in the order of their keys."""
        return sorted(self._assets.get_all_asset_keys())

    def code(self, key: dg.AssetKey) -> str | None:
        """Return the code version of an asset."""
        version: str | None = self._assets.get(key).code_version
        return version

    def is_root(self, key: dg.AssetKey) -> bool:
        """Return whether the versions of an asset are changes by themselves.

        Other assets are followed to what they were built from: those with a policy, and those with partitions, which
        the runs of an hour build.
        """
        node = self._assets.get(key)
        is_followed = node.is_materializable and (key in self.policies or node.is_partitioned)
        return STREAM in node.metadata or not is_followed or not self.inputs(key)

    def is_view(self, key: dg.AssetKey) -> bool:
        """Return whether an asset is a view of all that it reads; a view with partitions is rebuilt for each."""
        node = self._assets.get(key)
        return node.metadata.get(MATERIALIZED) == VIEW and not node.is_partitioned

    def is_direct(self, key: dg.AssetKey, read: dg.AssetKey) -> bool:
        """Return whether an asset depends on another one in so many words."""
        return read in self._assets.get(key).parent_keys

    def inputs(self, key: dg.AssetKey) -> tuple[dg.AssetKey, ...]:
        """Return the assets that an asset is built from, in the order of their keys."""
        if key not in self._inputs:
            self._inputs[key] = ()  # an asset that reads itself ends here
            found = {read for parent in self._assets.get(key).parent_keys for read in self._read_as(parent)}
            self._inputs[key] = tuple(sorted(found - {key}))
        return self._inputs[key]

    def upstream(self, key: dg.AssetKey) -> set[dg.AssetKey]:
        """Return everything that an asset is built from, up to the roots."""
        found: set[dg.AssetKey] = set()
        left = [key]
        while left:
            one = left.pop()
            new = set() if one != key and self.is_root(one) else set(self.inputs(one)) - found
            found |= new
            left += new
        return found

    def readers(self, key: dg.AssetKey) -> Sequence[dg.AssetKey]:
        """Return the assets with a policy that are built from an asset."""
        return self._readers.get(key, ())

    def partitions(self, key: dg.AssetKey) -> tuple[str | None, ...]:
        """Return the partitions of an asset that are over, the oldest first; one None for an asset without any."""
        if key not in self._keys:
            definition = self._definition(key)
            names = definition.get_partition_keys(current_time=self.now) if definition else [None]
            self._keys[key] = tuple(names)
        return self._keys[key]

    def window(self, key: dg.AssetKey, partition: str | None) -> dg.TimeWindow | None:
        """Return the time of a partition; None where partitions are no times."""
        definition = self._definition(key)
        if partition is None or not isinstance(definition, dg.TimeWindowPartitionsDefinition):
            return None
        at = (key, partition)
        if at not in self._windows:
            try:
                self._windows[at] = definition.time_window_for_partition_key(partition)
            except ValueError:  # a key of former partitions
                self._windows[at] = None
        return self._windows[at]

    def needed(self, key: dg.AssetKey, partition: str | None, read: dg.AssetKey) -> tuple[str | None, ...] | None:
        """Return the partitions of an input that a partition needs, also those that do not exist; None means all.

        An hour of UTC is needed by every window that holds it: a local day needs 23, 24 or 25 of them.
        """
        own, its = self._definition(key), self._definition(read)
        if its is None:
            return (None,)
        window = self.window(key, partition)
        if own is None or partition is None:
            return None
        mapping = self._assets.get(key).partition_mappings.get(read)
        if window and _is_hours_of_utc(its) and not isinstance(mapping, dg.TimeWindowPartitionMapping):
            return tuple(_hours(window, its.fmt))
        if isinstance(mapping, dg.AllPartitionMapping):
            return None
        if mapping is None and not self.is_direct(key, read):
            return (partition,) if own == its else None
        return self._mapped(key, partition, read)

    def _mapped(self, key: dg.AssetKey, partition: str, read: dg.AssetKey) -> tuple[str | None, ...]:
        own, its = self._definition(key), self._definition(read)
        found = self._assets.get_partition_mapping(key, read).get_upstream_mapped_partitions_result_for_partitions(
            own.subset_with_partition_keys([partition]), own, its, self.now
        )
        existing = found.partitions_subset.get_partition_keys()
        return tuple(sorted({*existing, *found.required_but_nonexistent_subset.get_partition_keys()}))

    def _definition(self, key: dg.AssetKey) -> Any:
        return self._assets.get(key).partitions_def

    def _read_as(self, key: dg.AssetKey) -> Iterator[dg.AssetKey]:
        if key in self._gates:
            yield self._gates[key]
        elif self.is_view(key):
            for parent in self._assets.get(key).parent_keys:
                yield from self._read_as(parent)
        else:
            yield key

    @cached_property
    def _gates(self) -> Mapping[dg.AssetKey, dg.AssetKey]:
        """The published hours that prove an asset, by each asset above them."""
        found: dict[dg.AssetKey, dg.AssetKey] = {}
        for gate in self.keys:
            left = [gate] if STREAM in self._assets.get(gate).metadata else []
            while left:
                new = self._assets.get(left.pop()).parent_keys - found.keys()
                found |= dict.fromkeys(new, gate)
                left += new
        return found

    @cached_property
    def _readers(self) -> Mapping[dg.AssetKey, Sequence[dg.AssetKey]]:
        found: dict[dg.AssetKey, list[dg.AssetKey]] = {}
        for reader in self.policies:
            for read in self.inputs(reader):
                found.setdefault(read, []).append(reader)
        return found


def policy_of(condition: Any) -> Policy | None:
    """Return the policy of an automation condition, or of the first of its parts that has one."""
    if condition is None:
        return None
    own = getattr(condition, "policy", None)
    if isinstance(own, Policy):
        return own
    return next(filter(None, map(policy_of, condition.children)), None)


def _is_hours_of_utc(definition: Any) -> bool:
    return isinstance(definition, dg.HourlyPartitionsDefinition) and definition.timezone == "UTC"


def _hours(window: dg.TimeWindow, form: str) -> Iterator[str]:
    hour, end = window.start.astimezone(UTC), window.end.astimezone(UTC)
    hour = hour.replace(minute=0, second=0, microsecond=0)
    while hour < end:
        yield hour.strftime(form)
        hour += _HOUR

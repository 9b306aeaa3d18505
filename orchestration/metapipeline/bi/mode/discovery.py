"""What the Discovery API adds to a reading: totals to compare with, addresses of creators, and views."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestration.metapipeline.bi.mode.answers import DiscoveredCollection, DiscoveredReport, ReportStats
from orchestration.metapipeline.bi.mode.client import ModeClient
from orchestration.metapipeline.bi.mode.listing import discover_list

_PRIVATE = "private"
_CHECKED_MAX = 20
"""So many missing reports are looked up one by one."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """What Discovery knows about a workspace; empty without it."""

    collections: frozenset[str] = frozenset()
    reports: Mapping[str, DiscoveredReport] = field(default_factory=dict)
    views: Mapping[str, int | None] = field(default_factory=dict)


def discover(client: ModeClient) -> Discovered:
    """Read Discovery where the settings have its credential.

    Raises:
        BiError: Discovery refuses, or answers with another shape.
    """
    if client.settings.bearer is None:
        return Discovered()
    collections = discover_list(client, "spaces", "spaces", DiscoveredCollection)
    ignored = {_PRIVATE} if client.settings.ignore_private_collections else set()
    return Discovered(
        collections=frozenset(row.token for row in collections if row.space_type not in ignored),
        reports={row.token: row for row in discover_list(client, "reports", "reports", DiscoveredReport)},
        views=discover_views(client),
    )


def discover_views(client: ModeClient) -> Mapping[str, int | None]:
    """Read the views of each report, by its token; empty without Discovery."""
    if client.settings.bearer is None:
        return {}
    return {row.token: row.views for row in discover_list(client, "report_stats", "report_stats", ReportStats)}


def missing(
    client: ModeClient, discovered: Discovered, collections: Iterable[str], reports: Iterable[str]
) -> tuple[str, ...]:
    """Return why a reading may be partial: what Discovery has and the reading lacks.

    Discovery may lag behind: a report of a listed collection counts as missing only when it can be read.
    """
    listed = frozenset(collections)
    hidden = len(discovered.collections - listed)
    doubts = []
    if hidden:
        doubts.append(
            f"{hidden} of {len(discovered.collections)} collections are not in the list that this token gets:"
            " use a workspace token of an admin"
        )
    known = frozenset(reports)
    absent = sorted(
        token for token, row in discovered.reports.items() if token not in known and row.space_token in listed
    )
    lost = [token for token in absent[:_CHECKED_MAX] if client.api(f"reports/{token}").found]
    if lost or len(absent) > _CHECKED_MAX:
        doubts.append(f"{len(absent)} reports that Discovery has are not in the lists of their collections: run again")
    return tuple(doubts)

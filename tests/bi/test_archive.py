"""Archiving, restoring and deleting dashboards of a real Superset."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from orchestration.metapipeline.bi.superset.tool import Superset
from orchestration.metapipeline.bi.workspace import Report
from orchestration.metapipeline.errors import BiError
from tests.bi.superset.people import Author, Browser
from tests.bi.superset.server import RunningSuperset

AT = datetime(2026, 1, 31, 10, 30, 15, tzinfo=UTC)
LATER = datetime(2026, 2, 28, 11, 0, 0, tzinfo=UTC)


def _report(superset: Superset, uuid: str) -> Report:
    report = superset.report(uuid)
    assert report is not None
    return report


def _published(author: Author, dashboard: int) -> bool:
    return bool(author.get(f"dashboard/{dashboard}")["result"]["published"])


def _tags(author: Author, dashboard: int) -> list[str]:
    return sorted(tag["name"] for tag in author.get(f"dashboard/{dashboard}")["result"]["tags"])


def test_an_archived_dashboard_is_hidden_and_marked(superset: Superset, author: Author) -> None:
    """Archiving it again changes nothing."""
    dashboard, uuid = author.dashboard("To the archive")

    superset.archive(uuid, AT)
    superset.archive(uuid, LATER)

    report = _report(superset, uuid)
    assert (True, AT) == (report.archived, report.archived_at)
    assert not _published(author, dashboard)
    assert ["archived:2026-01-31T10:30:15Z"] == _tags(author, dashboard)


def test_an_archived_dashboard_that_is_viewed_comes_back(
    server: RunningSuperset, superset: Superset, author: Author
) -> None:
    """Who owns it can still open it; the view is newer than the archive, and then it is shown again."""
    dashboard, uuid = author.dashboard("Missed")
    superset.archive(uuid, AT)

    Browser(server.url, "admin", "admin").open_dashboard(dashboard)
    viewed = _report(superset, uuid)
    superset.unarchive(uuid)
    superset.unarchive(uuid)

    assert viewed.last_run_at is not None
    assert viewed.archived_at is not None
    assert viewed.archived_at < viewed.last_run_at
    report = _report(superset, uuid)
    assert (False, None) == (report.archived, report.archived_at)
    assert _published(author, dashboard)
    assert [] == _tags(author, dashboard)


def test_a_draft_comes_back_as_a_draft(superset: Superset, author: Author) -> None:
    """What was never published is not published by the way back."""
    dashboard, uuid = author.dashboard("A draft", published=False)

    superset.archive(uuid, AT)
    archived = _report(superset, uuid)
    superset.unarchive(uuid)

    assert (True, AT) == (archived.archived, archived.archived_at)
    assert not _report(superset, uuid).archived
    assert not _published(author, dashboard)
    assert [] == _tags(author, dashboard)


def test_a_dashboard_that_somebody_publishes_again_is_active(superset: Superset, author: Author) -> None:
    """Its next archive has its own moment; the tag of the first one would let it be deleted too early."""
    dashboard, uuid = author.dashboard("Rescued")
    superset.archive(uuid, AT)
    author.send("PUT", f"dashboard/{dashboard}", {"published": True})
    rescued = _report(superset, uuid)

    superset.archive(uuid, LATER)

    assert (False, None) == (rescued.archived, rescued.archived_at)
    assert (True, LATER) == (_report(superset, uuid).archived, _report(superset, uuid).archived_at)
    assert ["archived:2026-02-28T11:00:00Z"] == _tags(author, dashboard)


def test_a_deleted_dashboard_leaves_its_export_and_its_charts(
    superset: Superset, author: Author, warehouse: int
) -> None:
    """Deleting it again succeeds and writes nothing. Its charts stay; the import of the export brings it back."""
    dashboard, uuid = author.dashboard("To be deleted")
    chart = author.chart(author.dataset(warehouse, f"kept {uuid4()}", "SELECT id FROM orders"), dashboard)

    superset.delete(uuid)
    superset.delete(uuid)

    assert None is superset.report(uuid)
    assert chart == author.get(f"chart/{chart}")["result"]["id"]
    (export,) = superset.settings.backups.iterdir()
    assert export.name.startswith(f"{uuid}-")
    author.import_dashboard(export)
    assert "To be deleted" == _report(superset, uuid).name


def test_a_dashboard_whose_export_cannot_be_written_stays(superset: Superset, author: Author) -> None:
    """The backup comes before the deletion."""
    _, uuid = author.dashboard("Stays")
    superset.settings.backups.write_text("a file where the folder should be")

    with pytest.raises(BiError, match="nothing is deleted"):
        superset.delete(uuid)

    assert superset.report(uuid) is not None


def test_a_missing_dashboard_cannot_be_archived(superset: Superset) -> None:
    """The error has the id and the repair."""
    with pytest.raises(BiError, match="there is no dashboard"):
        superset.archive(str(uuid4()), AT)
    with pytest.raises(BiError, match="no id of a report"):
        superset.archive("../1", AT)

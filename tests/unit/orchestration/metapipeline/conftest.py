from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.mode_server.demo import demo_workspace
from infra.local.mode_server.server import SECRET, TOKEN, ModeServer
from orchestration.dbt_runner.build import MANIFEST
from orchestration.metapipeline.pipeline.clients import Clients, bind
from orchestration.metapipeline.pipeline.document import MetapipelineDocument
from orchestration.metapipeline.usage.reading import StagedEvents
from orchestration.metapipeline.usage.uses import StagedUses
from tests.fakes.clock import FakeClock
from tests.fakes.staging import FakeStaging
from tests.unit.orchestration.metapipeline.pipeline.made import NOW, SECRETLY_USED, TABLE, Make, model_events, use_of


@pytest.fixture
def mode() -> ModeServer:
    return ModeServer(demo_workspace(NOW), clock=FakeClock(NOW))


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: ModeServer) -> Iterator[Make]:
    """Build the clients of a document over a Mode server, this project's manifest and recorded events."""
    monkeypatch.setenv("HOURGLASS_MODE_TOKEN", TOKEN)
    monkeypatch.setenv("HOURGLASS_MODE_SECRET", SECRET)
    monkeypatch.setenv("HOURGLASS_DATA_DIR", str(tmp_path))
    with mode.serving() as url:

        def clients(
            events: list[dict[str, Any]] | None = None, uses: list[dict[str, Any]] | None = None, **attributes: Any
        ) -> Clients:
            bi = {"tool": "mode", "workspace": "hourglass", "url": url, "requests_per_second": 1000}
            written = {
                "dbt_projects": [{"manifest": MANIFEST}],
                "bi": [bi],
                "history_table": None,
                "unused_models": {"window_hours": 24},
                "state": str(tmp_path / "state"),
            }
            bound = bind(MetapipelineDocument.model_validate({**written, **attributes}))
            start = datetime(2025, 8, 1, tzinfo=UTC)
            published = {start + timedelta(hours=n): 0 for n in range(24 * 19 + 10)}
            return replace(
                bound,
                events=StagedEvents(FakeStaging(model_events() if events is None else events), (TABLE,)),
                uses=StagedUses(FakeStaging([use_of(SECRETLY_USED)] if uses is None else uses), (TABLE,)),
                published=lambda: {TABLE.name.name: published},
                clock=FakeClock(NOW),
            )

        yield clients

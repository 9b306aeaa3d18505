from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra.local.mode_server.faults import Fault, FaultKind
from infra.local.mode_server.server import SECRET, TOKEN, ModeServer
from orchestration.metapipeline.bi.mode.settings import ModeSettings
from orchestration.metapipeline.bi.mode.tool import ModeTool, Progress
from tests.fakes.clock import FakeClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DISCOVERY = "d-token:d-key:d-secret"
DISCOVERY_SETTINGS: dict[str, Any] = {
    "discovery_token": "d-token",
    "discovery_access_key": "d-key",
    "discovery_access_secret": "d-secret",
}


@dataclass
class Mode:
    """A server, and the tools that read it; their clock is one that only sleeping moves."""

    server: ModeServer
    url: str
    clock: FakeClock
    stack: ExitStack
    progress: list[Progress] = field(default_factory=list)

    def tool(self, **settings: Any) -> ModeTool:
        """Build a tool with some settings; the end of the test closes it."""
        values: dict[str, Any] = {"workspace": self.server.state.name, "token": TOKEN, "secret": SECRET} | settings
        mode_settings = ModeSettings(_env_file=None, url=self.url, **values)
        tool = ModeTool.of(mode_settings, clock=self.clock, random=lambda: 0.5, progress=self.progress.append)
        return self.stack.enter_context(tool)

    def fault(self, kind: FaultKind, request: str = "", **values: Any) -> None:
        """Show a fault on the next requests that match."""
        self.server.faults.coming.append(Fault(kind, request, **values))


Serve = Callable[..., Mode]

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from infra.local.mode_server.planted import planted_workspace
from infra.local.mode_server.server import SECRET, TOKEN, Credentials, ModeServer
from infra.local.mode_server.state import ModeState
from tests.fakes.clock import FakeClock
from tests.unit.orchestration.metapipeline.bi.mode.served import DISCOVERY, NOW, Mode, Serve


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a Mode server over a workspace; with `discovery`, the account has the Discovery API."""
    with ExitStack() as stack:

        def start(state: ModeState | None = None, *, discovery: bool = False, **options: Any) -> Mode:
            clock = FakeClock(NOW)
            server = ModeServer(
                state or planted_workspace(NOW, reports=20, collections=2),
                Credentials(TOKEN, SECRET, DISCOVERY if discovery else None),
                clock,
                **options,
            )
            url = stack.enter_context(server.serving())
            return Mode(server, url, clock, stack)

        yield start

"""The zip of `hourglass job package` lands every record once, in a clean folder and without our file systems.

The service itself cannot be run here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from infra.managed_flink.package import build
from tests.faults.conftest import NewStack
from tests.faults.landing_stack import Raw, event
from tests.faults.live_watch import LiveWatch
from tests.faults.managed_service import ManagedApplication
from tests.faults.verdict import assert_exactly_once
from tests.integration.truth import wait_for

pytestmark = pytest.mark.long
SECONDS_MAX = 300.0


def test_the_application_lands_and_continues_after_its_ledger(new_stack: NewStack, tmp_path: Path) -> None:
    """Killed and started without a snapshot it continues behind what has landed; with one it is refused."""
    stack = new_stack()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    package = build(tmp_path / "job.zip", stack.settings.runtime_dir, python=version, platform="linux")
    (tmp_path / "service").mkdir()
    with ManagedApplication(package, stack, tmp_path / "service") as application, LiveWatch(stack) as live:
        sent = stack.produce([Raw(event(number), partition=number % 4) for number in range(400)])
        application.start()
        stack.wait_until_landed(sent, SECONDS_MAX)
        application.kill()
        sent |= stack.produce([Raw(event(number), partition=number % 4) for number in range(400, 800)])
        application.start()
        stack.wait_until_landed(sent, SECONDS_MAX)
        application.kill()
        application.start(snapshot="s3://service/snapshot")
        wait_for(lambda: "SKIP_RESTORE_FROM_SNAPSHOT" in application.said(), seconds_max=SECONDS_MAX, what="a refusal")
    assert_exactly_once(stack, sent, live)

"""One real stack for all integration tests: Kafka, S3 server, Flink, local Snowflake, Dagster with its daemon."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.ports import free_ports
from infra.local.settings import PORT_FIELDS, LocalSettings
from infra.local.stack import Stack
from tests.faults.class_archive import Archives
from tests.faults.quick_java import quick_java
from tests.integration.canaries import other_secrets, stack_secrets
from tests.stacks.option import on_containers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests without the stack before it starts, because it uses CPU until the end of the session."""
    for item in items:
        item.add_marker(pytest.mark.integration)
    items.sort(key=lambda item: "stack" in getattr(item, "fixturenames", ()))


def settings_below(folder: Path, **changes: object) -> LocalSettings:
    """Make settings of a separate stack, with short intervals for a test."""
    ports = dict(zip(PORT_FIELDS, free_ports(len(PORT_FIELDS)), strict=True))
    quick = {"checkpoint_seconds": 2, "sensor_seconds": 2, "grace_seconds": 6}
    return LocalSettings(**{"data_dir": folder, **ports, **quick, **stack_secrets(), **changes})  # type: ignore[arg-type]  # names above


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start the whole stack once; nothing of it is left afterwards, also after a failure.

    Its jobs use the archives that the fault tests have made, if there are any. Every secret that its settings do not
    have is in the environment of its processes.
    """
    os.environ.update(other_secrets())
    settings = settings_below(tmp_path_factory.mktemp("stack"))
    if on_containers(pytestconfig):
        from tests.stacks.chain import container_stack  # noqa: PLC0415 - only sessions on containers need their packages

        with container_stack(settings) as stack:
            yield stack
        return
    stack = Stack(settings, print)
    with quick_java(), Archives.of(stack.settings.runtime_dir).used():
        try:
            stack.up()
            yield stack
        finally:
            stack.down(now=True)

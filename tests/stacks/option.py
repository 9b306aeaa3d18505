"""`--stack processes|containers`: where the servers and the landing job of a test run.

Imports of the stacks are inside of functions: every session imports this module, and most need none of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from tests.stacks.seam import Servers

PROCESSES, CONTAINERS = "processes", "containers"
OPTIONAL = "HOURGLASS_CONTAINERS"
"""`optional`: a session on containers succeeds without a test where no engine runs."""
EITHER_MARK = "either_stack"
"""Of the tests that run on both stacks."""
NewServers: TypeAlias = "Callable[[Path], Servers]"


def add_stack_option(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(
        "--stack",
        choices=[PROCESSES, CONTAINERS],
        default=PROCESSES,
        help=f"where servers and jobs run; {CONTAINERS}: the tests marked {EITHER_MARK} and {CONTAINERS} alone",
    )


def on_containers(config: pytest.Config) -> bool:
    """Return whether servers and jobs run in containers."""
    return bool(config.getoption("--stack") == CONTAINERS)


def require_engine(config: pytest.Config) -> None:
    """End the session where it needs an engine and none answers: exit code 2, or 0 where containers are optional."""
    if not on_containers(config):
        return
    from infra.testing.engine import NoEngineError, engine  # noqa: PLC0415 - see above

    try:
        engine()
    except NoEngineError as exc:
        optional = os.environ.get(OPTIONAL) == "optional"
        pytest.exit(f"{exc}; {OPTIONAL}={os.environ.get(OPTIONAL, '')}", 0 if optional else 2)


def stack_header(config: pytest.Config) -> list[str]:
    """Return the lines of the session's header: each image, and where it comes from."""
    if not on_containers(config):
        return []
    from infra.testing.engine import engine  # noqa: PLC0415 - see above
    from infra.testing.images import Images  # noqa: PLC0415

    client = engine()
    images = [f"  {image}: {where}" for image, where in Images().origins(client)]
    return [f"stack: containers, Docker {client.version()['Version']}", *images]


def choose(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what does not run on the chosen stack."""
    wanted = on_containers(config)

    def runs(item: pytest.Item) -> bool:
        only = item.get_closest_marker(CONTAINERS) is not None
        return (only or item.get_closest_marker(EITHER_MARK) is not None) if wanted else not only

    config.hook.pytest_deselected(items=[item for item in items if not runs(item)])
    items[:] = [item for item in items if runs(item)]


def servers_of(config: pytest.Config) -> NewServers:
    """Return what makes the servers of the chosen stack below a folder."""
    if on_containers(config):
        from tests.stacks.containers import ContainerServers  # noqa: PLC0415 - see above

        return ContainerServers
    from tests.stacks.processes import ProcessServers  # noqa: PLC0415

    return ProcessServers

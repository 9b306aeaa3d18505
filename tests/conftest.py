"""What every folder of tests shares: the local Snowflake of a process, and the choice of the acceptance suite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.stacks.option import add_stack_option, choose, require_engine, stack_header

if TYPE_CHECKING:
    from tests.fakes.local_snowflake import Server


def pytest_addoption(parser: pytest.Parser) -> None:
    """Choose the Snowflake of `tests/acceptance`, and where the servers of the other tests run."""
    add_stack_option(parser)
    parser.addoption(
        "--snowflake",
        choices=["local", "account"],
        default="local",
        help="the Snowflake of tests/acceptance: the local one, or the account that SNOWFLAKE_ACCOUNT etc. name",
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """End a session on containers where no engine runs."""
    require_engine(session.config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the images of a session on containers."""
    return stack_header(config)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the chosen stack."""
    choose(config, items)


@pytest.fixture(scope="session")
def only_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The local Snowflake of this process; a statement of the product that has no golden is refused."""
    # three CPU seconds, which the workers of the fault tests need not pay
    from tests.fakes.local_snowflake import serve  # noqa: PLC0415
    from tests.goldens.guard import goldens_only  # noqa: PLC0415

    with serve(tmp_path_factory.mktemp("local_snowflake")) as serving, goldens_only():
        yield serving

"""What every folder of tests shares: the local Snowflake of a process, and the choice of the acceptance suite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fakes.local_snowflake import Server


def pytest_addoption(parser: pytest.Parser) -> None:
    """Choose the Snowflake of `tests/acceptance`."""
    parser.addoption(
        "--snowflake",
        choices=["local", "account"],
        default="local",
        help="the Snowflake of tests/acceptance: the local one, or the account that SNOWFLAKE_ACCOUNT etc. name",
    )


@pytest.fixture(scope="session")
def only_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The local Snowflake of this process; a statement of the product that has no golden is refused."""
    # three CPU seconds, which the workers of the fault tests need not pay
    from tests.fakes.local_snowflake import serve  # noqa: PLC0415
    from tests.goldens.guard import goldens_only  # noqa: PLC0415

    with serve(tmp_path_factory.mktemp("local_snowflake")) as serving, goldens_only():
        yield serving

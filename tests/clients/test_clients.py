"""SQLAlchemy, Snowpark, Dagster, `snow` and dlt: each with its own Python, as it is installed by those who use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local_snowflake.pytest_fixture import LocalSnowflake
from tests.clients.environment import FOLDER, Environment

_NAMES = sorted(lock.parent.name for lock in FOLDER.glob("*/requirements.lock"))


@pytest.mark.parametrize("name", _NAMES)
def test_the_checks_of_a_client_pass(name: str, local_snowflake: LocalSnowflake, tmp_path: Path) -> None:
    """The behaviours are the tests in environments/<name>/checks*.py."""
    code, said = Environment(name).check(local_snowflake, tmp_path)
    assert 0 == code, said

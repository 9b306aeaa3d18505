"""The place of each test: `--snowflake local` (the default) or `--snowflake account`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from snowflake_components.connection import SnowflakeSettings
from tests.acceptance.places import AccountUnknownError, OwnPlace, Storage, account_place, local_place, own_place
from tests.goldens.guard import goldens_only


@pytest.fixture(scope="session")
def everything(request: pytest.FixtureRequest) -> Iterator[tuple[SnowflakeSettings, Storage]]:
    """The login and the storage of all tests."""
    if request.config.getoption("--snowflake") == "local":
        yield local_place(request.getfixturevalue("only_server"))
        return
    try:
        found = account_place()
    except AccountUnknownError as exc:
        pytest.exit(str(exc), returncode=pytest.ExitCode.USAGE_ERROR)
    with goldens_only():
        yield found


@pytest.fixture
def place(everything: tuple[SnowflakeSettings, Storage], monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnPlace]:
    """A schema and a folder for one test, in the environment, too; both are removed after it."""
    with own_place(*everything) as own:
        for name in SnowflakeSettings.model_fields:
            monkeypatch.delenv(f"HOURGLASS_SNOWFLAKE_{name.upper()}", raising=False)
        for name, value in own.variables.items():
            monkeypatch.setenv(name, value)
        yield own

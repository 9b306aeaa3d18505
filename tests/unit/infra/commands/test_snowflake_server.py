"""What `hourglass snowflake serve` says at its start."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from infra.commands.snowflake_server import login_said
from infra.local_snowflake.settings import LocalSnowflakeSettings


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [
        ("hourglass", "hourglass", "user hourglass, password hourglass; choose others with --user and --password"),
        ("ada", "secret", "user ada with the password that was set"),
        (None, "secret", "user (any) with the password that was set"),
        (None, None, "no password is set: any user and password, unless a key or a token is set"),
    ],
)
def test_the_login_is_said_and_a_chosen_password_is_not(user: str | None, password: str | None, said: str) -> None:
    """The default password is no secret, and without it nobody logs in."""
    given = SecretStr(password) if password else None
    assert said == login_said(LocalSnowflakeSettings(snowflake_user=user, snowflake_password=given))

"""`hourglass snowflake serve`: the local Snowflake, alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr

from infra.commands.console import print_line
from infra.local.settings import LocalSettings

if TYPE_CHECKING:
    from infra.local_snowflake.settings import LocalSnowflakeSettings


def serve(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0 takes a free one.")] = 8084,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    data: Annotated[
        Path, typer.Option(help="Folder of the databases: a restart continues there.", file_okay=False)
    ] = Path(".hourglass/snowflake"),
    user: Annotated[
        str | None, typer.Option(help="The only user; default: HOURGLASS_SNOWFLAKE_USER, or hourglass.")
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(help="Of that user; default: HOURGLASS_SNOWFLAKE_PASSWORD, or hourglass."),
    ] = None,
) -> None:
    """Serve Snowflake's protocol here, until Ctrl-C or SIGTERM.

    Any client of Snowflake connects with account "local", this host and port, and protocol http. The page of the
    server, at its address, shows the last statements, sessions, objects and registered files. Stages read the bucket
    of the HOURGLASS_S3_ settings. Exit code 2: the port or the folder is in use.
    """
    from infra.local_snowflake.server import serve as serve_until_stopped
    from infra.local_snowflake.settings import LocalSnowflakeSettings

    settings = LocalSnowflakeSettings()
    changed = {
        "snowflake_user": user or settings.snowflake_user,
        "snowflake_password": SecretStr(password) if password else settings.snowflake_password,
    }
    settings = settings.model_copy(update=changed)
    print_line(f"login: account local, {login_said(settings)}")
    raise typer.Exit(serve_until_stopped(settings, host, port, data))


def login_said(settings: LocalSnowflakeSettings) -> str:
    """Return who may log in; of the passwords, only the default one is printed."""
    user, password = settings.snowflake_user or "(any)", settings.snowflake_password
    if password is None:
        return "no password is set: any user and password, unless a key or a token is set"
    if password != LocalSettings.model_fields["snowflake_password"].default:
        return f"user {user} with the password that was set"
    return f"user {user}, password {password.get_secret_value()}; choose others with --user and --password"


if __name__ == "__main__":
    typer.run(serve)

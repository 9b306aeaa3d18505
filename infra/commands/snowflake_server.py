"""`hourglass snowflake serve`: the local Snowflake, alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr


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
    raise typer.Exit(serve_until_stopped(settings.model_copy(update=changed), host, port, data))


if __name__ == "__main__":
    typer.run(serve)

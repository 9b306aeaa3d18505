"""The Snowflake of the local stack: `infra.local_snowflake` as a program."""

from __future__ import annotations

import sys
from urllib.error import URLError
from urllib.request import urlopen

from infra.local.processes import Program
from infra.local.settings import LOOPBACK, LocalSettings


def program(settings: LocalSettings) -> Program:
    """Return the program of the local Snowflake, which reads the bucket of the stack."""
    port = settings.snowflake_port
    return Program(
        name="snowflake",
        command=[
            sys.executable,
            "-m",
            "infra.local_snowflake.server",
            "--host",
            LOOPBACK,
            "--port",
            str(port),
            "--data",
            str((settings.data_dir / "snowflake").absolute()),
        ],
        environment=settings.environment(),
        healthy=lambda: answers(f"http://{LOOPBACK}:{port}/healthz"),
        port=port,
    )


def answers(address: str) -> bool:
    """Return whether an HTTP address of this machine answers with 200."""
    try:
        with urlopen(address, timeout=2) as response:  # noqa: S310 (loopback, fixed scheme)
            return bool(response.status == 200)  # noqa: PLR2004 (HTTP OK)
    except (URLError, OSError):
        return False

"""The S3 server of the local stack: s3proxy over a folder, with atomic writes from `infra/local/s3_server`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import boto3

from infra.local.processes import Program
from infra.local.settings import LOOPBACK, LocalSettings
from infra.provisioning import BUCKET_LIMITS
from infra.provisioning import create_bucket as create

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_s3.client import S3Client

_LOGBACK = """<configuration>
  <appender name="STDERR" class="ch.qos.logback.core.ConsoleAppender">
    <target>System.err</target>
    <encoder><pattern>%date %level %logger{20} %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="STDERR"/></root>
</configuration>
"""
"""Without it the level is DEBUG, which makes every request three to four times slower."""


def program(settings: LocalSettings, *, heap_max: str = "256m") -> Program:
    """Return the program of the S3 server; call `prepare` before it starts.

    Args:
        settings: ports, keys and folders.
        heap_max: in the form of -Xmx; a body with a signed digest is held in memory twice.
    """
    folder = settings.data_dir / "s3"
    return Program(
        name="s3",
        command=[
            "java",
            "-Xms64m",
            f"-Xmx{heap_max}",
            "-XX:+UseSerialGC",
            f"-Dlogback.configurationFile={folder / 'logback.xml'}",
            "-cp",
            str(settings.runtime_dir / "s3" / "*"),
            "io.hourglass.objects.ObjectServer",
            str(folder / "s3proxy.conf"),
        ],
        healthy=lambda: _answers(settings),
        port=settings.s3_port,
    )


def prepare(settings: LocalSettings) -> None:
    """Write the configuration, readable for the owner only because it holds the keys."""
    folder = settings.data_dir / "s3"
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "logback.xml").write_text(_LOGBACK)
    conf = folder / "s3proxy.conf"
    conf.touch(mode=0o600)
    conf.write_text(_properties(settings, folder))


def client(settings: LocalSettings) -> S3Client:
    """Return a client of the local S3 server."""
    return boto3.client(
        "s3",
        endpoint_url=f"http://{LOOPBACK}:{settings.s3_port}",
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key_id,
        aws_secret_access_key=settings.s3_secret_access_key.get_secret_value(),
        config=BUCKET_LIMITS,
    )


def create_bucket(settings: LocalSettings) -> None:
    """Create the bucket if it is absent."""
    create(client(settings), settings.bucket)


def _answers(settings: LocalSettings) -> bool:
    try:
        with urlopen(f"http://{LOOPBACK}:{settings.s3_port}/", timeout=2):
            return True
    except HTTPError:
        return True  # refused without a signature: it serves
    except (URLError, OSError):
        return False


def _properties(settings: LocalSettings, folder: Path) -> str:
    values = {
        "s3proxy.endpoint": f"http://{LOOPBACK}:{settings.s3_port}",
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": settings.s3_access_key_id,
        "s3proxy.credential": settings.s3_secret_access_key.get_secret_value(),
        "jclouds.provider": "filesystem-nio2",
        "jclouds.filesystem.basedir": (folder / "data").absolute(),
        "hourglass.staging": (folder / "staging").absolute(),
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())

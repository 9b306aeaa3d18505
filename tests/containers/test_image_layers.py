"""No layer of our images has a secret: neither a canary of the tests nor a value of this machine's `.env`."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from dotenv import dotenv_values

from infra.local.settings import PROJECT
from infra.testing.engine import engine
from tests.containers.layers import file_contents, image_contents
from tests.integration.canaries import CANARIES, found_in

pytestmark = pytest.mark.containers
OURS = ("landing-job", "local-snowflake", "object-store", "dagster", "producer")


def local_secrets() -> set[bytes]:
    """Return the secrets that this checkout is used with."""
    local = dotenv_values(PROJECT / ".env") if (PROJECT / ".env").exists() else {}
    return {value.encode() for name in CANARIES if (value := local.get(name))}


@pytest.mark.parametrize("image", OURS)
def test_no_secret_is_in_a_layer(image: str) -> None:
    """Every file of every layer is read, also what a later layer removes, and members of jars, wheels and gz files."""
    local, read, found = local_secrets(), 0, []
    for name, content in image_contents(engine(), f"hourglass/{image}:latest"):
        read += 1
        found += [name] if found_in(content) or any(secret in content for secret in local) else []
    assert [] == found
    assert read > 1000, "the layers were not read"


def test_what_is_packed_is_searched(tmp_path: Path) -> None:
    """A jar in a compressed layer."""
    jar, layer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("settings", "canary" * 100)
    with tarfile.open(fileobj=layer, mode="w") as tar:
        info = tarfile.TarInfo("lib/a.jar")
        info.size = len(jar.getvalue())
        tar.addfile(info, io.BytesIO(jar.getvalue()))
    (tmp_path / "layer").write_bytes(gzip.compress(layer.getvalue()))
    assert ["layer!gz!lib/a.jar!settings"] == [
        name for name, content in file_contents(tmp_path / "layer") if b"canary" in content
    ]

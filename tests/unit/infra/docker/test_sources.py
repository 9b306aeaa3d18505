"""Every image has the modules that its program imports, without a build: its sources alone, beside our packages."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.settings import PROJECT

COPIED = re.compile(r"^COPY (?!--from)(.+) /opt/hourglass/src/(\S*)$", re.MULTILINE)
ALONE = """
import runpy, sys
folder, project, module, *arguments = sys.argv[1:]
sys.path[:] = [folder, *(path for path in sys.path if path not in ("", project))]
sys.argv = [module, *arguments]
runpy.run_module(module, run_name="__main__")
"""


def with_sources(image: str, folder: Path) -> Path:
    """Make the folder of sources of an image, of links."""
    for sources, place in COPIED.findall((PROJECT / "infra/docker" / image / "Dockerfile").read_text()):
        for source in map(PROJECT.joinpath, sources.split()):
            target = folder / place if source.is_dir() else folder / place / source.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source)
    return folder


@pytest.mark.parametrize(
    ("image", "module"),
    [
        ("landing-job", "infra.cli"),
        ("dagster", "infra.cli"),
        ("producer", "infra.cli"),
        ("local-snowflake", "infra.commands.snowflake_server"),
    ],
)
def test_the_program_of_an_image_starts(tmp_path: Path, image: str, module: str) -> None:
    """It prints its help."""
    command = [sys.executable, "-c", ALONE, str(with_sources(image, tmp_path)), str(PROJECT), module, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (0, True) == (done.returncode, "Usage" in done.stdout), done.stderr

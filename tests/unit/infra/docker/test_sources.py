"""Every image has the modules that its program imports, without a build: its sources and its packages alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from infra.local.settings import PROJECT

COPIED = re.compile(r"^COPY (?!--from)(.+) /opt/hourglass/src/(\S*)$", re.MULTILINE)
ALONE = """
import json, runpy, sys
folder, project, absent, module, *arguments = sys.argv[1:]
absent = set(json.loads(absent))

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
sys.path[:] = [folder, *(path for path in sys.path if path not in ("", project))]
sys.argv = [module, *arguments]
runpy.run_module(module, run_name="__main__")
"""
NEVER_INSTALLED = {"hourglass"}
"""Its sources are what is copied."""
CLOSED = "http://127.0.0.1:1"
"""Nothing serves there."""


def with_sources(image: str, folder: Path) -> Path:
    """Make the folder of sources of an image, of links."""
    for sources, place in COPIED.findall((PROJECT / "infra/docker" / image / "Dockerfile").read_text()):
        for source in map(PROJECT.joinpath, sources.split()):
            target = folder / place if source.is_dir() else folder / place / source.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source)
    return folder


def absent_modules(image: str) -> list[str]:
    """Return the modules that this machine has and an image has not."""
    installed = set((PROJECT / "infra/docker" / image / "packages.txt").read_text().split())
    return [
        module
        for module, distributions in packages_distributions().items()
        if not (NEVER_INSTALLED | installed) & {re.sub(r"[-_.]+", "-", name).lower() for name in distributions}
    ]


def run_alone(image: str, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a module with what an image has; no server answers."""
    absent = json.dumps(absent_modules(image))
    return subprocess.run(
        [sys.executable, "-c", ALONE, str(with_sources(image, folder)), str(PROJECT), absent, *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "HOURGLASS_TARGET": "remote",
            "HOURGLASS_FLINK_HOME": str(folder),
            "HOURGLASS_S3_ENDPOINT": CLOSED,
            "HOURGLASS_S3_ACCESS_KEY_ID": "nobody",
            "HOURGLASS_S3_SECRET_ACCESS_KEY": "nothing",
        },
    )


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
    done = run_alone(image, tmp_path, module, "--help")
    assert (0, True) == (done.returncode, "Usage" in done.stdout), done.stderr


@pytest.mark.parametrize(("image", "asked"), [("landing-job", {"landing-job", "bucket"}), ("producer", {"dagster"})])
def test_the_doctor_of_an_image_names_what_it_cannot_ask(tmp_path: Path, image: str, asked: set[str]) -> None:
    """Areas whose modules the image lacks are unknown, with the module and the repair; the others are asked."""
    done = run_alone(image, tmp_path, "infra.cli", "doctor", "--json")
    found = json.loads(done.stdout or "[]")
    lacking = [one for one in found if one["check"] == "modules"]
    assert {"landing-job", "bucket", "broker", "dagster", "snowflake"} == {one["area"] for one in found}, done.stderr
    assert asked == {one["area"] for one in found} - {one["area"] for one in lacking}
    for one in lacking:
        assert "unknown" == one["verdict"]
        assert one["said"].startswith("this installation has no module ")
        assert "hourglass/dagster" in one["repair"]

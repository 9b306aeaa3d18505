"""The environments of clients: each is installed once from its lock, below .tools, and runs its own checks."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.local_snowflake.pytest_fixture import LocalSnowflake

FOLDER = Path(__file__).with_name("environments")
_TOOLS = Path(__file__).parents[2] / ".tools"
_WITH_CONNECTOR = frozenset({"snowflake-sqlalchemy", "snowpark"})
"""These have the connector of version 5 and of version 4, with pandas: both pass its checks."""
_INSTALL_SECONDS_MAX, _CHECK_SECONDS_MAX = 1_800, 900


@dataclass(frozen=True, slots=True)
class Environment:
    """The environment of one client.

    Args:
        name: of its folder, which has requirements.lock and the checks. A folder with the name of a package that the
            client lacks would be that package to it: `sqlalchemy` was one to dlt.
    """

    name: str

    def install(self) -> Path:
        """Install the packages of the lock, unless they are there; return the interpreter.

        Raises:
            subprocess.CalledProcessError: of uv, which needs its package index for the first installation.
        """
        lock = FOLDER / self.name / "requirements.lock"
        digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
        folder = _TOOLS / f"client-{self.name}-{digest}"
        python, installed = folder / "bin" / "python", folder / ".installed"
        with (_TOOLS / f"client-{self.name}.lockfile").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if not installed.exists():
                for earlier in _TOOLS.glob(f"client-{self.name}-*"):
                    shutil.rmtree(earlier)
                uv = str(_TOOLS / "bin" / "uv")
                _run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
                # checks write no bytecode, and a client that is a command line would compile itself at every call
                options = ["--quiet", "--compile-bytecode", "--require-hashes", "--python", str(python)]
                _run([uv, "pip", "sync", *options, str(lock)])
                installed.touch()
        return python

    def check(self, server: LocalSnowflake, home: Path) -> tuple[int, str]:
        """Run the checks; return the exit code of pytest and what it printed.

        Args:
            server: which the client uses.
            home: an empty folder: no configuration of the person who runs the tests is read.
        """
        environment = os.environ | {
            "HOURGLASS_TEST_LOGIN": json.dumps(server.login),
            "HOME": str(home),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true",
        }
        folders = [self.name, *(["connector"] if self.name in _WITH_CONNECTOR else [])]
        command = [str(self.install().with_name("pytest")), *folders, "--basetemp", str(home / "checks")]
        ran = subprocess.run(
            command,
            env=environment,
            cwd=FOLDER,
            capture_output=True,
            text=True,
            timeout=_CHECK_SECONDS_MAX,
            check=False,
        )
        return ran.returncode, ran.stdout + ran.stderr


def _run(command: list[str]) -> None:
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run(command, env=environment, timeout=_INSTALL_SECONDS_MAX, check=True)

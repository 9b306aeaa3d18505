"""git, without the configuration, the hooks and the prompts of this machine."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from orchestration.metapipeline.errors import RepositoryError
from orchestration.metapipeline.text import one_line

_CONFIG = {
    "core.hooksPath": "/dev/null",
    "core.attributesFile": "/dev/null",
    "core.symlinks": "false",  # a link in the repository becomes a file with its target: nothing is written through it
    "core.fsmonitor": "false",
    "core.autocrlf": "false",
    "core.quotePath": "false",
    "commit.gpgSign": "false",
    "credential.helper": "",
    "gc.auto": "0",
    "http.followRedirects": "false",  # a renamed repository answers with a redirect
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "protocol.allow": "never",
    "submodule.recurse": "false",
}
_ERROR_CHARACTERS_MAX = 400


@dataclass(frozen=True)
class Git:
    """Run git in one folder; arguments are a list, the token is in the environment of git alone.

    Args:
        folder: work tree.
        url_prefix: start of the addresses that the token is sent to.
        token: of the host; empty for a host without one.
        seconds_max: of one command.
    """

    folder: Path
    url_prefix: str
    token: str = field(default="", repr=False)
    seconds_max: float = 600

    def run(self, *arguments: str, text: str | None = None, extra: Mapping[str, str] | None = None) -> str:
        """Run a command and return what it printed.

        Args:
            arguments: of git.
            text: for its standard input.
            extra: variables, such as those of an author.

        Raises:
            RepositoryError: it failed, or did not end in time.
        """
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=self.folder,
                env=self._environment() | dict(extra or {}),
                input=(text or "").encode(),
                capture_output=True,
                timeout=self.seconds_max,
                check=False,
            )
        except subprocess.TimeoutExpired as exc:
            raise RepositoryError(f"git {arguments[0]} did not end in {self.seconds_max:g} seconds") from exc
        if done.returncode:
            raise RepositoryError(f"git {arguments[0]} failed: {self._masked(done.stderr.decode(errors='replace'))}")
        return done.stdout.decode(errors="surrogateescape")

    def _environment(self) -> dict[str, str]:
        config = _CONFIG | {f"protocol.{urlsplit(self.url_prefix).scheme}.allow": "always"}
        if self.token:
            basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
            config[f"http.{self.url_prefix}.extraHeader"] = f"Authorization: Basic {basic}"
        numbered: dict[str, str] = {}
        for number, (key, value) in enumerate(config.items()):
            numbered |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_COUNT": str(len(config)),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "false",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            **numbered,
        }

    def _masked(self, printed: str) -> str:
        line = one_line(printed)
        return (line.replace(self.token, "***") if self.token else line)[-_ERROR_CHARACTERS_MAX:]

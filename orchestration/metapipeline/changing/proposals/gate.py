"""The gate of a change: a full parse by dbt without a warning, and exactly the planned nodes missing.

A partial parse finds nothing after a model was disabled, and a plain parse only warns of dangling tests.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.metapipeline.changing.proposals.dbt_process import DbtProcess
from orchestration.metapipeline.changing.proposals.reading.lineage import node_ids
from orchestration.metapipeline.changing.proposals.yaml_edits.nodes import load
from orchestration.metapipeline.errors import ProposalError

SECONDS_MAX = 600
_ERROR_LINES = 6
_QUIET = ("--no-version-check", "--no-use-colors", "--no-send-anonymous-usage-stats")
_DANGLING = "NodeNotFoundOrDisabled"
_PROFILE: Mapping[str, Any] = {
    "type": "snowflake",
    "account": "none",
    "user": "none",
    "password": "none",
    "database": "ANALYTICS",
    "schema": "PUBLIC",
    "threads": 1,
}


@dataclass(frozen=True)
class DbtParser:
    """A full parse by dbt, without the environment of this process and without a connection.

    Args:
        process: of dbt.
        warnings_allowed: names of warnings that the project has, such as `UnusedResourceConfigPath`; all others are
            errors. A deprecation date that has passed never is: tombstones have one.
        environment: variables that the project reads with `env_var`.
        output: of the profile; the default is a Snowflake that does not exist.
        seconds_max: of one parse.
        install_packages: run `dbt deps` where the project names packages, which needs their hosts.
    """

    process: DbtProcess
    warnings_allowed: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    output: Mapping[str, Any] = field(default_factory=lambda: dict(_PROFILE), repr=False)
    seconds_max: float = SECONDS_MAX
    install_packages: bool = False

    def __post_init__(self) -> None:
        if _DANGLING in self.warnings_allowed:
            raise ProposalError(
                f"{_DANGLING} cannot be allowed: it is the warning of a test that reads a missing model"
            )

    def manifest(self, project_dir: Path) -> Mapping[str, Any]:
        """Parse a project and return its manifest.

        Raises:
            ProposalError: dbt found an error or a warning; its text is in the message.
        """
        with tempfile.TemporaryDirectory(prefix="hourglass-dbt-") as folder:
            target = Path(folder)
            (target / "profiles.yml").write_text(json.dumps(_profile(project_dir, self.output)))
            if self.install_packages and any(
                (project_dir / name).exists() for name in ("packages.yml", "dependencies.yml")
            ):
                self._run(project_dir, target, "deps")
            allowed = ["DeprecatedModel", *self.warnings_allowed]
            options = json.dumps({"error": "all", "warn": allowed})
            self._run(project_dir, target, "parse", "--no-partial-parse", "--warn-error-options", options)
            manifest: Mapping[str, Any] = json.loads((target / "target" / "manifest.json").read_text())
            return manifest

    def _run(self, project_dir: Path, target: Path, command: str, *arguments: str) -> None:
        folders = ("--project-dir", project_dir, "--profiles-dir", target, "--log-path", target / "logs")
        outputs = ("--target-path", target / "target") if command == "parse" else ()
        line = [command, *_QUIET, *map(str, (*folders, *outputs)), *arguments]
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(target),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.environment,
        }
        succeeded, printed = self.process.run(line, target, environment, self.seconds_max)
        if not succeeded:
            raise ProposalError(f"dbt {command} failed: {_reason(printed)}")


def require_only_planned(before: Mapping[str, tuple[str, ...]], after: Mapping[str, Any], gone: Iterable[str]) -> None:
    """Compare the nodes before a change, with what they read, to the manifest after it.

    The planned nodes and their tests are missing, and no other node; new are exposures only.

    Raises:
        ProposalError: another node is missing, or a planned one is still enabled.
    """
    old, new, planned = before, node_ids(after), set(gone)
    if left := planned & set(new):
        raise ProposalError(f"after the change {', '.join(sorted(left))} would still be enabled")
    lost = {
        node_id
        for node_id in set(old) - set(new) - planned
        if not (node_id.startswith(("test.", "unit_test.")) and planned & set(old[node_id]))
    }
    if lost:
        raise ProposalError(f"the change would also remove {', '.join(sorted(lost))}")
    if added := set(new) - set(old) - {node_id for node_id in new if node_id.startswith("exposure.")}:
        raise ProposalError(f"the change would also add {', '.join(sorted(added))}")


def _profile(project_dir: Path, output: Mapping[str, Any]) -> dict[str, Any]:
    try:
        settings = load((project_dir / "dbt_project.yml").read_text())
    except OSError as exc:
        raise ProposalError("dbt_project.yml is not in the folder of the dbt project") from exc
    profile = str((settings or {}).get("profile") or "hourglass")
    return {profile: {"target": "hourglass", "outputs": {"hourglass": dict(output)}}}


def _reason(printed: str) -> str:
    """Return the last lines of dbt's log, without its clock."""
    lines = [re.sub(r"^\d\d:\d\d:\d\d\s+", "", line).strip() for line in printed.splitlines()]
    return " | ".join([line for line in lines if line][-_ERROR_LINES:])

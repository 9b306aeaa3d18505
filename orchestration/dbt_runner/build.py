"""Build the dbt models of one or several hours: the only module that imports dbt.

dbt runs in the process of the run, so an hour costs about a second. A dbt process would import dbt and the adapter
again for several seconds, and dagster-dbt's `DbtCliResource` starts two: its `dbt --version` queries a package index.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

PROJECT_DIR = Path(__file__).parents[1] / "dbt"
MANIFEST = PROJECT_DIR / "target" / "manifest.json"


class DbtError(Exception):
    """Base of the errors of dbt.

    DbtError
    ├── ManifestMissingError   the project is not parsed yet: run `make setup`
    └── DbtRefusedError        dbt ended before it built anything: profile, project or connection
    """


class ManifestMissingError(DbtError):
    """The project is not parsed."""


class DbtRefusedError(DbtError):
    """dbt ended before it built its first node."""


class Verdict(StrEnum):
    """How one node of a build ended."""

    DONE = "done"
    WARNED = "warned"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class NodeOutcome:
    """The result of one node, such as a model or a test.

    Args:
        unique_id: of dbt, such as `model.hourglass.stg_platform_events`.
        verdict: how it ended; `SKIPPED` when something before it failed.
        seconds: time of its statements.
        message: of dbt, in one line; may be empty.
        failures: rows that a test found; None for a model.
        query_id: Snowflake's id of its last statement.
    """

    unique_id: str
    verdict: Verdict
    seconds: float
    message: str = ""
    failures: int | None = None
    query_id: str | None = None


@dataclass(frozen=True, slots=True)
class DbtModels:
    """The dbt project; one build takes one or several hours.

    Args:
        target_dir: folder of dbt's own files, for one process at a time.
        login_timeout_seconds: of a login.
        network_timeout_seconds: of an answer, repeated requests included.
        project_dir: holds dbt_project.yml and profiles.yml.
    """

    target_dir: Path
    login_timeout_seconds: int = 20
    network_timeout_seconds: int = 60
    project_dir: Path = PROJECT_DIR

    def build(self, hours: Sequence[str], selectors: Sequence[str]) -> tuple[NodeOutcome, ...]:
        """Build models and run their tests for some hours, in the order of their dependencies.

        Args:
            hours: of the form 2025-08-01T03, UTC; at least one, because none would mean every hour.
            selectors: of dbt, one for each model and test.

        Returns:
            One outcome per node that was selected, also after a failure.

        Raises:
            DbtRefusedError: nothing was built.
        """
        if not hours:
            raise DbtRefusedError("dbt was asked to build no hour: name at least one")
        return self._build(selectors, "--vars", json.dumps({"hours": list(hours)}))

    def build_views(self, selectors: Sequence[str]) -> tuple[NodeOutcome, ...]:
        """Build views, which read all hours, as `build` does."""
        return self._build(selectors)

    def _build(self, selectors: Sequence[str], *variables: str) -> tuple[NodeOutcome, ...]:
        if not selectors:
            raise DbtRefusedError("dbt was asked to build nothing: select at least one model")
        from dbt.cli.main import dbtRunner  # noqa: PLC0415 (imports for seconds; only a build pays for it)

        self._limit_waits()
        parsed = self._invoke(dbtRunner(), "parse", "--no-write-json")
        selection = ("--select", *selectors, "--indirect-selection", "empty")
        # with a manifest dbt does not parse again, although the variables differ
        built = self._invoke(dbtRunner(manifest=parsed), "build", "--no-write-json", *variables, *selection)
        return tuple(_outcomes(built))

    def _invoke(self, runner: Any, command: str, *arguments: str) -> Any:
        folders = ("--project-dir", self.project_dir, "--profiles-dir", self.project_dir)
        outputs = ("--target-path", self.target_dir / "target", "--log-path", self.target_dir / "logs")
        answer = runner.invoke([command, *map(str, (*folders, *outputs)), "--no-version-check", *arguments])
        if answer.exception is not None or answer.result is None:
            text = _one_line(answer.exception)
            advice = "check that Snowflake answers, and the settings HOURGLASS_SNOWFLAKE_…"
            raise DbtRefusedError(f"dbt {command} built nothing: {text}; {advice}") from answer.exception
        return answer.result

    def _limit_waits(self) -> None:
        """Set the timeouts of the connector: the adapter passes none, and a lost server is retried forever."""
        from snowflake.connector import connection  # noqa: PLC0415 (dbt imports it, too)

        optional = (type(None), int)
        connection.DEFAULT_CONFIGURATION["login_timeout"] = (self.login_timeout_seconds, optional)
        connection.DEFAULT_CONFIGURATION["network_timeout"] = (self.network_timeout_seconds, optional)


def require_manifest(path: Path = MANIFEST) -> Path:
    """Return the path of the parsed project.

    Raises:
        ManifestMissingError: it is not there.
    """
    if not path.exists():
        raise ManifestMissingError(f"the dbt project is not parsed ({path} is missing): run `make setup`")
    return path


_NOT_BUILT = "no-op"
"""The status of an exposure or a metric, which dbt selects and does not build."""
_VERDICTS = {
    "success": Verdict.DONE,
    "pass": Verdict.DONE,
    "warn": Verdict.WARNED,
    "skipped": Verdict.SKIPPED,
}


def _outcomes(built: Any) -> Iterator[NodeOutcome]:
    # every kind of node: a unit test that failed leaves its model skipped, and nothing else says that the build failed
    for result in built.results:
        if result.status == _NOT_BUILT:
            continue
        yield NodeOutcome(
            unique_id=result.node.unique_id,
            verdict=_VERDICTS.get(str(result.status), Verdict.FAILED),
            seconds=result.execution_time,
            message=_one_line(result.message or ""),
            failures=result.failures if result.node.resource_type == "test" else None,
            query_id=result.adapter_response.get("query_id"),
        )


def _one_line(text: object) -> str:
    return " ".join(str(text).split())

"""Build the dbt models of one hour: the only module that imports dbt.

dbt runs in this process, once per hour: it is parsed already when it starts, so an hour costs about a second. A
process of its own would import dbt and the adapter again for several seconds, and dagster-dbt's `DbtCliResource`
starts two, of which `dbt --version` asks a package index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

PROJECT_DIR = Path(__file__).parents[1] / "dbt"
MANIFEST = PROJECT_DIR / "target" / "manifest.json"


class DbtError(Exception):
    """Something that dbt did not do.

    DbtError
    ├── ManifestMissingError   set-up has not parsed the project: repaired by `make setup`
    └── DbtRefusedError        dbt ended before it built anything: profile, project or connection
    """


class ManifestMissingError(DbtError):
    """The project was never parsed."""


class DbtRefusedError(DbtError):
    """dbt ended before its first node."""


class Verdict(StrEnum):
    """How one node of a build ended."""

    DONE = "done"
    WARNED = "warned"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class NodeOutcome:
    """What dbt said about one model or test.

    Args:
        unique_id: of dbt, such as `model.hourglass.stg_platform_events`.
        verdict: how it ended; `SKIPPED` when something before it failed.
        seconds: time of its statements.
        message: dbt's sentence, one line, empty when there is nothing to say.
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
    """The dbt project, ready to be built hour by hour.

    Args:
        target_dir: folder of dbt's own files; a second process must not use it at the same time.
        login_timeout_seconds: longest wait for a login.
        network_timeout_seconds: longest wait for an answer, repeated requests included.
        project_dir: holds dbt_project.yml and profiles.yml.
    """

    target_dir: Path
    login_timeout_seconds: int = 20
    network_timeout_seconds: int = 60
    project_dir: Path = PROJECT_DIR

    def build(self, hour: str, names: Sequence[str] = ()) -> tuple[NodeOutcome, ...]:
        """Build the models and run their tests for one hour, in the order of their dependencies.

        Args:
            hour: of the form 2025-08-01T03, UTC.
            names: models and tests to build; empty means all.

        Returns:
            One outcome per model and test that was selected, also after a failure.

        Raises:
            DbtRefusedError: nothing was built.
        """
        from dbt.cli.main import dbtRunner  # noqa: PLC0415 (seconds that only a run of dbt should cost)

        self._limit_waits()
        parsed = self._invoke(dbtRunner(), "parse", "--no-write-json")
        selection = ("--select", *names, "--indirect-selection", "empty") if names else ()
        variables = ("--vars", f'{{"hour": "{hour}"}}')
        # given what was parsed, dbt does not parse again although the variables changed
        built = self._invoke(dbtRunner(manifest=parsed), "build", "--no-write-json", *variables, *selection)
        return tuple(_outcomes(built))

    def _invoke(self, runner: Any, command: str, *arguments: str) -> Any:
        folders = ("--project-dir", self.project_dir, "--profiles-dir", self.project_dir)
        outputs = ("--target-path", self.target_dir / "target", "--log-path", self.target_dir / "logs")
        answer = runner.invoke([command, *map(str, (*folders, *outputs)), "--no-version-check", *arguments])
        if answer.exception is not None or answer.result is None:
            said = _one_line(answer.exception)
            advice = "check that Snowflake answers, and the settings HOURGLASS_SNOWFLAKE_…"
            raise DbtRefusedError(f"dbt {command} built nothing: {said}; {advice}") from answer.exception
        return answer.result

    def _limit_waits(self) -> None:
        """Set the connector's limits: the adapter hands none over, and without one a lost server is asked for ever."""
        from snowflake.connector import connection  # noqa: PLC0415 (as above)

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


_VERDICTS = {
    "success": Verdict.DONE,
    "pass": Verdict.DONE,
    "warn": Verdict.WARNED,
    "skipped": Verdict.SKIPPED,
}


def _outcomes(built: Any) -> Iterator[NodeOutcome]:
    for result in built.results:
        if result.node.resource_type in ("model", "seed", "snapshot", "test"):
            yield NodeOutcome(
                unique_id=result.node.unique_id,
                verdict=_VERDICTS.get(str(result.status), Verdict.FAILED),
                seconds=result.execution_time,
                message=_one_line(result.message or ""),
                failures=result.failures if result.node.resource_type == "test" else None,
                query_id=result.adapter_response.get("query_id"),
            )


def _one_line(said: object) -> str:
    return " ".join(str(said).split())

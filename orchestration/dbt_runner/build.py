"""Build the dbt models of one or several hours: the only module that imports dbt.

dbt runs in the process of the run, so an hour costs about a second. A dbt process would import dbt and the adapter
again for several seconds, and dagster-dbt's `DbtCliResource` starts two: its `dbt --version` queries a package index.

A run takes the parse of the run before it, as long as the files of the project are the same, byte for byte.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from orchestration.dbt_runner.views import view_names
from snowflake_components.connection import SnowflakeSettings

PROJECT_DIR = Path(__file__).parents[1] / "dbt"
MANIFEST = PROJECT_DIR / "target" / "manifest.json"
_WRITTEN_BY_DBT = {"target", "logs", ".user.yml"}
_PARSED = "parsed_code"
"""A file with the digest of the project whose parse dbt has kept beside it."""


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
        query_id: Snowflake's id of the statement that wrote its rows, or of its last one.
        rows: that the build wrote into a table; None for a view and for what is no model.
    """

    unique_id: str
    verdict: Verdict
    seconds: float
    message: str = ""
    failures: int | None = None
    query_id: str | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class DbtModels:
    """The dbt project; one build takes one or several hours.

    Args:
        target_dir: folder of dbt's own files, for one process at a time.
        snowflake: address and login; dbt logs in as every other client of the process.
        project_dir: holds dbt_project.yml and profiles.yml.
    """

    target_dir: Path
    snowflake: SnowflakeSettings = field(default_factory=SnowflakeSettings)
    project_dir: Path = PROJECT_DIR

    def of_run(self, tags: Mapping[str, str]) -> DbtModels:
        """Return the project as a run with these tags builds it: a backfill has a warehouse of its own."""
        return replace(self, snowflake=self.snowflake.of_run(tags))

    def build(
        self, hours: Sequence[str], selectors: Sequence[str], run_id: str | None = None
    ) -> tuple[NodeOutcome, ...]:
        """Build models and run their tests for some hours, in the order of their dependencies.

        Args:
            hours: of the form 2025-08-01T03, UTC; at least one, because none would mean every hour.
            selectors: of dbt, one for each model and test.
            run_id: of the Dagster run, for the query tag.

        Returns:
            One outcome per node that was selected, also after a failure.

        Raises:
            DbtRefusedError: nothing was built.
            CredentialError: the login of the settings cannot be used.
        """
        if not hours:
            raise DbtRefusedError("dbt was asked to build no hour: name at least one")
        return self._build(selectors, run_id, "--vars", json.dumps({"hours": list(hours)}))

    def build_whole(self, selectors: Sequence[str], run_id: str | None = None) -> tuple[NodeOutcome, ...]:
        """Build models without naming hours, as `build` does.

        A view reads all hours; a model with the strategy `proven` finds the stale ones.
        """
        return self._build(selectors, run_id)

    def views(self) -> frozenset[str]:
        """Return the names of the views in the schema of the settings; one statement, and no import of dbt."""
        return view_names(self.snowflake)

    def _build(self, selectors: Sequence[str], run_id: str | None, *variables: str) -> tuple[NodeOutcome, ...]:
        if not selectors:
            raise DbtRefusedError("dbt was asked to build nothing: select at least one model")
        from dbt.cli.main import dbtRunner  # noqa: PLC0415 (imports for seconds; only a build pays for it)

        self._limit_waits()
        with _environment(self._variables(None)):
            parsed = self._parse(dbtRunner())
        with _environment(self._variables(run_id)):
            selection = ("--select", *selectors, "--indirect-selection", "empty")
            # with a manifest dbt does not parse again, although the variables differ
            built = self._invoke(dbtRunner(manifest=parsed), "build", "--no-write-json", *variables, *selection)
        return tuple(_outcomes(built))

    def _parse(self, runner: Any) -> Any:
        """Parse the project, in full unless its files are those of the last parse.

        dbt's own partial parse of changed files keeps the references to a model that was disabled. It is in full as
        well when the profile differs, of which the query tag is a part: so no run is named here.
        """
        kept, code = self.target_dir / _PARSED, project_digest(self.project_dir)
        if kept.exists() and kept.read_text() == code:
            return self._invoke(runner, "parse", "--no-write-json")
        kept.unlink(missing_ok=True)
        parsed = self._invoke(runner, "parse", "--no-write-json", "--no-partial-parse")
        kept.write_text(code)
        return parsed

    def _variables(self, run_id: str | None) -> dict[str, str]:
        from snowflake_components.access.environment import dbt_variables  # noqa: PLC0415 (imports cryptography)

        return dbt_variables(self.snowflake, {"run_id": run_id} if run_id else {})

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
        """Set the limits of the connector: the adapter passes none, and a lost server is retried forever."""
        from snowflake.connector import connection  # noqa: PLC0415 (dbt imports it, too)

        from snowflake_components.access.retries import pauses  # noqa: PLC0415

        defaults = connection.DEFAULT_CONFIGURATION
        limits = {
            "login_timeout": self.snowflake.login_timeout_seconds,
            "backoff_policy": partial(pauses, self.snowflake.network_timeout_seconds),
        }
        for name, value in limits.items():
            _, allowed = defaults[name]
            defaults[name] = (value, allowed)


def project_digest(project_dir: Path = PROJECT_DIR) -> str:
    """Return the digest of the files that dbt reads: all but what it writes itself."""
    digest = sha256()
    for path in sorted(project_dir.rglob("*")):
        name = path.relative_to(project_dir)
        if path.is_file() and name.parts[0] not in _WRITTEN_BY_DBT:
            digest.update(f"{name}\0{sha256(path.read_bytes()).hexdigest()}\0".encode())
    return digest.hexdigest()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a block: a profile of dbt reads the environment and nothing else."""
    former = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


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
            rows=result.adapter_response.get("rows_affected") if _has_rows(result.node) else None,
        )


def _has_rows(node: Any) -> bool:
    return node.resource_type in {"model", "seed", "snapshot"} and node.config.materialized != "view"


def _one_line(text: object) -> str:
    return " ".join(str(text).split())

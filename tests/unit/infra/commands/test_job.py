from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from flink_jobs import deploy
from flink_jobs.deploy import ending
from flink_jobs.errors import JobFailedError, UnreachableError
from flink_jobs.settings import StartingOffsets
from infra.commands.job import job

OPTIONS = {
    "--from-ledger": StartingOffsets.LEDGER,
    "--new-topic": StartingOffsets.NEW_TOPIC,
    "--from-offsets": StartingOffsets.GROUP,
}


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_of_a_start_chooses_its_offsets(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(deploy, "start", lambda _settings, *, offsets, **_others: started.append(offsets))
    assert CliRunner().invoke(job, ["start", option]).exit_code == 0
    assert [OPTIONS[option]] == started


@pytest.mark.parametrize("other", ["--from-ledger", "--from-offsets", "--savepoint=s3://b/savepoint-1"])
def test_options_that_begin_elsewhere_exclude_each_other(other: str) -> None:
    refused = CliRunner().invoke(job, ["start", "--new-topic", other])
    assert 2 == refused.exit_code
    assert "exclude each other" in refused.output


def test_a_stop_without_a_savepoint_is_said_and_names_where_the_next_start_continues(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deploy, "cancel", lambda _settings: "s3://b/chk-7")
    monkeypatch.setattr(deploy, "stop", lambda _settings: pytest.fail("no savepoint is asked for"))
    stopped = CliRunner().invoke(job, ["stop", "--without-savepoint"])
    assert 0 == stopped.exit_code
    assert "stopped without a savepoint; the next start continues from s3://b/chk-7\n" == stopped.output


@pytest.mark.parametrize(("options", "expected"), [([], False), (["--without-savepoint"], True)])
def test_a_restart_makes_a_savepoint_unless_it_is_told_not_to(
    options: list[str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(
        deploy, "restart", lambda _settings, *, without_savepoint, **_others: asked.append(without_savepoint)
    )
    assert 0 == CliRunner().invoke(job, ["restart", *options]).exit_code
    assert [expected] == asked


def test_the_status_shows_the_last_failure_although_flink_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_settings: object) -> None:
        raise UnreachableError("no Flink answers")

    at = datetime(2025, 8, 1, 3, 30, tzinfo=UTC)
    monkeypatch.setattr(deploy, "status", away)
    monkeypatch.setattr(
        ending, "ended_with", lambda _: ending.Ending(JobFailedError("the job failed for good"), at, 30)
    )
    shown = CliRunner().invoke(job, ["status", "--json"])
    assert 1 == shown.exit_code
    expected = {"state": "ENDED", "ended": "the job failed for good", "ended_at": str(at), "restarts": 30}
    assert expected == json.loads(shown.output)
    text = CliRunner().invoke(job, ["status"])
    assert 1 == text.exit_code
    assert ["state", "ended", "ended_at", "restarts"] == [line.split()[0] for line in text.output.splitlines()]


@pytest.mark.parametrize(
    ("ended", "code", "printed"),
    [
        (None, 0, ""),
        (ending.Ending(JobFailedError("the job failed for good"), None, 30), 1, "ended: the job failed for good"),
    ],
    ids=["stopped", "failed"],
)
def test_a_start_that_waits_ends_with_the_job(
    ended: ending.Ending | None, code: int, printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the program of a container: its exit code is 0 only after a stop."""
    monkeypatch.setattr(deploy, "start", lambda _settings, **_options: None)
    monkeypatch.setattr(ending, "wait_for_ending", lambda _settings, _clock: ended)
    done = CliRunner().invoke(job, ["start", "--wait"])
    assert code == done.exit_code
    assert printed in done.output

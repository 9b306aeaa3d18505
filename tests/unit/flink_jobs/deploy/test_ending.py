from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flink_jobs import job_log
from flink_jobs.deploy.driver_log import DriverLog
from flink_jobs.deploy.ending import Ending, ended_with, wait_for_ending
from flink_jobs.deploy.process import JobProcess
from flink_jobs.errors import JobCancelledError, JobFailedError, LandingJobError, LeaseLostError
from flink_jobs.settings import LandingSettings
from tests.fakes.clock import FakeClock

AT = datetime(2025, 8, 1, 3, 30, 0, 123000, UTC)
HEAD = "2025-08-01T03:30:00.123Z hourglass:"
JOB_ID, OTHER_ID = "a" * 32, "b" * 32


@pytest.fixture
def settings(tmp_path: Path) -> LandingSettings:
    """A data folder in which a job was started whose process is gone."""
    settings = LandingSettings(_env_file=None, data_dir=tmp_path)
    settings.log_dir.mkdir()
    settings.state_dir.mkdir()
    (settings.state_dir / "process.json").write_text(json.dumps({"pid": os.getpid(), "created": 1.0}))
    return settings


def write(settings: LandingSettings, *lines: str, name: str = job_log.LOG_FILE) -> None:
    (settings.log_dir / name).write_text("".join(f"{line}\n" for line in lines))


def ending(settings: LandingSettings) -> Ending:
    found = ended_with(settings)
    assert found
    return found


def test_a_job_that_failed_too_often_is_shown_with_time_restarts_and_repair(settings: LandingSettings) -> None:
    """Flink is gone then; only its log and the driver's are left. Restarts of former jobs in the log do not count."""
    error = "JobFailedError: the job failed for good: the bucket answered 403 AccessDenied"
    write(settings, f"{HEAD} submitted job {JOB_ID}", f"{HEAD} {error}", "Traceback")
    restarted = "Job landing ({}) switched from state RUNNING to RESTARTING."
    write(settings, *[restarted.format(one) for one in (OTHER_ID, JOB_ID, JOB_ID)], name="flink.log")
    write(settings, restarted.format(JOB_ID), name="flink.log.1")
    found = ending(settings)
    assert (AT, 3) == (found.at, found.restarts)
    assert JobFailedError is type(found.error)
    assert "answered 403 AccessDenied" in str(found.error)
    assert "s3:PutObject" in str(found.error)
    assert str(found.error).endswith("`hourglass job start` continues from the newest restore point")
    assert {"state": "ENDED", "ended": str(found.error), "ended_at": AT, "restarts": 3} == found.as_status()


def test_a_cause_that_flink_writes_to_its_log_alone_is_read_there(settings: LandingSettings) -> None:
    write(settings, f"{HEAD} JobFailedError: the latest checkpoint failed, view the Job Manager log")
    write(settings, "Caused by: java.nio.file.AccessDeniedException: chk-3", name="flink.log")
    assert "AccessDeniedException: chk-3" in str(ending(settings).error)


def test_a_cancelled_job_is_not_a_failed_one(settings: LandingSettings) -> None:
    write(settings, f"{HEAD} JobCancelledError: the job was cancelled, without a savepoint")
    assert isinstance(ending(settings).error, JobCancelledError)


def test_an_error_with_a_repair_of_its_own_stays_as_it_is(settings: LandingSettings) -> None:
    write(settings, f"{HEAD} LeaseLostError: the lease has run out")
    assert (LeaseLostError, "the lease has run out") == (type(ending(settings).error), str(ending(settings).error))


def test_a_stop_and_a_folder_without_a_job_have_no_ending(settings: LandingSettings, tmp_path: Path) -> None:
    write(settings, f"{HEAD} submitted job {JOB_ID}", f"{HEAD} {job_log.STOPPED}")
    assert ended_with(settings) is None
    assert ended_with(LandingSettings(_env_file=None, data_dir=tmp_path / "other")) is None


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("", "as after a kill"),
        ("Terminating due to java.lang.OutOfMemoryError: Java heap space", "HOURGLASS_FLINK_HEAP"),
        ("hourglass: reads\nTraceback\nKeyError: no kind of ours", "KeyError: no kind of ours"),
    ],
)
def test_a_process_that_logged_no_reason_is_told_as_that(settings: LandingSettings, output: str, told: str) -> None:
    write(settings, f"{HEAD} submitted job {JOB_ID}")
    write(settings, output, name="flink.out")
    write(settings, "a line", name="flink.log")
    os.utime(settings.log_dir / "flink.log", (AT.timestamp(), AT.timestamp()))
    assert told in str(ending(settings).error)
    assert ending(settings).at == AT


@pytest.fixture
def logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file to which the driver logs."""
    monkeypatch.setenv("FLINK_LOG_DIR", str(tmp_path))
    job_log.log_beside_flink()
    yield tmp_path / job_log.LOG_FILE
    for handler in [*job_log.LOG.handlers]:
        job_log.LOG.removeHandler(handler)
        handler.close()
    job_log.LOG.setLevel(logging.NOTSET)


def test_what_the_driver_logs_is_read_again(logged: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    job_log.submitted(JOB_ID)
    assert DriverLog(JOB_ID) == DriverLog.read(logged)
    with pytest.raises(SystemExit):
        job_log.exit_with(LeaseLostError("the lease has run out"))
    read = DriverLog.read(logged)
    assert (JOB_ID, LeaseLostError, "the lease has run out") == (read.job_id, type(read.error), str(read.error))
    assert read.ended_at
    assert before <= read.ended_at <= datetime.now(UTC)


def test_a_stop_is_read_again(logged: Path) -> None:
    job_log.stopped()
    assert DriverLog.read(logged).stopped


def test_the_log_of_an_earlier_release_is_read(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("2025-08-01 03:30:00,123 hourglass: KeyError: no kind of ours\n")
    read = DriverLog.read(tmp_path / "log")
    assert LandingJobError is type(read.error)
    assert datetime(2025, 8, 1, 3, 30, 0, 123000).astimezone() == read.ended_at


def test_the_end_of_a_job_is_waited_for(settings: LandingSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    write(settings, f"{HEAD} LeaseLostError: another job holds the stream")
    lives = iter([4711, 4711, None, None])
    monkeypatch.setattr(JobProcess, "find", lambda _self: next(lives))
    clock = FakeClock(AT)
    found = wait_for_ending(settings, clock)
    assert found
    assert LeaseLostError is type(found.error)
    assert [1.0, 1.0] == clock.waits

"""Each stream of the project has a landing job of its own on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from flink_jobs.deploy.process import JobProcess
from flink_jobs.settings import LandingSettings
from infra.local.processes import StackError
from infra.local.settings import LocalSettings
from infra.local.streams import job_variables, landing_settings, streams
from tests.fakes.clock import FakeClock
from tests.fakes.landing import H1


@pytest.fixture(autouse=True)
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalSettings:
    """Set the environment of a local stack."""
    settings = LocalSettings(data_dir=tmp_path, flink_port=18081, dagster_events_flink_port=18082)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    return settings


def jobs() -> list[LandingSettings]:
    return [landing_settings(entry.document) for entry in streams()]


def test_the_first_job_is_that_of_the_settings() -> None:
    """`hourglass job status` without a stream finds it."""
    assert LandingSettings() == jobs()[0]


def test_two_jobs_share_neither_port_nor_file_nor_prefix() -> None:
    """Both run on one machine, over one bucket."""
    for differ in (
        "stream",
        "topic",
        "flink_rest",
        "state_dir",
        "log_dir",
        "job_name",
        "checkpoint_prefix",
        "lease_prefix",
    ):
        assert 2 == len({getattr(job, differ) for job in jobs()}), differ
    assert 1 == len({(job.bucket, job.s3_endpoint, job.kafka_bootstrap_servers) for job in jobs()})
    assert 2 == len({JobProcess(job, FakeClock(H1.start)).log for job in jobs()})


def test_a_command_finds_the_job_of_a_stream_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables make the settings of that job."""
    expected = jobs()[1]
    for name, value in job_variables("dagster_events").items():
        monkeypatch.setenv(name, value)
    assert expected == LandingSettings()


def test_an_unknown_stream_is_named_with_the_known_ones() -> None:
    """The error is one line of the command line."""
    with pytest.raises(StackError, match="describes a stream events; known: dagster_events, platform_events"):
        job_variables("events")


def test_a_document_with_a_mistake_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has file, line and field."""
    monkeypatch.setenv("HOURGLASS_FIRST_HOUR", "yesterday")
    with pytest.raises(StackError, match=r"defs\.yaml:\d+ - attributes\.first_hour: not an hour of the form"):
        streams()

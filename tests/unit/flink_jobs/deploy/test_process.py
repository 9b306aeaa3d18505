from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from flink_jobs.deploy.process import JobProcess, essence, wheel_java_options
from flink_jobs.errors import LandingJobError, LeaseHeldError, SetupError
from flink_jobs.flink.home import assemble
from flink_jobs.flink.jars import LandingJars, jar_version
from flink_jobs.job_log import LOG_FILE
from flink_jobs.settings import FlinkTarget, LandingSettings, StartingOffsets
from tests.fakes.flink import FakeSeconds
from tests.fakes.jars import put_jars, write_jars

SECRET = "canary-4711"


def write_program(file: Path, text: str) -> None:
    """Write an executable program."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def recording_program(tmp_path: Path) -> str:
    """Return a program that records its call, and then waits."""
    return (
        f"#!{sys.executable}\nimport json, os, sys, time\n"
        f"called = [sys.argv[1:], dict(os.environ) | {{'own pid': str(os.getpid())}}]\n"
        f"open({str(tmp_path / 'called.tmp')!r}, 'w').write(json.dumps(called))\n"
        f"os.rename({str(tmp_path / 'called.tmp')!r}, {str(tmp_path / 'called.json')!r})\n"
        "print('ready', flush=True)\ntime.sleep(60)\n"
    )


@pytest.fixture
def settings(tmp_path: Path) -> LandingSettings:
    """A Flink home whose `bin/flink` records its call."""
    write_program(tmp_path / "home/bin/flink", recording_program(tmp_path))
    put_jars(LandingJars.installed(tmp_path / "home"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return LandingSettings(
        _env_file=None,
        data_dir=tmp_path / "data",
        flink_home=tmp_path / "home",
        flink_rest=f"http://127.0.0.1:{port}",
        s3_access_key_id="key",
        s3_secret_access_key=SecretStr(SECRET),
    )


@pytest.fixture
def process(settings: LandingSettings) -> Iterator[JobProcess]:
    process = JobProcess(settings, FakeSeconds())
    yield process
    process.kill()


def wait_for_call(tmp_path: Path, pid: int) -> tuple[list[str], dict[str, str]]:
    while not (tmp_path / "called.json").exists():
        assert psutil.pid_exists(pid)
        os.sched_yield()
    arguments, environment = json.loads((tmp_path / "called.json").read_text())
    return arguments, environment


def test_it_starts_in_a_session_of_its_own_and_is_found_by_another_command(
    settings: LandingSettings, process: JobProcess, tmp_path: Path
) -> None:
    pid = process.start("s3://b/chk-1", StartingOffsets.EARLIEST)
    arguments, environment = wait_for_call(tmp_path, pid)
    expected = ["run", "-t", "local", "-s", "s3://b/chk-1", "-pyclientexec", sys.executable, "-py"]
    assert expected == arguments[:-1]
    assert "landing_job.py" == Path(arguments[-1]).name
    assert "earliest" == environment["HOURGLASS_STARTING_OFFSETS"]
    assert pid == os.getsid(pid) == JobProcess(settings, FakeSeconds()).find()
    process.kill()
    assert JobProcess(settings, FakeSeconds()).find() is None


def test_flinks_own_program_becomes_java_with_our_options_and_those_of_its_variables(
    settings: LandingSettings, process: JobProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The started process is the Java process, without a shell around it, and its command line holds no secret."""
    shutil.rmtree(settings.flink_home / "bin")
    jars = write_jars(tmp_path / "build")
    assemble(settings.flink_home, lib_jars=[], s3_jars=[jars.uploads], landing_jar=jars.operator)
    java = str(shutil.which("java"))
    write_program(tmp_path / "recording", recording_program(tmp_path))
    write_program(
        tmp_path / "jdk/bin/java",
        f'#!/bin/sh\ncase "$*" in *CliFrontend*) exec {tmp_path / "recording"} "$@" ;; esac\nexec {java} "$@"\n',
    )
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    monkeypatch.setenv("FLINK_ENV_JAVA_OPTS", "-Dtheirs=1")
    monkeypatch.setenv("HADOOP_CLASSPATH", "/hadoop/conf")
    pid = process.start(None, StartingOffsets.GROUP)
    arguments, environment = wait_for_call(tmp_path, pid)
    client = arguments.index("org.apache.flink.client.cli.CliFrontend")
    options = arguments[:client]
    assert {"-Dtheirs=1", "-Xmx768m", "-XX:+UseSerialGC", "--add-opens=java.base/java.lang=ALL-UNNAMED"} < set(options)
    assert {str(LandingJars.installed(settings.flink_home).operator), "/hadoop/conf"} < set(
        options[options.index("-classpath") + 1].split(":")
    )
    assert (str(pid), []) == (environment["own pid"], psutil.Process(pid).children())
    assert SECRET not in str((arguments, environment))
    assert pid == JobProcess(settings, FakeSeconds()).find()


def test_the_secret_is_in_one_file_that_only_its_owner_reads(
    settings: LandingSettings, process: JobProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other users can read command lines and environments of processes; logs are copied."""
    for name in ("S3_SECRET_ACCESS_KEY", "KAFKA_SASL_PASSWORD", "SNOWFLAKE_PASSWORD"):
        monkeypatch.setenv(f"HOURGLASS_{name}", SECRET)
    pid = process.start(None, StartingOffsets.GROUP)
    assert SECRET not in str(wait_for_call(tmp_path, pid))
    holders = [file for file in settings.data_dir.rglob("*") if file.is_file() and SECRET.encode() in file.read_bytes()]
    assert [settings.state_dir / "conf/config.yaml"] == holders
    assert 0o600 == stat.S_IMODE(holders[0].stat().st_mode)


def test_passwords_of_kafka_reach_the_job_as_files_of_their_owner(settings: LandingSettings, tmp_path: Path) -> None:
    """Flink stores and shows the settings of a job, so they name the files. A start without passwords removes these."""
    passwords = {"kafka_sasl_password": SecretStr(SECRET), "kafka_ssl_key_password": SecretStr(f"{SECRET} of the key")}
    process = JobProcess(settings.model_copy(update=passwords), FakeSeconds())
    called = wait_for_call(tmp_path, process.start(None, StartingOffsets.GROUP))
    process.kill()
    files = {name: Path(called[1][f"HOURGLASS_{name.upper()}_FILE"]) for name in passwords}
    assert SECRET not in str(called)
    assert [SECRET, f"{SECRET} of the key"] == [file.read_text() for file in files.values()]
    assert {(0o600, 0o700)} == {
        (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) for file in files.values()
    }
    process = JobProcess(settings, FakeSeconds())
    process.start(None, StartingOffsets.GROUP)
    process.kill()
    assert [] == [file for file in files.values() if file.exists()]


def test_the_client_of_a_cluster_shares_its_port_and_submits_the_job_there(
    settings: LandingSettings, tmp_path: Path
) -> None:
    """The port is in use because the cluster listens on it."""
    process = JobProcess(settings.model_copy(update={"flink_target": FlinkTarget.SESSION}), FakeSeconds())
    with socket.socket() as cluster:
        cluster.bind(("127.0.0.1", settings.rest_port))
        cluster.listen()
        arguments, _ = wait_for_call(tmp_path, process.start("s3://b/chk-1", StartingOffsets.EARLIEST))
    process.kill()
    assert ["run", "-t", "remote", "-s", "s3://b/chk-1"] == arguments[:5]


def test_passwords_for_a_cluster_are_files_already(settings: LandingSettings) -> None:
    """Files that a start writes are on one machine only."""
    changes = {"flink_target": FlinkTarget.SESSION, "kafka_sasl_password": SecretStr(SECRET)}
    with pytest.raises(SetupError, match="HOURGLASS_KAFKA_SASL_PASSWORD_FILE"):
        JobProcess(settings.model_copy(update=changes), FakeSeconds()).start(None, StartingOffsets.GROUP)


def test_a_pid_that_was_given_away_again_is_not_the_job(settings: LandingSettings) -> None:
    settings.state_dir.mkdir(parents=True)
    (settings.state_dir / "process.json").write_text(json.dumps({"pid": os.getpid(), "created": 1.0}))
    assert JobProcess(settings, FakeSeconds()).find() is None


def test_a_port_in_use_names_the_port_and_the_setting(settings: LandingSettings, process: JobProcess) -> None:
    """A leftover server would answer for the new one."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.rest_port))
        other.listen()
        with pytest.raises(SetupError, match=f"port {settings.rest_port} is in use.*HOURGLASS_FLINK_REST"):
            process.start(None, StartingOffsets.GROUP)


def test_a_home_that_is_not_there_names_the_repair(settings: LandingSettings, tmp_path: Path) -> None:
    absent = settings.model_copy(update={"flink_home": tmp_path / "absent"})
    with pytest.raises(SetupError, match="make setup"):
        JobProcess(absent, FakeSeconds()).start(None, StartingOffsets.GROUP)


def test_the_causes_are_picked_out_of_a_stack_trace() -> None:
    trace = "Traceback\n  File x\nOuter: failed\n\tat a.B.c(B.java:1)\nCaused by: Inner: why\n\tat d\n\t... 15 more\n"
    assert "Caused by: Inner: why" == essence(trace * 2)
    assert "one\ntwo" == essence("one\n\ntwo\n")
    assert "" == essence("")


def test_the_options_of_the_wheel_are_required() -> None:
    """Without them Java 17 refuses the reflection that Flink needs."""
    assert "--add-opens=x" == wheel_java_options("env:\n  java:\n    opts:\n      all: --add-opens=x\n")
    with pytest.raises(SetupError):
        wheel_java_options("env: {}\n")


def test_the_jar_that_runs_is_kept_when_a_build_replaces_it(
    settings: LandingSettings, process: JobProcess, tmp_path: Path
) -> None:
    """A failed upgrade needs it to go back."""
    process.start(None, StartingOffsets.GROUP)
    started = jar_version(LandingJars.installed(tmp_path / "home"))
    put_jars(LandingJars.installed(tmp_path / "home"), operator=b"next", uploads=b"next")
    kept = JobProcess(settings, FakeSeconds()).jars()
    assert kept
    assert started == jar_version(kept)


def test_the_error_of_the_driver_is_known_by_its_kind(settings: LandingSettings, process: JobProcess) -> None:
    assert process.driver_error() is None
    settings.log_dir.mkdir(parents=True)
    log = settings.log_dir / LOG_FILE
    head = "2025-08-01 03:30:00,123 hourglass"
    log.write_text(f"{head}: aborted 2 uploads\n{head}: LeaseHeldError: x holds it\nTraceback\n")
    assert isinstance(process.driver_error(), LeaseHeldError)
    assert "x holds it" == str(process.driver_error())
    log.write_text(f"{head}: KeyError: no kind of ours\n")
    assert LandingJobError is type(process.driver_error())

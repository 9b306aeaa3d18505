"""The landing job's processes on this machine: Java and its Python driver, in a session of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil

import flink_jobs
from flink_jobs.contracts.clock import Clock
from flink_jobs.deploy.driver_log import DriverLog, append_stop
from flink_jobs.errors import LandingJobError, SetupError
from flink_jobs.flink.config import cluster_config, flink_config, logging_config
from flink_jobs.flink.home import wheel_home
from flink_jobs.flink.jars import LandingJars, keep
from flink_jobs.job_log import LOG_FILE
from flink_jobs.process_identity import find_process
from flink_jobs.settings import FlinkTarget, LandingSettings, StartingOffsets

LINES_SHOWN = 6
KILL_SECONDS_MAX = 10.0
PORT_SECONDS_MAX = 5.0
POLL_SECONDS = 0.2
PROJECT = Path(flink_jobs.__file__).resolve().parents[1]
_STARTED: list[subprocess.Popen[bytes]] = []
"""Children of this process; the job outlives it, and a `Popen` that is collected before its child ends warns."""
_SECRET_WORDS = ("ACCESS_KEY", "PASSWORD", "PASSPHRASE", "PRIVATE_KEY", "SECRET", "TOKEN")
"""A variable of ours with such a word in its name is not passed to the job's processes."""


class JobProcess:
    """Starts, finds and ends the job of one data folder. Its process is the Java process, which leads their group."""

    def __init__(self, settings: LandingSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._file = settings.state_dir / "process.json"
        self._child: subprocess.Popen[bytes] | None = None
        self.log = settings.log_dir / "flink.log"
        self._output = settings.log_dir / "flink.out"
        self._driver_log = settings.log_dir / LOG_FILE

    def find(self) -> int | None:
        """Return the pid of the running process, which is also the id of its process group."""
        for child in _STARTED:
            child.poll()
        try:
            known = json.loads(self._file.read_text())
        except FileNotFoundError:
            return None
        process = find_process(known["pid"], known["created"])
        return process.pid if process else None

    def start(self, restore_path: str | None, starting_offsets: StartingOffsets) -> int:
        """Write the configuration and start Flink with the job.

        Raises:
            SetupError: there is no Flink home, or the REST port is taken.
        """
        self._require_home()
        if self._settings.flink_target is FlinkTarget.LOCAL:
            self._require_free_port()
        jars = keep(LandingJars.installed(self._settings.flink_home), self._settings.jar_dir)
        conf_dir = self._write_configuration()
        self._driver_log.unlink(missing_ok=True)
        with self._output.open("wb") as output:
            self._child = subprocess.Popen(
                self._command(restore_path),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment(conf_dir, restore_path, starting_offsets),
                start_new_session=True,
            )
        _STARTED.append(self._child)
        pid = self._child.pid
        created = psutil.Process(pid).create_time()
        self._file.write_text(json.dumps({"pid": pid, "created": created, "jar": str(jars.operator)}))
        return pid

    def jars(self) -> LandingJars | None:
        """Return the copies of the landing jars that the newest process was started with."""
        try:
            known = json.loads(self._file.read_text()).get("jar")
        except FileNotFoundError:
            return None
        kept = LandingJars.of_build(Path(known)) if known else None
        return kept if kept and kept.uploads.exists() else None

    def kill(self) -> None:
        """Kill the process group, wait until it has ended, and log that this was asked for."""
        pid = self.find()
        if pid is None:
            return
        leader = psutil.Process(pid)
        os.killpg(pid, signal.SIGKILL)
        if self._child:
            self._child.wait()
        else:
            psutil.wait_procs([leader], timeout=KILL_SECONDS_MAX)
        append_stop(self._driver_log, self._clock.utc_now())

    def driver_error(self) -> LandingJobError | None:
        """Return the error with which the job's driver ended: it refused to start, or ended the job."""
        return self.driver_log().error

    def driver_log(self) -> DriverLog:
        """Read what the newest job's driver logged."""
        return DriverLog.read(self._driver_log)

    @property
    def was_started(self) -> bool:
        """Whether a job was ever started here."""
        return self._file.exists()

    def restarts(self, job_id: str) -> int:
        """Count in the logs how often Flink restarted a job on this machine."""
        sign = f"({job_id}) switched from state RUNNING to RESTARTING"
        return sum(_read(file).count(sign) for file in self.log.parent.glob(f"{self.log.name}*"))

    def output(self) -> str:
        """Return what the process printed."""
        return _read(self._output)

    def newest_causes(self) -> str:
        """Return the last causes in the log of a job on this machine; nothing for one on a cluster."""
        lines = _read(self.log).splitlines()
        causes = list(dict.fromkeys(line for line in lines if line.startswith("Caused by: ")))
        return "\n".join(causes[-LINES_SHOWN:])

    def why_it_ended(self) -> str:
        """Return the lines of the process' output, or of its log, with the causes of its end."""
        return essence(_read(self._output)) or essence(_read(self.log))

    def _require_home(self) -> None:
        if not (self._settings.flink_home / "bin" / "flink").exists():
            raise SetupError(
                f"no Flink home at {self._settings.flink_home}: run `make setup`, or set HOURGLASS_FLINK_HOME"
            )

    def _require_free_port(self) -> None:
        """Wait a little for the port: a killed process releases it shortly after its end."""
        started = self._clock.monotonic()
        while not _is_free(self._settings.rest_port):
            if self._clock.monotonic() - started > PORT_SECONDS_MAX:
                raise SetupError(
                    f"port {self._settings.rest_port} is in use: end its owner, or set another in HOURGLASS_FLINK_REST"
                )
            self._clock.sleep(POLL_SECONDS)

    def _write_configuration(self) -> Path:
        conf_dir = self._settings.state_dir / "conf"
        for folder in (conf_dir, self._settings.state_dir / "tmp", self._settings.log_dir):
            folder.mkdir(parents=True, exist_ok=True)
        _write_secret(conf_dir / "config.yaml", flink_config(self._settings, _installed_java_options()))
        (conf_dir / "log4j-cli.properties").write_text(logging_config(self._settings.log_format))
        return conf_dir

    def _write_passwords(self) -> dict[str, str]:
        """Write the passwords of Kafka to files of their own; return the variables that name them.

        Raises:
            SetupError: a cluster's machines would not find them.
        """
        settings = self._settings
        if settings.flink_target is FlinkTarget.SESSION:
            if settings.kafka_sasl_password or settings.kafka_ssl_key_password:
                raise SetupError(
                    "on a cluster the passwords of Kafka are in files, which every machine has under the same name: "
                    "set HOURGLASS_KAFKA_SASL_PASSWORD_FILE, HOURGLASS_KAFKA_SSL_KEY_PASSWORD_FILE"
                )
            return {}
        given = {"sasl_password": settings.kafka_sasl_password, "ssl_key_password": settings.kafka_ssl_key_password}
        variables = {}
        for name, password in given.items():
            file = settings.state_dir / "secrets" / f"kafka_{name}"
            file.unlink(missing_ok=True)
            if password is not None:
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _write_secret(file, password.get_secret_value())
                variables[f"HOURGLASS_KAFKA_{name.upper()}_FILE"] = str(file)
        return variables

    def _command(self, restore_path: str | None) -> list[str]:
        """Return the command line of Flink's client, a shell program that ends with `exec java`: the pid stays."""
        flink = str(self._settings.flink_home.absolute() / "bin" / "flink")
        target = "remote" if self._settings.flink_target is FlinkTarget.SESSION else "local"
        restore = ["-s", restore_path] if restore_path else []
        job = str(Path(flink_jobs.__file__).with_name("landing_job.py").absolute())
        return [flink, "run", "-t", target, *restore, "-pyclientexec", sys.executable, "-py", job]

    def _environment(
        self, conf_dir: Path, restore_path: str | None, starting_offsets: StartingOffsets
    ) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not _is_secret(name)}
        home = self._settings.flink_home.absolute()
        return (
            inherited
            | self._settings.model_copy(update={"restored_from": restore_path}).job_environment()
            | self._write_passwords()
            | {
                "HOURGLASS_STARTING_OFFSETS": starting_offsets,
                "FLINK_HOME": str(home),
                "FLINK_CONF_DIR": str(conf_dir),
                "FLINK_LOG_DIR": str(self._settings.log_dir),
                "FLINK_LIB_DIR": str(home / "lib"),
                "FLINK_OPT_DIR": str(home / "opt"),
                "FLINK_PLUGINS_DIR": str(home / "plugins"),
                "MALLOC_ARENA_MAX": "2",  # by default the C library keeps memory for each of a hundred threads
                "PYTHONPATH": str(PROJECT),
            }
        )


def write_cluster_config(settings: LandingSettings, file: Path) -> None:
    """Write the configuration that every machine of a cluster needs, to a file for its owner alone."""
    file.parent.mkdir(parents=True, exist_ok=True)
    _write_secret(file, cluster_config(settings, _installed_java_options()))


def _installed_java_options() -> str:
    return wheel_java_options((wheel_home() / "conf/config.yaml").read_text())


def wheel_java_options(config: str) -> str:
    """Find `env.java.opts.all` in the wheel's `config.yaml`."""
    for line in config.splitlines():
        name, _, value = line.strip().partition(":")
        if name == "all":
            return value.strip()
    raise SetupError(
        "the installed apache-flink has no env.java.opts.all in its config.yaml: install the locked version"
    )


def essence(output: str) -> str:
    """Pick the causes out of stack traces; without any, the last lines."""
    lines = [line for line in output.splitlines() if line.strip() and not line.startswith(("\tat ", "\t..."))]
    causes = list(dict.fromkeys(line for line in lines if line.startswith("Caused by: ")))
    return "\n".join((causes or lines)[-LINES_SHOWN:])


def _is_secret(variable: str) -> bool:
    return variable.startswith("HOURGLASS_") and any(word in variable for word in _SECRET_WORDS)


def _write_secret(file: Path, text: str) -> None:
    """Write a file that was never readable for others, not even while it was empty."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except FileNotFoundError:
        return ""

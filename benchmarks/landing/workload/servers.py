"""The broker and the S3 server that all peers share; they run in the background and no peer pays for them.

The S3 server is versitygw where Go can install it: it is faster, so that it does not limit the peers, and it logs each
request. Otherwise, and for every killed run, it is the s3proxy of the local stack: versitygw makes an object of the
received part of an interrupted PUT, which S3 never does (its issue 2414). The results name the server.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.landing.settings import BenchmarkSettings
from infra.local.processes import ProcessTable, Program, StackError, port_answers, wait_until_healthy
from infra.local.servers import broker, object_store
from infra.local.settings import LOOPBACK

VERSITYGW = "v1.7.0"
S3_NAMES = ("versitygw", "s3")
Report = Callable[[str], None]


@contextmanager
def running_servers(settings: BenchmarkSettings, report: Report) -> Iterator[None]:
    """Start the servers that are not running, and stop those at the end; for one command at a time."""
    with alone(settings):
        started = start_servers(settings, report)
        try:
            yield
        finally:
            stop_servers(settings, started)


@contextmanager
def alone(settings: BenchmarkSettings) -> Iterator[None]:
    """Lock the folder: another command would distort the measurement and stop its servers.

    Raises:
        StackError: another command is running; the message names it.
    """
    settings.folder.mkdir(parents=True, exist_ok=True)
    with (settings.folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StackError(
                f"process {lock.read()} measures in {settings.folder}: wait for its end, or stop it"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def start_servers(settings: BenchmarkSettings, report: Report) -> list[str]:
    """Start the servers that are not running and return their names; stop the other S3 server."""
    install_s3_server(settings, report)
    table = ProcessTable(settings.folder)
    wanted = _programs(settings)
    stop_servers(settings, [name for name in S3_NAMES if name not in [program.name for program in wanted]])
    absent = [program for program in wanted if table.find(program.name) is None]
    for program in absent:
        report(f"starting {program.name}")
    pairs = [(program, table.start(program)) for program in absent]
    for program, running in pairs:
        wait_until_healthy(program, running)
    return [program.name for program in absent]


def stop_servers(settings: BenchmarkSettings, names: list[str]) -> None:
    """Stop servers by their names, whichever command started them."""
    table = ProcessTable(settings.folder)
    for name in names:
        table.stop(name)


def server_names(settings: BenchmarkSettings) -> list[str]:
    """Return the names of all servers that may run, in the order of their stop."""
    return [*S3_NAMES, broker.program(settings.local).name]


def server_versions(settings: BenchmarkSettings) -> dict[str, str]:
    """Return the servers' versions, for the header of the results."""
    jar = next((settings.local.runtime_dir / "broker").glob("kafka_2.13-*.jar"))
    s3 = f"versitygw {VERSITYGW}" if _is_versitygw(settings) else "s3proxy"
    return {"broker": f"Apache Kafka {jar.stem.rpartition('-')[2]}, one node", "s3": f"{s3}, one node"}


def access_log(settings: BenchmarkSettings) -> Path | None:
    """Return the access log of the S3 server; None if it writes no log."""
    return settings.folder / "s3" / "access.log" if _is_versitygw(settings) else None


def install_s3_server(settings: BenchmarkSettings, report: Report) -> None:
    """Install versitygw if Go is installed."""
    target = _versitygw(settings)
    if target.exists() or settings.s3_whole or shutil.which("go") is None:
        return
    report(f"installing versitygw {VERSITYGW}, which takes minutes")
    command = ["go", "install", f"github.com/versity/versitygw/cmd/versitygw@{VERSITYGW}"]
    target.parent.mkdir(parents=True, exist_ok=True)
    environment = {"GOBIN": str(target.parent.absolute())}
    if subprocess.run(
        ["env", *(f"{name}={value}" for name, value in environment.items()), *command], check=False
    ).returncode:
        raise StackError(
            f"versitygw cannot be installed: see above, or take `go` off the path to use s3proxy ({command})"
        )


def _versitygw(settings: BenchmarkSettings) -> Path:
    return settings.folder / "bin" / "versitygw"


def _is_versitygw(settings: BenchmarkSettings) -> bool:
    return _versitygw(settings).exists() and not settings.s3_whole


def _programs(settings: BenchmarkSettings) -> list[Program]:
    local = settings.local
    broker.prepare(local)
    if _is_versitygw(settings):
        return [broker.program(local), versitygw_program(settings)]
    object_store.prepare(local)
    return [broker.program(local), object_store.program(local, heap_max="1g")]  # a PUT of the naive peer is 92 MB


def versitygw_program(settings: BenchmarkSettings) -> Program:
    """Return the program of versitygw; its buckets are folders below `s3/versitygw`."""
    local = settings.local
    root = settings.folder.absolute() / "s3" / "versitygw"
    root.mkdir(parents=True, exist_ok=True)
    return Program(
        name="versitygw",
        command=[
            str(_versitygw(settings).absolute()),
            *("--port", f"{LOOPBACK}:{settings.s3_port}"),
            *("--access-log", str(settings.folder.absolute() / "s3" / "access.log")),
            *("--region", local.s3_region, "--keep-alive", "--quiet"),
            *("posix", str(root)),
        ],
        environment={
            "ROOT_ACCESS_KEY_ID": local.s3_access_key_id,
            "ROOT_SECRET_ACCESS_KEY": local.s3_secret_access_key.get_secret_value(),
        },
        healthy=lambda: port_answers(settings.s3_port),
        port=settings.s3_port,
    )

"""Install jars by their coordinates, and run programs to their end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from benchmarks.landing.peer import PeerFailed, Task
from flink_jobs.deploy.process import essence


def made_once(target: Path, sources: Sequence[Path], make: Callable[[], None]) -> None:
    """Make a folder unless it was made from the same sources before; make it again if it is incomplete."""
    digest = sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    stamp = target / ".made-of"
    if stamp.exists() and stamp.read_text() == digest:
        return
    target.mkdir(parents=True, exist_ok=True)
    make()
    stamp.write_text(digest)


def install_jars(folder: Path, pom: Path) -> None:
    """Copy the jars that a pom names."""
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder.absolute()}"]
    made_once(folder, [pom], lambda: call(["mvn", "-q", "-B", "-ntp", "-f", str(pom), *goal]))


def call(command: Sequence[str]) -> None:
    """Run an installer to its end.

    Raises:
        PeerFailed: it ended with an error; the message holds the essence of its output.
    """
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    if done.returncode:
        raise PeerFailed(f"`{' '.join(command)}` failed:\n{essence(done.stdout)}")


def run_program(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    meanwhile: Callable[[subprocess.Popen[bytes]], None] = lambda _process: None,
) -> None:
    """Run a peer's program to its end; its output is appended to the log.

    Args:
        command: argument list.
        environment: all of its variables.
        log: file of its output.
        meanwhile: called once it runs, for example to end it.

    Raises:
        PeerFailed: it ended with an error or was killed; the message holds the essence of its log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
    meanwhile(process)
    if code := process.wait():
        why = essence(log.read_text(errors="replace"))
        raise PeerFailed(f"{Path(command[0]).name} ended with {code}:\n{why}\n(log: {log})")


def task_environment(task: Task) -> dict[str, str]:
    """Return the task of a peer's program as environment variables; keys have the names that every S3 client reads."""
    return {
        **os.environ,
        "AWS_ACCESS_KEY_ID": task.s3_access_key_id,
        "AWS_SECRET_ACCESS_KEY": task.s3_secret_access_key,
        "AWS_REGION": task.s3_region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PEER_BOOTSTRAP_SERVERS": task.bootstrap_servers,
        "PEER_TOPIC": task.topic,
        "PEER_GROUP": group(task),
        "PEER_CODEC": task.codec,
        "PEER_BUCKET": task.bucket,
        "PEER_PREFIX": task.prefix,
        "PEER_S3_ENDPOINT": task.s3_endpoint,
        "PEER_WORK_DIR": str(task.work_dir.absolute()),
        "PEER_ROLL_SECONDS": str(task.roll_seconds),
    }


def group(task: Task) -> str:
    """Return the consumer group of a task; each task on a topic has its own committed offsets."""
    return f"{task.bucket}-{task.prefix}".strip("/").replace("/", "-")

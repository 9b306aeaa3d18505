"""The seam: the task of every peer, and the interface of a peer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CODECS = ("zstd-1", "gzip-1", "plain")


class PeerFailed(Exception):
    """A process of the peer ended before its work did."""


@dataclass(frozen=True)
class Task:
    """Land every record of one topic below one prefix.

    Attributes:
        bootstrap_servers: The broker, as host:port.
        topic: Its name.
        partitions: How many the topic has.
        records: How many the topic holds, all partitions together; it is complete and does not grow.
        codec: One of `CODECS`.
        bucket: Exists already.
        prefix: Empty at the start; ends with a slash. A peer writes nothing outside it.
        s3_endpoint: Plain http, path-style addresses.
        s3_region: Its name.
        s3_access_key_id: Of the S3 server.
        s3_secret_access_key: Of the S3 server.
        work_dir: A folder for this measurement only, kept between a kill and the next call: state, checkpoints, logs.
        install_dir: The folder in which `install` put the peer.
        roll_seconds: Longest time between two closed files, or between two checkpoints.
    """

    bootstrap_servers: str
    topic: str
    partitions: int
    records: int
    codec: str
    bucket: str
    prefix: str
    s3_endpoint: str
    s3_region: str
    s3_access_key_id: str
    s3_secret_access_key: str
    work_dir: Path
    install_dir: Path
    roll_seconds: int


class Peer(Protocol):
    """One way to land a topic in hourly directories of a bucket.

    Attributes:
        name: As in the tables.
        codecs: Those that it can write.
        versions: Of the parts that decide its speed, for the header of the results.
    """

    name: str
    codecs: frozenset[str]
    versions: dict[str, str]

    def install(self, folder: Path) -> None:
        """Install it below one folder from the ordinary registries, pinned; do nothing if it is installed."""

    def run(self, task: Task) -> None:
        """Land all records; return when everything is visible and every process has ended.

        A second call for the same task, after its processes were killed, continues where the first one ended.

        Raises:
            PeerFailed: One of its processes ended before all was landed.
        """

    def hour_of(self, key: str) -> str | None:
        """Return the hour of the records of one object as `2025-08-01T03`; None when the object holds no records."""

    def visible_objects(self, task: Task, keys: Sequence[str]) -> list[str]:
        """Return those of the listed keys that a reader of this peer's output must read.

        These are all keys for a peer whose objects are final once listed, and the keys in the log for a peer that keeps
        a log of its output.
        """

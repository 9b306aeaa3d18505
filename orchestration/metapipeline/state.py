"""What is kept between two runs: small files by name, in a folder or below a prefix of a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Protocol

from orchestration.files import replace_file
from orchestration.metapipeline.errors import StateError


class Kept(NamedTuple):
    """A file as it was read; its version is compared and never interpreted."""

    content: bytes
    version: str


class State(Protocol):
    """Where files are kept. Names are relative paths, such as `reports/mode-acme.json`."""

    def read(self, name: str) -> Kept | None:
        """Read a file; None when there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Store a file, whole or not at all, whatever is there."""
        ...

    def replace(self, name: str, content: bytes, version: str | None) -> str:
        """Store a file over the version that was read, None for no file, and return the new version.

        Raises:
            StateError: another run changed it since.
        """
        ...

    def address(self, name: str) -> str:
        """Return where people find a file."""
        ...


@dataclass(frozen=True, slots=True)
class FolderState:
    """Files in a folder, which need not exist. A lock keeps the runs of one machine apart while a file is replaced."""

    folder: Path

    def read(self, name: str) -> Kept | None:
        """Read a file."""
        try:
            content = (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None
        return Kept(content, sha256(content).hexdigest())

    def write(self, name: str, content: bytes) -> None:
        """Store a file durably."""
        replace_file(self.folder / name, content)

    def replace(self, name: str, content: bytes, version: str | None) -> str:
        """Compare with the present file, and store the new one."""
        with self._locked():
            kept = self.read(name)
            if (kept.version if kept else None) != version:
                raise StateError(_changed(self.address(name)))
            self.write(name, content)
        return sha256(content).hexdigest()

    def address(self, name: str) -> str:
        """Return the path of a file."""
        return str(self.folder / name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as file:
            flock(file, LOCK_EX)
            yield


class Objects(Protocol):
    """What is needed of a bucket; an ETag is the version of an object."""

    @property
    def name(self) -> str:
        """The bucket, for addresses."""
        ...

    def get_versioned(self, key: str) -> tuple[bytes, str] | None:
        """Fetch an object with its ETag; None when there is none."""
        ...

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever is there."""
        ...

    def put_over(self, key: str, body: bytes, etag: str | None) -> str | None:
        """Write over one version, None for no object; return the new ETag, None when another version is there."""
        ...


@dataclass(frozen=True, slots=True)
class BucketState:
    """Objects below a prefix, which is empty or ends with a slash."""

    bucket: Objects
    prefix: str

    def read(self, name: str) -> Kept | None:
        """Fetch an object."""
        found = self.bucket.get_versioned(self.prefix + name)
        return None if found is None else Kept(*found)

    def write(self, name: str, content: bytes) -> None:
        """Write an object."""
        self.bucket.put(self.prefix + name, content)

    def replace(self, name: str, content: bytes, version: str | None) -> str:
        """Write on the condition of the version; the server compares."""
        written = self.bucket.put_over(self.prefix + name, content, version)
        if written is not None:
            return written
        kept = self.read(name)
        if kept is None or kept.content != content:
            raise StateError(_changed(self.address(name)))
        return kept.version  # the answer to our own write was lost, and the client wrote again

    def address(self, name: str) -> str:
        """Return the URL of an object."""
        return f"s3://{self.bucket.name}/{self.prefix}{name}"


def _changed(address: str) -> str:
    return f"another run changed {address} since this one read it: run again when the other one has ended"

"""Files of a container that its own user alone can read."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass

from docker.models.containers import Container
from testcontainers.core.docker_client import DockerClient

MODE = 0o600


@dataclass(frozen=True, slots=True)
class OwnedFile:
    """A file with mode 0600.

    Args:
        path: in the container, absolute.
        content: of it; kept out of `repr`, because it may be a secret.
        uid: of the image's user.
    """

    path: str
    content: bytes
    uid: int

    def __repr__(self) -> str:
        """Return path and owner alone."""
        return f"OwnedFile({self.path!r}, uid={self.uid})"


class OwningClient(DockerClient):
    """A client that puts files into a container before it starts; testcontainers' own copies belong to root."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[OwnedFile] = []

    def start(self, container: Container) -> None:
        """Put the files into a container that was created, and start it.

        Raises:
            OSError: the engine did not take them.
        """
        if self.files and not container.put_archive("/", archive(self.files)):
            raise OSError(f"no files could be put into {container.name}")
        super().start(container)


def archive(files: list[OwnedFile]) -> bytes:
    """Return a tar archive of files, as an engine unpacks it at the root of a container."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for file in files:
            info = tarfile.TarInfo(file.path.lstrip("/"))
            info.size, info.mode, info.uid = len(file.content), MODE, file.uid
            tar.addfile(info, io.BytesIO(file.content))
    return packed.getvalue()

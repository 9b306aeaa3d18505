"""The relay's cursor: the acked position in the log of an instance, in a file that is replaced atomically."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from producers.dagster.log import LogPosition
from producers.events import describe_errors


class RelayCursorError(Exception):
    """A cursor file cannot be used; the message names the file and the repair."""


class _CursorFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    instance: str
    ids: dict[str, int]
    settled_until: AwareDatetime | None = None


class RelayCursor:
    """The stored position in the log of one instance.

    Args:
        path: of the file, which need not exist. Only one relay may use it at a time.
        instance: id of the instance; the file of another instance is refused and not overwritten.
    """

    def __init__(self, path: Path, instance: str) -> None:
        self._path = path
        self._instance = instance

    def read(self) -> LogPosition:
        """Read the position; without a file, the beginning of the log.

        Raises:
            RelayCursorError: the file is not a cursor, or belongs to another instance.
        """
        try:
            content = _CursorFile.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return LogPosition()
        except ValidationError as exc:
            raise RelayCursorError(
                f"{self._path} is not a cursor of the relay ({describe_errors(exc)}): move it away to relay the whole "
                "log again with the same event ids"
            ) from exc
        if content.instance != self._instance:
            raise RelayCursorError(
                f"{self._path} belongs to Dagster instance {content.instance}, this is {self._instance}: "
                "choose another file with --cursor"
            )
        return LogPosition(content.ids, content.settled_until)

    def write(self, position: LogPosition) -> None:
        """Replace the file; after a crash it has the old position or the new one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        content = _CursorFile(instance=self._instance, ids=dict(position.ids), settled_until=position.settled_until)
        beside = self._path.with_name(self._path.name + ".new")
        with beside.open("wb") as file:
            file.write(content.model_dump_json().encode())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)

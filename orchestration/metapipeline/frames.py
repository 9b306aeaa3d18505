"""The values between the assets of the metapipeline, kept where the metapipeline keeps its state."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.frames.files import FileFrames
from orchestration.metapipeline.state import State


class JsonFrames(FileFrames):
    """Store the values of assets as JSON files, one per asset.

    Args:
        state: where they are kept.
        folder: of their names.
    """

    def __init__(self, state: State, folder: str) -> None:
        super().__init__(_StateFiles(state), folder)


@dataclass(frozen=True, slots=True)
class _StateFiles:
    state: State

    def read(self, name: str) -> bytes | None:
        kept = self.state.read(name)
        return None if kept is None else kept.content

    def write(self, name: str, content: bytes) -> None:
        self.state.write(name, content)

    def address(self, name: str) -> str:
        return self.state.address(name)

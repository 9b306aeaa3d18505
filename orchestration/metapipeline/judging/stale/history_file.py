"""The history of one workspace in a file."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import ValidationError

from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.errors import BiError
from orchestration.metapipeline.judging.stale.history import ReportHistory
from orchestration.metapipeline.state import State


@dataclass
class HistoryFile:
    """A JSON file, replaced as a whole: after a kill it has the history before or after the save.

    Args:
        state: where it is kept.
        name: of the file.
    """

    state: State
    name: str
    _version: str | None = field(default=None, init=False)

    def load(self, workspace: Workspace) -> ReportHistory:
        """Return the history; without a file, the empty one of this workspace.

        Raises:
            BiError: the file is damaged. An empty history instead would forget what we archived.
        """
        kept = self.state.read(self.name)
        self._version = kept.version if kept else None
        if kept is None:
            return ReportHistory.empty(workspace)
        try:
            return ReportHistory.model_validate_json(kept.content)
        except ValidationError as exc:
            raise BiError(
                f"{self.state.address(self.name)} is no history of reports: restore it from a backup, or remove it;"
                " without it, what was archived before is never deleted"
            ) from exc

    def save(self, history: ReportHistory) -> None:
        """Store the history for good, over the one that was loaded or saved last.

        Raises:
            StateError: another run saved one meanwhile; what that run archived would be forgotten.
        """
        content = history.model_dump_json(indent=1).encode()
        self._version = self.state.replace(self.name, content, self._version)

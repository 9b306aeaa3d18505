"""The history of one workspace in a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from orchestration.metapipeline.bi.workspace import Workspace
from orchestration.metapipeline.errors import BiError
from orchestration.metapipeline.files import replace_file
from orchestration.metapipeline.judging.stale.history import ReportHistory


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """A JSON file, replaced as a whole: after a kill it has the history before or after the save."""

    path: Path

    def load(self, workspace: Workspace) -> ReportHistory:
        """Return the history; without a file, the empty one of this workspace.

        Raises:
            BiError: the file is damaged. An empty history instead would forget what we archived.
        """
        try:
            return ReportHistory.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return ReportHistory.empty(workspace)
        except ValidationError as exc:
            raise BiError(
                f"{self.path} is no history of reports: restore it from a backup, or remove it; without it, what was"
                " archived before is never deleted"
            ) from exc

    def save(self, history: ReportHistory) -> None:
        """Store the history for good."""
        replace_file(self.path, history.model_dump_json(indent=1).encode())

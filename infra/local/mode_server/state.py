"""One Mode workspace as JSON: what its people and its API do with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any, Self

from orchestration.files import replace_file

Row = dict[str, Any]


def stamp(moment: datetime) -> str:
    """Write a moment as Mode does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


@dataclass
class ModeState:
    """The rows as the API returns them, without links.

    Args:
        name: of the workspace.
        collections: `hidden` leaves one out of the list, as Mode does with a restricted one of others.
        reports: each with its `space_token`; the field `queries` holds its queries.
        definitions: texts that queries include.
        data_sources: connections.
        file: written after each change; None keeps everything in memory.
    """

    name: str
    collections: list[Row] = field(default_factory=list)
    reports: list[Row] = field(default_factory=list)
    definitions: list[Row] = field(default_factory=list)
    data_sources: list[Row] = field(default_factory=list)
    file: Path | None = None
    lock: RLock = field(default_factory=RLock, repr=False)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read a workspace; changes are written back."""
        return cls(**json.loads(file.read_text()), file=file)

    def save(self) -> None:
        """Write the workspace, whole or not at all."""
        if self.file is None:
            return
        fields = ("name", "collections", "reports", "definitions", "data_sources")
        replace_file(self.file, json.dumps({name: getattr(self, name) for name in fields}, indent=1).encode())

    def find(self, token: str) -> Row | None:
        """Return a report."""
        return next((report for report in self.reports if report["token"] == token), None)

    def reports_of(self, collection: str) -> Iterator[Row]:
        """Yield the reports of a collection, archived ones included, as Mode does."""
        return (report for report in self.reports if report["space_token"] == collection)

    def set_archived(self, token: str, at: datetime, *, archived: bool) -> bool:
        """Archive a report or show it again; False when it is missing."""
        report = self.find(token)
        if report is not None:
            report |= {"archived": archived, "updated_at": stamp(at)}
            self.save()
        return report is not None

    def delete(self, token: str) -> bool:
        """Delete a report; False when it is missing."""
        report = self.find(token)
        if report is not None:
            self.reports.remove(report)
            self.save()
        return report is not None

    def run(self, token: str, at: datetime) -> None:
        """Run a report, as a person does."""
        report = self.reports[self._position(token)]
        report["runs_count"] = (report.get("runs_count") or 0) + 1
        report |= {"last_run_at": stamp(at), "last_successfully_run_at": stamp(at)}
        self.save()

    def view(self, token: str) -> None:
        """Open a report, as a person does."""
        report = self.reports[self._position(token)]
        report["view_count"] = (report.get("view_count") or 0) + 1
        self.save()

    def _position(self, token: str) -> int:
        return next(index for index, report in enumerate(self.reports) if report["token"] == token)

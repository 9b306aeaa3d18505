"""What became of one step of a plan."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.metapipeline.text import one_line


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one step of a plan.

    Args:
        subject: id of the report or of the model, or an owner.
        action: `archive`, `delete`, `deprecate`, `tell`, …
        result: such as `would do`, `done`, `opened`, `unchanged`, `dropped`.
        reason: one sentence; may be empty.
        url: of the pull request, where there is one.
        failed: whether somebody must look at it.
    """

    subject: str
    action: str
    result: str
    reason: str = ""
    url: str = ""
    failed: bool = False

    def line(self) -> str:
        """Return the change for people."""
        said = f"{self.result}: {self.action} {one_line(self.subject)}"
        return f"{said}{f' ({one_line(self.reason)})' if self.reason else ''}{f' {self.url}' if self.url else ''}"

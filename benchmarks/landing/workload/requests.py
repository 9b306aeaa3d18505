"""Count a peer's requests in the S3 server's access log."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from benchmarks.landing.workload.store import USER_AGENT


class RequestLog:
    """The lines that are written to a log after this object was made.

    Args:
        path: of the log; None if the server writes no log.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._begin = path.stat().st_size if path and path.exists() else 0

    def counts(self) -> dict[str, int] | None:
        """Count the requests by operation, without those of the harness; None without a log."""
        if self._path is None or not self._path.exists():
            return None
        with self._path.open(errors="replace") as log:
            log.seek(self._begin)
            return count_requests(log.read().splitlines())


def count_requests(lines: list[str]) -> dict[str, int]:
    """Count lines of a server access log by their operation, `s3_PutObject`."""
    foreign = (line for line in lines if USER_AGENT not in line)
    operations = Counter(_operation_of(line) for line in foreign if line)
    return dict(sorted(operations.items()))


def _operation_of(line: str) -> str:
    return next((word for word in line.split(" ", 12) if word.startswith(("s3_", "REST."))), "unknown")

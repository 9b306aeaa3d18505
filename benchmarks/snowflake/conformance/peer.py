"""The refusals against plain fakesnow, in a process of its own: `python -m benchmarks.snowflake.conformance.peer`.

It prints one line of JSON for each refusal: topic, statement, expected number, number that came.
"""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from benchmarks.snowflake.conformance.documents import refusal_topics
from benchmarks.snowflake.conformance.running import Conformance, Place

NAME = f"fakesnow {version('fakesnow')}"


class _Plain:
    """Sessions of fakesnow inside this process, as its own tests use it."""

    def connect(self, **changed: Any) -> Any:
        from snowflake import connector  # noqa: PLC0415 - the name is replaced by fakesnow

        return connector.connect(**({"database": "AWS", "schema": "DEV"} | changed))


def count() -> tuple[int, int]:
    """Run it; return how many refusals carried the documented number, and how many there are."""
    command = [sys.executable, "-W", "ignore", "-m", __name__]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    found = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    return sum(line["met"] for line in found), len(found)


def _lines() -> Iterator[str]:
    import fakesnow  # noqa: PLC0415 - it warns while it is imported

    with fakesnow.patch():
        conformance = Conformance(_Plain(), Place("s3://hourglass/conformance/"))
        for refusal, answer in conformance.refusals(refusal_topics()):
            seen = "" if answer is None else str(answer)
            yield json.dumps({"met": answer is None, "code": refusal.code, "sql": refusal.sql, "seen": seen})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for line in _lines():
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

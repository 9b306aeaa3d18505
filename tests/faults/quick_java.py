"""Options for the many Java processes of the tests, which live for seconds; those of the product are as they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

VARIABLE = "JAVA_TOOL_OPTIONS"
"""Every Java process reads it: servers, jobs, clusters, Flink's scripts, compilers. Its command line overrides it."""
QUICK = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:-BytecodeVerificationRemote",
)
"""The second compiler and a parallel collector pay off after minutes only; the Java tests verify our bytecode."""


@contextmanager
def quick_java() -> Iterator[None]:
    """Give the options to each Java process that starts meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, with_options(*QUICK))
        yield


def with_options(*more: str) -> str:
    """Return the value of the variable with further options."""
    return " ".join([*os.environ.get(VARIABLE, "").split(), *more])

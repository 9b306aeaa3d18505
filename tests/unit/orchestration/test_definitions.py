"""The entry point of the code location."""

from __future__ import annotations

import subprocess
import sys

SLOW = ("dbt", "networkx", "pandas", "snowflake.connector", "sqlalchemy", "matplotlib")
"""Packages that cost a process seconds; each run of an hour is a process that loads the definitions."""
_LOADED = """
import sys
from orchestration.definitions import defs
defs()
print(*(name for name in sys.argv[1:] if name in sys.modules))
"""


def test_loading_the_definitions_imports_nothing_slow() -> None:
    """What a run needs of them it imports when it needs it."""
    command = [sys.executable, "-W", "ignore", "-c", _LOADED, *SLOW]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "" == loaded.stdout.strip()

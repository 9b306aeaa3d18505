"""The code version of a dbt node: another one when its SQL changed, and the same one when a comment did."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

_TOKEN = re.compile(
    r"""
    (?P<kept>'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.)*")      # a text or a quoted name
    | (?:\{\#.*?\#\} | --[^\n]* | /\*.*?\*/ | \s)+         # comments and layout
    """,
    re.VERBOSE | re.DOTALL,
)
_BUILT_BY = (
    "materialized", "incremental_strategy", "unique_key", "on_schema_change", "pre-hook", "post-hook",
)  # fmt: skip
"""The configuration that changes what is built."""


def code_version(node: Mapping[str, Any]) -> str:
    """Return a digest of the SQL without comments and layout, and of the configuration that changes what is built."""
    code = node.get("raw_code")
    if not code:  # a seed is its file
        checksum: str = node["checksum"]["checksum"]
        return checksum
    config = {name: node["config"].get(name) for name in _BUILT_BY}
    return sha256(f"{without_comments(code)}\0{json.dumps(config, sort_keys=True)}".encode()).hexdigest()


def without_comments(code: str) -> str:
    """Return SQL without comments of SQL and Jinja, and with one space where there was any."""
    return _TOKEN.sub(lambda found: found["kept"] or " ", code).strip()

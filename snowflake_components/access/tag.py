"""The query tag: JSON in every statement's history that names the application, the run and the asset."""

from __future__ import annotations

import json
from collections.abc import Mapping

_LENGTH_MAX = 2_000
"""Snowflake refuses a longer tag."""


def query_tag(application: str, parts: Mapping[str, str]) -> str:
    """Return the tag; parts that do not fit in it are left out, the last ones first."""
    kept = list(parts.items())
    while len(tag := json.dumps({"application": application, **dict(kept)})) > _LENGTH_MAX and kept:
        kept.pop()
    return tag

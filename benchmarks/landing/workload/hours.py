"""Read the hour of a directory without the product's own code."""

from __future__ import annotations

import re

_PATH = re.compile(r"/(\d{4})/(\d{2})/(\d{2})/(\d{2})/")


def hour_in_path(key: str) -> str | None:
    """Read `…/2025/08/01/03/…` as `2025-08-01T03`; None where there is no such directory."""
    found = _PATH.search(f"/{key}")
    return "{}-{}-{}T{}".format(*found.groups()) if found else None

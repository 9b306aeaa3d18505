"""What the YAML of a dbt node says below `meta`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def meta_of(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the `meta` of a node or a source of a manifest: that of its configuration, else its own."""
    meta: Mapping[str, Any] = node.get("config", {}).get("meta") or node.get("meta") or {}
    return meta


def hourglass_meta(node: Mapping[str, Any]) -> Any:
    """Return what is written below `meta.hourglass`: fields, or what somebody wrote in their place."""
    return meta_of(node).get("hourglass") or {}

"""The usual clients of Snowflake, against a local Snowflake in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local_snowflake.pytest_fixture import local_snowflake

__all__ = ["local_snowflake"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder: `make test` and a plain pytest leave them out."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.clients)

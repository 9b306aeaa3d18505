from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "test_through_the_job" in item.path.name:
            item.add_marker(pytest.mark.integration)

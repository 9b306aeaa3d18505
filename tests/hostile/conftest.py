from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name in {"test_through_the_job.py", "test_refusing_broker.py"}:
            item.add_marker(pytest.mark.integration)

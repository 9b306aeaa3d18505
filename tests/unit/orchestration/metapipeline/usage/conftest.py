from __future__ import annotations

import pytest

from snowflake_components.connection import SnowflakeSettings
from tests.fakes.staged_table import StagedTable


@pytest.fixture
def staged(own_schema: SnowflakeSettings) -> StagedTable:
    """An empty staging model on the local Snowflake."""
    return StagedTable(own_schema).create()

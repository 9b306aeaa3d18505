from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlglot

from orchestration.metapipeline.errors import EventRowError
from orchestration.metapipeline.usage.credits import Metered
from orchestration.metapipeline.usage.metering import Metering, metering_query
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.errors import MissingPrivilegeError, SnowflakeUnavailableError
from tests.fakes.local_snowflake import FOREIGN_WARNING
from tests.fakes.staging import FakeStaging

START = datetime(2025, 8, 1, tzinfo=UTC)
ROW = {"WAREHOUSE_NAME": "WH", "HOUR": datetime(2025, 8, 1, 3), "CREDITS": Decimal("1.25")}  # noqa: DTZ001


def test_the_metered_credits_are_read_per_hour_and_warehouse() -> None:
    """In UTC, whatever the zone of the account."""
    staging = FakeStaging([ROW])
    assert (Metered("WH", datetime(2025, 8, 1, 3, tzinfo=UTC), 1.25),) == Metering(staging, enabled=True).since(START)
    (statement,) = sqlglot.parse(metering_query(START), dialect="snowflake")
    assert isinstance(statement, sqlglot.exp.Select)


def test_nothing_is_asked_unless_it_is_enabled() -> None:
    """The query costs credits, too."""
    staging = FakeStaging([ROW])
    assert Metering(staging).since(START) is None
    assert [] == staging.asked


@pytest.mark.filterwarnings(FOREIGN_WARNING)
def test_an_account_without_the_view_is_unknown(own_schema: SnowflakeSettings) -> None:
    """Unknown is not 0; the local Snowflake has no metering."""
    assert Metering(SnowflakeConnection(settings=own_schema), enabled=True).since(START) is None


def test_a_role_without_the_right_is_unknown_and_an_outage_is_an_error() -> None:
    """Only what waiting does not repair is unknown."""
    assert Metering(FakeStaging(failures=[MissingPrivilegeError("no")]), enabled=True).since(START) is None
    away = [SnowflakeUnavailableError("away")] * 20
    with pytest.raises(SnowflakeUnavailableError):
        Metering(FakeStaging(failures=list(away)), enabled=True).since(START)
    with pytest.raises(EventRowError, match="WAREHOUSE_METERING_HISTORY"):
        Metering(FakeStaging([{"HOUR": None}]), enabled=True).since(START)

from __future__ import annotations

from datetime import date

import pytest
import sqlglot

from orchestration.metapipeline.errors import EventRowError
from orchestration.metapipeline.usage.history import TABLE, History, PlatformDay, merge_statement
from snowflake_components.connection import SnowflakeConnection, SnowflakeSettings
from snowflake_components.identifiers import Identifier, QualifiedName
from tests.fakes.local_snowflake import FOREIGN_WARNING
from tests.fakes.staging import FakeStaging

pytestmark = pytest.mark.filterwarnings(FOREIGN_WARNING)

FIRST, SECOND = date(2025, 8, 1), date(2025, 8, 2)
FULL = PlatformDay(FIRST, 302, 584, 40, 31, 9, 12, 3, 81_234.25, 12.5)


@pytest.fixture
def history(own_schema: SnowflakeSettings) -> History:
    """A history on the local Snowflake, whose table does not exist yet."""
    place = Identifier("AWS"), Identifier(own_schema.schema_name)
    return History(SnowflakeConnection(settings=own_schema), QualifiedName(*place, TABLE))


def test_a_day_is_one_row_however_often_it_is_recorded(history: History) -> None:
    """The newest values stay, an unknown one erases nothing, and the days come back in order."""
    assert () == history.read()
    history.record(PlatformDay(SECOND, models=301))
    history.record(FULL)
    history.record(FULL)
    history.record(PlatformDay(SECOND, models=300, credits=0.125))
    history.record(PlatformDay(SECOND, unused=0))
    assert (FULL, second := PlatformDay(SECOND, models=300, unused=0, credits=0.125)) == history.read()
    assert (second,) == history.read(SECOND)


def test_a_value_that_is_no_number_is_unknown() -> None:
    """Not a number must not become a part of a statement."""
    name = QualifiedName(Identifier("AWS"), Identifier("dev's"), Identifier('T"'))
    day = PlatformDay(FIRST, models=1, run_seconds=float("nan"), credits=float("inf"))
    (statement,) = sqlglot.parse(merge_statement(name, day), dialect="snowflake")
    assert statement is not None
    assert not [column for column in statement.find_all(sqlglot.exp.Column) if column.name.lower() in {"nan", "inf"}]


def test_a_table_of_another_shape_is_named() -> None:
    """A guess would mix the numbers of days."""
    with pytest.raises(EventRowError, match="rename the table"):
        History(FakeStaging([{"DAY": FIRST}]), QualifiedName(Identifier("A"), Identifier("B"), TABLE)).read()

from __future__ import annotations

import pytest

from tests.fakes.broker import FakeBroker
from tests.fakes.landing import FakeLanding, minutes


@pytest.fixture
def fake() -> FakeLanding:
    """Two partitions with records in the hours 01, 02 and 03, all landed; the clock shows 04:10."""
    broker = FakeBroker({0: minutes(1, 30, 59, 61, 90, 121, 150), 1: minutes(2, 58, 62, 119, 122)})
    made = FakeLanding(broker)
    made.job.rejected = {(0, 1)}
    made.job.land_all(made.clock.utc_now())
    return made

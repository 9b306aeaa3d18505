"""Mistakes that are planted into a model."""

from __future__ import annotations

from benchmarks.models.mutations import mutants

SQL = """select organization, date_trunc('day', hour) as day, count(*) as events
from AWS.DEV.stg_platform_events
where event_type in ('RUN_START', 'RUN_FAILURE') and run_id is not null
group by organization, date_trunc('day', hour)"""


def test_every_kind_of_mistake_is_planted_and_each_one_differs() -> None:
    """Five kinds; each text is another one than the model's."""
    found = list(mutants(SQL))
    assert {
        "dropped rows", "join that multiplies", "wrong filter", "time off by one", "wrong aggregate",
    } == {one.kind for one in found}  # fmt: skip
    assert SQL not in {one.sql for one in found}
    assert len(found) == len({one.sql for one in found})


def test_a_filter_loses_one_of_its_values() -> None:
    """Each value in turn."""
    texts = [one.sql for one in mutants(SQL) if one.what == "without 'RUN_START'"]
    assert [SQL.replace("'RUN_START', ", "")] == texts

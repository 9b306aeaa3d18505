"""What the YAML of a dbt model says of its automation, and what its code version says."""

from __future__ import annotations

from typing import Any

import pytest

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.automation import AutomationMistakeError, automation_of, days_of
from orchestration.dbt_runner.code import code_version
from orchestration.proven.graph import policy_of

FIRST = Hour.from_label("2025-08-01T23")


def node(hourglass: Any, **others: Any) -> dict[str, Any]:
    return {
        "name": "credits",
        "patch_path": "shop://models/credits.yml",
        "original_file_path": "models/credits.sql",
        "config": {"meta": {"hourglass": hourglass}},
        **others,
    }


def test_a_model_without_automation_is_built_by_the_run_of_an_hour() -> None:
    """Whatever else the package is told."""
    assert automation_of(node({"hour": "hour", "first_by": ["a"]})) is None
    assert automation_of({"name": "credits", "config": {}}) is None


def test_a_model_with_automation_has_the_policy() -> None:
    """The condition carries what the YAML says."""
    policy = policy_of(automation_of(node({"automation": {"proven": {"lag": "60 minutes"}}})))
    assert policy is not None
    assert (False, "within 60 minutes") == (policy.is_eager, policy.sentence())


def test_days_begin_with_the_day_of_the_first_hour() -> None:
    """In the time zone that is asked for."""
    day, berlin = (
        days_of(node({"automation": "proven", "partitions": said}), FIRST) for said in ("day", {"day": "Europe/Berlin"})
    )
    assert day is not None
    assert berlin is not None
    assert ("UTC", "2025-08-01", "Europe/Berlin", "2025-08-02") == (
        day.timezone, day.get_first_partition_key(), berlin.timezone, berlin.get_first_partition_key(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"automaton": "proven"}, "automaton: no such field; there are automation, partitions, hour, first_by, stream"),
        ({"automation": "eager"}, "automation: write proven, or {proven: {lag: 60 minutes}}, not 'eager'"),
        (
            {"automation": {"proven": {"by": "9"}}},
            "automation.proven.by: not a time of day: '9'; write \"09:00\" in quotes",
        ),
        ({"partitions": "day"}, "partitions: only a model with automation has days; write automation: proven, too"),
        ({"automation": "proven", "partitions": "hour"}, "partitions: write day, or {day: Europe/Berlin}, not 'hour'"),
        (
            {"automation": "proven", "partitions": {"day": "Bern"}},
            "partitions.day: not a time zone: 'Bern'; write Europe/Berlin",
        ),
    ],
)
def test_a_mistake_names_file_model_and_field(said: Any, message: str) -> None:
    """As `dbt parse` does not: meta is free text for it."""

    def read() -> None:
        automation_of(node(said))
        days_of(node(said), FIRST)

    with pytest.raises(AutomationMistakeError) as refused:
        read()
    assert f"models/credits.yml: credits: meta.hourglass.{message}" == str(refused.value)


def test_a_model_without_yaml_is_named_by_its_own_file() -> None:
    """Its meta is in the config of the SQL then."""
    with pytest.raises(AutomationMistakeError, match=r"^models/credits.sql: credits: meta.hourglass: write fields"):
        automation_of(node("proven", patch_path=None))


def code(raw: str, **config: Any) -> str:
    return code_version({"raw_code": raw, "config": config})


def test_a_comment_or_a_line_break_is_no_other_code() -> None:
    """A reload after such an edit builds nothing."""
    same = [
        "select a, '--x' as b from t where c = '/* d */'",
        "select a, '--x' as b\n  from t -- why\n where c = '/* d */'\n",
        "{# what #}select a, '--x' as b from t where /* here */ c = '/* d */'",
    ]
    assert 1 == len({code(raw) for raw in same})


@pytest.mark.parametrize(
    "other",
    [
        "select a, '--y' as b from t where c = '/* d */'",
        "select a, '--x' as b from t where c = '/* e */'",
        "select a, '--x' as b from t where c = '/*  d */'",
        "select a, \"--x\" as b from t where c = '/* d */'",
    ],
)
def test_a_text_is_code_also_where_it_looks_like_a_comment(other: str) -> None:
    """What stands in quotes counts, and so does its layout."""
    assert code(other) != code("select a, '--x' as b from t where c = '/* d */'")


def test_what_decides_how_a_model_is_built_is_code() -> None:
    """Its materialization and its key, and not its tags."""
    assert code("select 1", materialized="table") != code("select 1", materialized="incremental")
    assert code("select 1", tags=["a"]) == code("select 1", tags=["b"])

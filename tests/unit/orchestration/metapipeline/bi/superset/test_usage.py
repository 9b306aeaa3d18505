from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from orchestration.metapipeline.bi.superset.answers import DashboardRow, LogRow, RunRow, Token, parsed, refusal
from orchestration.metapipeline.bi.superset.api import Page
from orchestration.metapipeline.bi.superset.settings import SupersetSettings
from orchestration.metapipeline.bi.superset.usage import Usage, usage_of
from orchestration.metapipeline.errors import BiError

AT = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)


def _page(count: int, at: datetime | None = None) -> Page[LogRow]:
    return Page(count, (LogRow(dttm=at),) if at else ())


def test_the_newest_view_or_run_is_the_last_use() -> None:
    """Counts are those of the whole log."""
    usage = usage_of(views=_page(3, AT), runs=_page(9, AT + timedelta(seconds=1)), covered=True)

    assert Usage(3, 9, AT + timedelta(seconds=1), none_at_all=False) == usage


def test_no_row_of_a_full_log_is_no_use() -> None:
    """Only then are 0 views known."""
    assert Usage(0, 0, None, none_at_all=True) == usage_of(views=_page(0), runs=_page(0), covered=True)
    assert Usage(None, None, None, none_at_all=False) == usage_of(views=_page(0), runs=_page(0), covered=False)


def test_a_young_log_has_the_last_use_but_no_counts() -> None:
    """The newest row is the newest, whatever was deleted before it."""
    usage = usage_of(views=_page(1, AT), runs=_page(0), covered=False)

    assert Usage(None, None, AT, none_at_all=False) == usage


@pytest.mark.parametrize("value", ["1796034362266.174072", 1796034362266.174072])
def test_the_history_has_milliseconds_as_number_and_as_text(value: Any) -> None:
    """They are a text once columns are selected."""
    run = RunRow.model_validate({"id": 1, "start_time": value})

    assert run.start_time is not None
    assert datetime(2026, 11, 30, 10, 26, 2, tzinfo=UTC) == run.start_time.replace(microsecond=0)


def test_moments_are_utc() -> None:
    """The log has no zone, lists of objects have an offset without a colon."""
    row = {"id": 1, "uuid": "4ff088b1-8c5a-4ab1-8b94-9493c41974cc", "changed_on_utc": "2026-01-31T12:00:00.5+0200"}

    assert AT == LogRow.model_validate({"dttm": "2026-01-31T10:00:00"}).dttm
    assert AT.replace(microsecond=500_000) == DashboardRow.model_validate(row).changed_on_utc


def test_an_answer_of_another_shape_is_an_error_without_its_values() -> None:
    """A token must not get into a message."""
    with pytest.raises(BiError, match="the answer to a login is not what its API documents: access_token") as raised:
        parsed(Token, {"access_token": ["s3cret"]}, "the answer to a login")

    assert "s3cret" not in str(raised.value)
    with pytest.raises(BiError, match="start_time"):
        parsed(RunRow, {"id": 1, "start_time": "noon"}, "a run")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"message": "Not found"}, "Not found"),
        ({"msg": "Token has expired"}, "Token has expired"),
        ({"errors": [{"message": "Fatal", "extra": {}}]}, "Fatal"),
        ({"message": {"json_metadata": ["Unknown field."]}}, "{'json_metadata': ['Unknown field.']}"),
        ({"errors": []}, ""),
        ([], ""),
    ],
)
def test_the_reason_is_found_in_each_form_of_error(body: Any, reason: str) -> None:
    """Superset has three."""
    assert reason == refusal(body)


def test_settings_come_from_the_environment_and_hide_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address has no slash at its end."""
    for name, value in {"URL": "https://bi.example.com/team/", "USERNAME": "reader", "PASSWORD": "s3cret"}.items():
        monkeypatch.setenv(f"HOURGLASS_SUPERSET_{name}", value)

    settings = SupersetSettings()

    assert "https://bi.example.com/team" == settings.root
    assert "s3cret" not in repr(settings)
    with pytest.raises(ValidationError):
        SupersetSettings(url="nowhere")

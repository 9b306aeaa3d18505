"""`hourglass status`: which hours it asks for, and its exit code."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.local import proof, publication
from infra.local.settings import LocalSettings


@pytest.fixture(autouse=True)
def _remote(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the command from writing the settings of the local stack to the environment of the tests."""
    monkeypatch.setenv("HOURGLASS_TARGET", "remote")


@pytest.mark.parametrize(
    ("arguments", "hours"), [([], 72), (["--days", "7"], 168), (["--all"], None), (["--all", "--days", "7"], None)]
)
def test_status_compares_three_days_unless_it_is_asked_for_more(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], hours: int | None
) -> None:
    """Every hour costs a scan of the external table, so only `--all` asks for every hour."""
    asked: list[int | None] = []

    def rows(settings: LocalSettings, window_hours: int | None) -> list[proof.ProofRow]:
        del settings
        asked.append(window_hours)
        return []

    monkeypatch.setattr(proof, "proof_rows", rows)
    done = CliRunner().invoke(app, ["status", *arguments])
    assert ([hours], 0) == (asked, done.exit_code)


@pytest.mark.parametrize("days", ["0", "-1", "99999999", "x"])
def test_days_that_are_no_window_are_refused(days: str) -> None:
    """The message names the option."""
    done = CliRunner().invoke(app, ["status", "--days", days])
    assert 2 == done.exit_code
    assert "--days" in done.output


@pytest.mark.parametrize(("agreed", "code"), [(True, 0), (False, 1)])
def test_a_wait_that_ends_before_the_hours_are_published_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, *, agreed: bool, code: int
) -> None:
    """What was compared at the end of the wait is shown, and not compared again."""
    monkeypatch.setattr(publication, "wait_until_published", lambda *_: publication.Proof([], agreed))
    monkeypatch.setattr(proof, "proof_rows", None)
    done = CliRunner().invoke(app, ["status", "--wait", "5"])

    assert code == done.exit_code
    assert agreed is ("not every full hour is published and agrees after 5 s" not in done.output)

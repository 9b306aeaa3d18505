"""`hourglass status`: which hours it asks for, and its exit code."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.local import proof
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

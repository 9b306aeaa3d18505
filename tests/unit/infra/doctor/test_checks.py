"""How checks are asked: gates, errors, and the exit code of the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flink_jobs.flink.jars import LandingJars
from infra.cli import app
from infra.doctor.checks import Area, Check, Finding, Judgement, Verdict, examine, ok, unknown, wrong
from infra.doctor.demands import spoken
from tests.fakes.jars import put_jars


class Away(Exception):  # noqa: N818 - a test's own
    """A server that does not answer."""


def away() -> Judgement:
    raise Away("nobody at 127.0.0.1:1")


@pytest.mark.parametrize("gate", [lambda: wrong("no", "start it"), lambda: unknown("no"), away])
def test_a_gate_that_is_not_ok_closes_its_area_and_no_other(gate: Callable[[], Judgement]) -> None:
    """Later checks of the area are unknown without being asked."""
    checks = [
        Check(Area.BROKER, "answers", gate, is_gate=True),
        Check(Area.BROKER, "topic", lambda: pytest.fail("asked")),
        Check(Area.BUCKET, "answers", lambda: ok("yes")),
    ]
    found = list(examine(checks, (Away,)))
    assert Finding(Area.BROKER, "topic", Verdict.UNKNOWN, "not asked: first repair 'answers'") == found[1]
    assert Verdict.OK is found[2].verdict


def test_an_error_of_a_client_is_unknown_with_its_text_and_another_error_passes() -> None:
    """Only errors that are named are answers; a mistake of ours is not hidden."""
    checks = [Check(Area.BROKER, "topic", away)]
    assert [Finding(Area.BROKER, "topic", Verdict.UNKNOWN, "nobody at 127.0.0.1:1")] == list(examine(checks, (Away,)))
    with pytest.raises(Away):
        list(examine(checks, (OSError,)))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(90, "90 seconds"), (3600, "1 hours"), (5400, "1.5 hours"), (0.26, "0.3 seconds"), (3599.97, "1 hours")],
)
def test_durations_are_spoken(seconds: float, said: str) -> None:
    """Hours from an hour on, else seconds."""
    assert said == spoken(timedelta(seconds=seconds))


@pytest.mark.parametrize(("version", "code", "verdict"), [("0.1.0", 0, "ok"), ("0.0.9", 1, "wrong")])
def test_the_exit_code_says_whether_something_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, code: int, verdict: str
) -> None:
    """0 and 1; the JSON has one object a check, with its repair."""
    put_jars(LandingJars.installed(tmp_path), version=version)
    monkeypatch.setenv("HOURGLASS_TARGET", "remote")
    monkeypatch.setenv("HOURGLASS_FLINK_HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["doctor", "landing-job", "--json"])
    assert code == done.exit_code, done.output
    (found,) = json.loads(done.stdout)
    assert ("landing-job", "versions of both jars", verdict) == (found["area"], found["check"], found["verdict"])
    assert bool(found["repair"]) is (verdict == "wrong")


def test_what_could_not_be_asked_has_an_exit_code_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """2: nothing is known to be wrong, and not all is known to be well."""
    monkeypatch.setenv("HOURGLASS_TARGET", "remote")
    found = Finding(Area.BROKER, "topic", Verdict.UNKNOWN, "not said")
    monkeypatch.setattr("infra.doctor.examination.examine_set_up", lambda *_: iter([found]))
    done = CliRunner().invoke(app, ["doctor"])
    assert 2 == done.exit_code, done.output
    assert "unknown  broker       topic: not said" in done.stdout

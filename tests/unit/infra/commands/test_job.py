from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from flink_jobs import deploy
from flink_jobs.settings import StartingOffsets
from infra.commands.job import job

OPTIONS = {
    "--from-ledger": StartingOffsets.LEDGER,
    "--new-topic": StartingOffsets.NEW_TOPIC,
    "--from-offsets": StartingOffsets.GROUP,
}


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_of_a_start_chooses_its_offsets(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    monkeypatch.setattr(deploy, "start", lambda _settings, *, offsets, **_others: started.append(offsets))
    assert CliRunner().invoke(job, ["start", option]).exit_code == 0
    assert [OPTIONS[option]] == started


@pytest.mark.parametrize("other", ["--from-ledger", "--from-offsets", "--savepoint=s3://b/savepoint-1"])
def test_options_that_begin_elsewhere_exclude_each_other(other: str) -> None:
    refused = CliRunner().invoke(job, ["start", "--new-topic", other])
    assert 2 == refused.exit_code
    assert "exclude each other" in refused.output

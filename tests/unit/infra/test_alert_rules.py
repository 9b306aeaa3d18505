"""The alert rules of the landing job, as text; `tests/faults/test_metrics.py` finds their metrics in a running job."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from infra.cli import app

PROJECT = Path(__file__).parents[3]
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROJECT / "infra/prometheus/rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
SUMMARIES = "\n".join(rule["annotations"]["summary"] for rule in RULES)


def test_every_rule_has_a_name_of_its_own_a_severity_and_a_summary() -> None:
    """No test checks whether an expression fires."""
    assert len(RULES) == len({rule["alert"] for rule in RULES})
    assert {"page", "warn"} == {rule["labels"]["severity"] for rule in RULES}
    assert [] == [rule["alert"] for rule in RULES if not rule["annotations"]["summary"].strip()]


def test_the_commands_and_settings_of_the_summaries_exist() -> None:
    """The person who is paged copies them."""
    commands = set(re.findall(r"`hourglass ([a-z ]+)`", SUMMARIES))
    settings = set(re.findall(r"HOURGLASS_[A-Z_]+", SUMMARIES))
    documented = (PROJECT / "docs/settings.md").read_text()

    assert commands
    assert settings
    failed = [command for command in commands if CliRunner().invoke(app, [*command.split(), "--help"]).exit_code]
    assert [] == failed
    assert [] == [setting for setting in settings if setting not in documented]

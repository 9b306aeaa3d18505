"""The alert rules as text, their cases, and their runbooks; `make alerts` evaluates them with promtool."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.core import TyperGroup

from infra.cli import app
from infra.metrics.figures import DESCRIPTIONS
from infra.prometheus.validate import RULES, TESTS

PROJECT = Path(__file__).parents[4]
RUNBOOKS = PROJECT / "docs" / "runbooks"
GROUPS: dict[str, list[dict[str, Any]]] = {
    group["name"]: group["rules"] for group in yaml.safe_load(RULES.read_text())["groups"]
}
ALERTS = {rule["alert"]: rule for rules in GROUPS.values() for rule in rules}
PAGES = sorted(RUNBOOKS.glob("*.md"))


def said() -> str:
    """Return what a person reads when an alert fires."""
    return "\n".join([*(rule["annotations"]["summary"] for rule in ALERTS.values()), *map(Path.read_text, PAGES)])


def commands() -> set[str]:
    """Return the commands of summaries and runbooks, of code in a line and of blocks."""
    return set(re.findall(r"(?:`|^)hourglass ([^`\n]+)", said(), re.MULTILINE))


def parse(command: str) -> None:
    """Parse a command line as the program does, and run nothing."""
    found: Any = typer.main.get_command(app)
    context, arguments = None, command.split()
    while isinstance(found, TyperGroup):
        context = found.make_context(found.name, [], parent=context, resilient_parsing=True)
        _, rest, _ = found.make_parser(context).parse_args(arguments)
        name, found, arguments = found.resolve_command(context, rest)
        assert found, f"No such command {rest}: {name}"
    found.make_context(found.name, arguments, parent=context, resilient_parsing=False)


def test_every_rule_has_a_name_of_its_own_a_severity_and_a_summary() -> None:
    """A warning waits for the morning."""
    assert sum(map(len, GROUPS.values())) == len(ALERTS)
    assert {"page", "warn"} == {rule["labels"]["severity"] for rule in ALERTS.values()}
    assert [] == [name for name, rule in ALERTS.items() if not rule["annotations"]["summary"].strip()]


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    """The annotation names the page, and the list of pages has it with the severity."""
    index = (RUNBOOKS / "README.md").read_text()
    assert set(ALERTS) == {page.stem for page in PAGES} - {"README"}
    for name, rule in ALERTS.items():
        assert f"docs/runbooks/{name}.md" == rule["annotations"]["runbook"]
        text = (RUNBOOKS / f"{name}.md").read_text()
        severity = {"page": "Page", "warn": "Warning"}[rule["labels"]["severity"]]
        assert text.startswith(f"# {name}\n\n{severity}. ")
        assert ["What is at risk", "Look", "Repair", "Over when"] == re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert f"| [{name}]({name}.md) | {rule['labels']['severity']}: " in index


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_of_a_runbook_parses(command: str) -> None:
    """The person who is paged copies it, with its options."""
    parse(command)


def test_a_command_that_is_wrong_does_not_parse() -> None:
    """The test above can turn red: an unknown command, an unknown option, a value that is none."""
    for command in ("job begin", "job start --now", "metrics serve --port many"):
        with pytest.raises(Exception, match=r"No such|should be a valid"):
            parse(command)


def test_the_settings_of_summaries_and_runbooks_are_documented() -> None:
    """By their whole name."""
    settings = set(re.findall(r"HOURGLASS_[A-Z_]+", said()))
    documented = set(re.findall(r"HOURGLASS_[A-Z_]+", (PROJECT / "docs/settings.md").read_text()))
    assert settings
    assert set() == settings - documented


def test_every_alert_has_a_case_that_fires_and_one_that_rests() -> None:
    """In the file of its group; what a case expects is evaluated by `make alerts`."""
    for group, rules in GROUPS.items():
        cases = yaml.safe_load((TESTS / f"{group.removeprefix('hourglass_')}.yml").read_text())["tests"]
        found = {
            (check["alertname"], bool(check.get("exp_alerts"))) for case in cases for check in case["alert_rule_test"]
        }
        assert {(rule["alert"], fires) for rule in rules for fires in (True, False)} == found
        assert [] == [
            case["name"]
            for case in cases
            if {case["name"].split()[0]} != {check["alertname"] for check in case["alert_rule_test"]}
            or case["name"].split()[1] not in {"fires", "rests"}
        ]


def test_the_metrics_of_the_hours_exist() -> None:
    """Those of the job are looked for in the scrape of a running one, in `tests/faults/test_metrics.py`."""
    named = {name for rule in ALERTS.values() for name in re.findall(r"\bhourglass_(\w+)", rule["expr"])}
    assert named
    assert set() == named - set(DESCRIPTIONS) - {"landing"}


def test_every_metric_of_the_hours_is_documented() -> None:
    """And no other one."""
    text = (PROJECT / "docs/metrics.md").read_text()
    assert set(DESCRIPTIONS) == set(re.findall(r"`hourglass_(\w+)[`{]", text))

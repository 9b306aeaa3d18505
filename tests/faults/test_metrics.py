"""The metrics of a running job: every documented name exists, and the numbers are those of the records."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from flink_jobs import deploy
from flink_jobs.contracts.layout import ObjectKey
from flink_jobs.deploy.footprint import LandingPlan
from flink_jobs.settings import LogFormat
from infra.local.ports import free_ports
from tests.faults.landing_stack import BEGIN, LandingStack, Raw, event
from tests.integration.truth import Position, objects, read_landed, wait_for
from tests.stacks.seam import Server, Servers

PROJECT = Path(__file__).parents[2]
NAMING = (
    PROJECT / "infra" / "prometheus" / "rules.yml",
    PROJECT / "docs" / "metrics.md",
    PROJECT / "infra" / "grafana" / "dashboards" / "landing.json",
)
NAMES = re.compile(r"\bflink_[A-Za-z_]+")
OPERATOR = "flink_taskmanager_job_task_operator_"
SAMPLE = re.compile(r"(\w+)\{(.*)\} (\S+)")
LABEL = re.compile(r'(\w+)="([^"]*)"')


def scrape(stack: LandingStack) -> list[tuple[str, dict[str, str], float]]:
    """Return name, labels and value of every sample."""
    with urlopen(f"http://127.0.0.1:{stack.landing.metrics_port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    found = (SAMPLE.match(line) for line in lines if not line.startswith("#"))
    return [(one[1], dict(LABEL.findall(one[2])), float(one[3])) for one in found if one]


def total(stack: LandingStack, name: str, **labels: str) -> float:
    """Add up a metric over subtasks."""
    return sum(
        value for found, has, value in scrape(stack) if found == OPERATOR + name and labels.items() <= has.items()
    )


@pytest.fixture(scope="module")
def stack(all_servers: Servers) -> Iterator[LandingStack]:
    """One job for both tests, in the order of this file: the first one counts from the start of the job."""
    all_servers.start(*Server)
    told: dict[str, Any] = {"metrics_port": free_ports(1)[0], "log_format": LogFormat.JSON}
    with LandingStack(all_servers, "metrics", parallelism=2, checkpoint_seconds=3, **told) as stack:
        stack.start_job()
        yield stack


def test_every_documented_metric_is_there_and_counts_what_happened(stack: LandingStack) -> None:
    """The names are those of documentation, alert rules and dashboard; records are counted by kind, reason and flag."""
    good = [Raw(event(number), partition=number % 4) for number in range(400)]
    odd = [Raw(event(900, event_type="NEVER_HEARD"))]
    bad = [Raw(b"no json"), Raw(b"no json either", partition=1), Raw(event(901, event_id=7)), Raw(None)]
    sent = stack.produce([*good, *odd, *bad])
    stack.wait_until_landed(sent)
    committers = {kind: f"write_{kind}:_Committer" for kind in ("landing", "rejected", "ledger")}
    listed = {kind: len(list(objects(stack.settings, f"{stack.settings.stream}/{kind}/"))) for kind in committers}

    def objects_counted() -> dict[str, float]:
        return {k: total(stack, "successfulCommittables", operator_name=name) for k, name in committers.items()}

    wait_for(lambda: listed == objects_counted(), seconds_max=120, what=f"{listed} finished objects in the metrics")
    documented = {name for file in NAMING for name in NAMES.findall(file.read_text())}
    assert set() == documented - {name for name, _, _ in scrape(stack)}
    assert len(good) + len(odd) == total(stack, "acceptedRecords")
    assert sum(len(raw.value or b"") for raw in good + odd) == total(stack, "acceptedBytes")
    assert len(bad) == total(stack, "rejectedRecords")
    assert sum(len(raw.value or b"") for raw in bad) == total(stack, "rejectedBytes")
    assert {"not_json": 2, "type:event_id": 1, "empty": 1} == reasons(stack)
    assert 1 == total(stack, "flag_flaggedRecords", flag="unknown_type")
    assert len(sent) == total(stack, "numRecordsIn", operator_name="land")
    assert 0 == total(stack, "pendingRecords")
    found = deploy.status(stack.landing)
    assert (0, len(good + odd), len(bad)) == (found.lag, found.accepted, found.rejected)
    assert found.checkpoint_bytes
    lines = [json.loads(line) for line in (stack.landing.log_dir / "flink.log").read_text().splitlines()]
    assert [] == [line for line in lines if set(line) != {"time", "level", "logger", "thread", "message", "error"}]


def reasons(stack: LandingStack) -> dict[str, float]:
    """Add up the reasons over subtasks."""
    found: Counter[str] = Counter()
    for name, labels, value in scrape(stack):
        if name == f"{OPERATOR}reason_rejectedByReason":
            found[labels["reason"]] += int(value)
    return dict(found)


def test_objects_are_as_many_as_was_planned(stack: LandingStack) -> None:
    """A checkpoint makes at most subtasks x open hours x kinds objects, plus the ledger, and reaches that number."""
    hours = [BEGIN + timedelta(hours=number) for number in range(3)]
    sent: set[Position] = set()
    for round_ in range(4):
        records = [
            Raw(value, partition=partition, timestamp=hour)
            for hour in hours
            for partition in range(4)
            for value in (event(round_), b"no json")
        ]
        sent |= stack.produce(records)
        stack.wait_until_landed(sent)
    plan = LandingPlan.of(stack.landing, open_hours=len(hours), has_rejects=True)
    per_checkpoint: Counter[int] = Counter()
    epochs = {entry.epoch: entry.checkpoint for entry in stack.ledger()}
    for kind in ("landing", "rejected", "ledger"):
        for key, _ in objects(stack.settings, f"{stack.settings.stream}/{kind}/"):
            per_checkpoint[epochs[ObjectKey.parse(key).epoch]] += 1
    assert plan.objects_per_checkpoint == 14 == max(per_checkpoint.values())
    assert set() == read_landed(stack.settings).doubled

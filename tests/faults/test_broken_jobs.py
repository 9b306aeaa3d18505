"""Test the checker with real runs: landing jobs with deliberate defects; the checker finds each defect."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from flink_jobs.audit.findings import Code, Finding
from flink_jobs.contracts.layout import ObjectKey
from tests.faults.broken_job import Patch, broken_flink_home, broken_project
from tests.faults.conftest import NewStack
from tests.faults.landing_stack import BEGIN, LandingStack, Raw, event
from tests.faults.live_watch import LiveWatch
from tests.faults.verdict import findings
from tests.integration.truth import wait_for

ROUND = 100
"""Records of one partition in one round."""
OPERATOR = "LandingOperator.java"

BY_PARTITION = {
    0: set(),
    1: {Code.CELL_DIFFERS, Code.HOLE_READABLE},
    2: {Code.CELL_DIFFERS, Code.DOUBLED},
    3: {Code.GAP, Code.OBJECT_UNPROMISED},
    4: {Code.HOLE_READABLE},
    5: {Code.OBJECT_MISSING, Code.OBJECT_PENDING},
    6: {Code.WRONG_HOUR, Code.CELL_DIFFERS, Code.OBJECT_UNPROMISED},
    7: {Code.REASONS_DIFFER},
}
"""The findings of each partition's defect. Each partition has its own subtask, so its own epochs and objects."""

DEFECTS = (
    Patch(
        OPERATOR,
        "        if (writeAccepted(partition, record, timestamp)) {\n",
        """
        int before = lines.length();
        if (writeAccepted(partition, record, timestamp)) {
            if (record.partition() == 1 && record.offset() == 150) {
                lines.cutTo(before); // booked, not written
            }
            if (record.partition() == 2 && record.offset() == 150) {
                partition.envelope.accepted(lines, record, timestamp, false); // booked once, written twice
            }
""",
    ),
    Patch(
        OPERATOR,
        "        for (SourcePartition partition : counted) {\n",
        """
        for (SourcePartition partition : counted) {
            if (partition.partition == 3 && partition.position() > 100 && partition.position() <= 200) {
                partition.takeEntry(); // written, never booked
                continue;
            }
""",
    ),
    Patch(
        OPERATOR,
        "        LedgerEntry entry = partition.entryFor(record.offset());\n",
        """
        if (record.partition() == 4 && record.offset() == 150) {
            return; // neither written nor booked: passes for a hole
        }
        LedgerEntry entry = partition.entryFor(record.offset());
        boolean wrong = record.partition() == 6 && record.offset() == 150;
""",
    ),
    Patch(
        OPERATOR,
        "        if (lines.length() >= LINES_BYTES ||",
        "        if (wrong || lines.length() >= LINES_BYTES ||",
    ),
    Patch(
        OPERATOR,
        "            lines.into(hour.path, epoch);\n",
        """
            String promised = epoch;
            String epoch = record.partition() == 5 && record.offset() >= 100 && record.offset() < 200
                    ? promised + "000000" // booked under an epoch that is never written
                    : promised;
            lines.into(wrong ? UtcText.path(hour.number + 1) : hour.path, epoch);
""",
    ),
    Patch(
        OPERATOR,
        "            entry.addRejected(hour, record.offset(), timestamp, bytes, reason);\n",
        """
            boolean other = record.partition() == 7 && record.offset() == 150;
            entry.addRejected(hour, record.offset(), timestamp, bytes, other ? "not_utf8" : reason);
""",
    ),
)

LEDGER_FIRST = (
    Patch("flink_jobs/landing_job.py", "    write_lines(ledger, jvm, settings, Kind.LEDGER, Codec.PLAIN)\n", ""),
    Patch(
        "flink_jobs/landing_job.py",
        "    write_lines(accepted, jvm, settings, Kind.LANDING, settings.codec)\n",
        "    write_lines(ledger, jvm, settings, Kind.LEDGER, Codec.PLAIN)\n"
        "    write_lines(accepted, jvm, settings, Kind.LANDING, settings.codec)\n",
    ),
)


def records(first: int, partitions: int) -> list[Raw]:
    """Make one round: `ROUND` records for each partition; offset 150 of partition 7 is rejected."""
    return [
        Raw(b"no json" if (partition, offset) == (7, 150) else event(offset), partition=partition)
        for offset in range(first, first + ROUND)
        for partition in range(partitions)
    ]


def partitions_of_epochs(stack: LandingStack) -> dict[str, int]:
    """Return the partition of each operator instance, from the ledger."""
    return {entry.epoch.split(".")[0]: entry.partition for entry in stack.ledger()}


def partition_of(finding: Finding, instances: dict[str, int]) -> int:
    """Return the partition of a finding: from its place, the epoch in its key, or the epoch that it names."""
    if finding.where.endswith("]"):
        return int(finding.where.rpartition("[")[2][:-1])
    key = finding.where.partition(":")[0]
    epoch = ObjectKey.parse(key).epoch if "/" in key else finding.what.split("epoch ")[1]
    return instances[epoch.split(".")[0]]


def test_seven_defects_of_the_operator_are_told_apart(new_stack: NewStack, tmp_path: Path) -> None:
    """Each defect affects one partition; its findings are exactly the expected ones, and the sound partition has none.

    The defects: booked and not written; written twice; never booked; booked as a hole; promised under an epoch without
    objects; written into another hour; rejected for another reason.
    """
    stack = new_stack(partitions=len(BY_PARTITION), parallelism=len(BY_PARTITION))
    stack.start_job(flink_home=broken_flink_home(stack.landing.flink_home, tmp_path, DEFECTS))
    for first in (0, ROUND, 2 * ROUND):
        sent = stack.produce(records(first, len(BY_PARTITION)))
        stack.wait_until_landed({position for position in sent if first != ROUND or position[1] != 3})
    stack.stop_job()

    instances = partitions_of_epochs(stack)
    told: dict[int, set[Code]] = defaultdict(set)
    for finding in findings(stack):
        told[partition_of(finding, instances)].add(finding.code)
    assert BY_PARTITION == {partition: told[partition] for partition in BY_PARTITION}


def look_during_commits(stack: LandingStack) -> set[str]:
    """Land sixty hours with each of a few checkpoints, so that their commits take a while; return the codes found."""
    stack.start_job()
    with LiveWatch(stack) as live:
        for day in range(3):
            begin = BEGIN + timedelta(days=day)
            hours = [Raw(event(hour), timestamp=begin + timedelta(hours=hour)) for hour in range(60)]
            stack.wait_until_landed(stack.produce(hours))
            polls = live.polls
            wait_for(lambda polls=polls: live.polls > polls, seconds_max=60, what="a look at what landed")  # type: ignore[misc]  # bound above
    stack.stop_job()
    assert [] == findings(stack), "at the end nothing is wrong with either job"
    return {line.split(":")[0] for line in live.told()}


def test_ledger_first_is_seen_while_it_happens(
    new_stack: NewStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger that is committed before its data promises unlisted objects; only a poll in between finds it."""
    broken = broken_project(tmp_path, LEDGER_FIRST)
    package = SimpleNamespace(__file__=str(broken / "flink_jobs" / "__init__.py"))
    monkeypatch.setattr("flink_jobs.deploy.process.PROJECT", broken)
    monkeypatch.setattr("flink_jobs.deploy.process.flink_jobs", package)

    assert {"object_missing"} == look_during_commits(new_stack(partitions=1))


@pytest.mark.long  # every test with a LiveWatch requires it of an unpatched job
def test_ledger_last_is_never_ahead_of_its_data(new_stack: NewStack) -> None:
    """The unpatched job has no finding under the same polls."""
    assert set() == look_during_commits(new_stack(partitions=1))

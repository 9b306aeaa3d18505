from __future__ import annotations

from datetime import timedelta

import pytest

from orchestration.metapipeline.errors import BiError
from orchestration.metapipeline.judging.stale.apply import Applied, Result, Run
from orchestration.metapipeline.judging.stale.history import ReportHistory
from orchestration.metapipeline.judging.stale.life import ReportState, state_of
from orchestration.metapipeline.judging.stale.rules import StaleReportRules
from tests.fakes.bi_tool import Killed
from tests.unit.orchestration.metapipeline.judging.stale.reports import RULES, START, Depot, stale, used


def results(applied: Applied) -> list[tuple[str, Result]]:
    return [(outcome.step.report_id, outcome.result) for outcome in applied.outcomes]


def archived(depot: Depot) -> list[str]:
    return sorted(report.id for report in depot.tool.reports.values() if report.archived)


def test_a_dry_run_is_the_default() -> None:
    """It reads the reports again, and changes neither the tool nor the record."""
    depot = Depot.of(stale("r1"), used("r2"))
    saved: list[ReportHistory] = []
    applied = Run(depot.tool, RULES, depot.clock, saved.append).apply(depot.plan(), depot.history)
    assert [("r1", Result.WOULD_DO)] == results(applied)
    assert ([], [], depot.history) == (depot.tool.effects, saved, applied.history)


def test_a_second_run_does_nothing() -> None:
    """Neither a second plan nor the same plan again."""
    depot = Depot.of(stale("r1"), used("r2"))
    plan = depot.plan()
    assert [("r1", Result.DONE)] == results(depot.apply(plan))
    effects = list(depot.tool.effects)
    assert [("r1", Result.DROPPED)] == results(depot.apply(plan))
    assert [] == results(depot.run())
    assert effects == depot.tool.effects


@pytest.mark.parametrize(
    "use",
    [
        {"last_run_at": START + timedelta(hours=1)},
        {"runs": 51},
        {"views": 51},
        {"views": None},
        {"name": "In use again"},
        {"archived": True},
    ],
    ids=str,
)
def test_a_report_that_changed_since_the_plan_is_kept(use: dict[str, object]) -> None:
    """The plan holds what it saw; one report is dropped, the others are archived."""
    depot = Depot.of(stale("r1"), stale("r2"), used("r3"))
    plan = depot.plan()
    depot.tool.change("r1", **use)
    assert [("r1", Result.DROPPED), ("r2", Result.DONE)] == results(depot.apply(plan))
    assert "archive r1" not in depot.tool.effects


def test_an_old_plan_does_not_break_the_rest() -> None:
    """The report looks as it did; our record knows that a person un-archived it since."""
    depot = Depot.of(stale("r1"), used("u1"))
    old = depot.plan()
    depot.run()
    depot.tool.unarchive("r1")
    depot.run()
    assert [("r1", Result.DROPPED)] == results(depot.apply(old))
    assert [] == archived(depot)


def test_a_report_that_is_gone_is_dropped() -> None:
    """Somebody deleted it since the plan."""
    depot = Depot.of(stale("r1"), used("r3"))
    plan = depot.plan()
    del depot.tool.reports["r1"]
    assert [("r1", Result.DROPPED)] == results(depot.apply(plan))


def test_an_archived_report_that_is_used_is_not_deleted() -> None:
    """The run between plan and apply keeps it."""
    depot = Depot.of(stale("r1"), used("r2"))
    depot.run()
    depot.pass_days(90)
    plan = depot.plan()
    depot.tool.change("r1", last_run_at=depot.clock.utc_now())
    assert [("r1", Result.DROPPED)] == results(depot.apply(plan))
    assert "r1" in depot.tool.reports


def test_deletion_that_was_switched_off_since_the_plan_deletes_nothing() -> None:
    """The settings at the time of the change decide."""
    depot = Depot.of(stale("r1"), used("r2"))
    depot.run()
    depot.pass_days(90)
    plan = depot.plan()
    depot.rules = StaleReportRules()
    assert [("r1", Result.DROPPED)] == results(depot.apply(plan))


def test_the_rules_at_the_time_of_the_change_decide() -> None:
    """A plan of stricter rules archives nothing that is used by today's rules."""
    depot = Depot.of(stale("r1"), used("u1"))
    plan = depot.plan()
    depot.rules = StaleReportRules(not_run_days=300)
    assert [("r1", Result.DROPPED)] == results(depot.apply(plan))
    assert [] == archived(depot)


def test_a_run_changes_a_limited_number_of_reports() -> None:
    """A plan of a higher limit is cut, too; the next runs take the rest."""
    depot = Depot.of(*[stale(f"r{number}") for number in range(5)], used("r9"))
    plan = depot.plan()
    depot.rules = StaleReportRules(steps_max=2)
    assert [Result.DONE] * 2 + [Result.NOT_REACHED] * 3 == [result for _, result in results(depot.apply(plan))]
    depot.run()
    depot.run()
    assert 5 == len(archived(depot))


def test_a_failure_stops_the_run_and_the_next_one_goes_on() -> None:
    """What was done is recorded."""
    depot = Depot.of(stale("r1"), stale("r2"), stale("r3"), used("r9"))
    depot.tool.failing = {"r2"}
    applied = depot.run()
    assert [("r1", Result.DONE), ("r2", Result.FAILED), ("r3", Result.NOT_REACHED)] == results(applied)
    assert applied.failed
    assert applied.history == depot.history
    depot.tool.failing = set()
    depot.run()
    assert ["r1", "r2", "r3"] == archived(depot)
    assert all(depot.history.records[report_id].confirmed for report_id in ("r1", "r2", "r3"))


def test_an_unarchived_report_rests() -> None:
    """It is active again, and not archived a second time before the rest is over."""
    depot = Depot.of(stale("r1"), used("r2"))
    depot.run()
    depot.pass_days(10)
    depot.tool.unarchive("r1")
    assert ReportState.RESTING is state_of(
        depot.tool.report("r1"), depot.history.records["r1"], RULES, depot.clock.utc_now()
    )
    depot.run()
    depot.pass_days(29)
    depot.run()
    assert [] == archived(depot)
    depot.pass_days(1)
    depot.run()
    assert ["r1"] == archived(depot)


def test_an_unarchived_report_starts_its_life_again() -> None:
    """The days of the first archiving do not count for the second."""
    depot = Depot.of(stale("r1"), used("r2"))
    depot.run()
    depot.pass_days(80)
    depot.tool.unarchive("r1")
    depot.run()
    depot.pass_days(30)
    depot.run()
    assert ["r1"] == archived(depot)
    depot.pass_days(89)
    depot.run()
    assert "r1" in depot.tool.reports


def test_a_person_who_archives_it_again_keeps_it() -> None:
    """After the un-archiving, the archiving is that person's."""
    depot = Depot.of(stale("r1"), used("r2"))
    depot.run()
    depot.tool.unarchive("r1")
    depot.run()
    depot.tool.change("r1", archived=True)
    for _ in range(3):
        depot.pass_days(100)
        depot.run()
    assert "r1" in depot.tool.reports


def test_plan_and_history_are_of_one_workspace() -> None:
    """A plan is not applied to another workspace."""
    depot = Depot.of(stale("r1"), used("r2"))
    with pytest.raises(BiError, match=r"mode\.depot, and the history of mode\.other"):
        Run(depot.tool, RULES, depot.clock, lambda _: None).apply(depot.plan(), ReportHistory(workspace="mode.other"))


def whole_life(depot: Depot) -> None:
    """Archive, un-archive, delete: with a report of each."""
    depot.run()
    if depot.clock.utc_now() == START:
        depot.pass_days(45)
        depot.tool.unarchive("r2")
    depot.run()
    while depot.clock.utc_now() < START + timedelta(105):
        depot.pass_days(15)
        depot.run()


def lives() -> Depot:
    return Depot.of(*[stale(f"r{number}") for number in range(1, 5)], *[used(f"u{number}") for number in range(6)])


EFFECTS = 27


def test_the_life_of_the_kill_test_has_all_of_it() -> None:
    """Its effects are archivings, deletions, and records of both and of an un-archiving."""
    depot = lives()
    whole_life(depot)
    kinds = {effect.partition(" ")[0] for effect in depot.tool.effects}
    assert {"archive", "delete", "save"} == kinds
    assert EFFECTS == len(depot.tool.effects)
    assert ["r2"] == [report_id for report_id in depot.tool.reports if report_id.startswith("r")]


@pytest.mark.parametrize("kill_at", [half / 2 for half in range(2 * EFFECTS)])
def test_killed_anywhere_it_ends_the_same(kill_at: float) -> None:
    """Before or after each effect: the same reports are archived and deleted, each once."""
    whole, depot = lives(), lives()
    whole_life(whole)
    depot.tool.kill_at = kill_at
    with pytest.raises(Killed):
        whole_life(depot)
    depot.tool.kill_at = None
    whole_life(depot)
    assert whole.tool.reports == depot.tool.reports
    assert whole.history.counts == depot.history.counts
    assert times(whole.history) == times(depot.history)
    changes = [effect for effect in depot.tool.effects if effect != "save"]
    assert sorted(effect for effect in whole.tool.effects if effect != "save") == sorted(changes)


def times(history: ReportHistory) -> dict[str, tuple[bool, bool, bool, bool]]:
    return {
        report_id: (
            record.archived_at is not None,
            record.confirmed,
            record.unarchived_at is not None,
            record.deleted_at is not None,
        )
        for report_id, record in history.records.items()
    }

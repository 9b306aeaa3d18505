"""A retry of a run builds what failed, and nothing that an earlier attempt built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg
import pytest

from orchestration.dbt_runner.attempts import TAG_FROM_FAILURE
from orchestration.dbt_runner.build import NodeOutcome, Verdict
from orchestration.defs.dbt.assets import models_of
from tests.fakes.streams import document
from tests.unit.orchestration.dbt.test_specs import SOURCE, manifest, node

NAMES = ("a", "b", "c", "d", "e")
HOUR = "2025-08-01-03:00"


@dataclass
class FailingDbt:
    """A dbt whose models fail on request; a test of a model that fails is red."""

    failing: set[str] = field(default_factory=set)
    asked: list[set[str]] = field(default_factory=list)

    def of_run(self, tags: Mapping[str, str]) -> FailingDbt:
        """Build every run alike."""
        assert tags is not None
        return self

    def build(
        self, hours: Sequence[str], selectors: Sequence[str], run_id: str | None = None
    ) -> tuple[NodeOutcome, ...]:
        """Note what was asked for."""
        assert hours
        assert run_id
        names = {selector.rpartition(".")[2] for selector in selectors}
        self.asked.append(names)
        return tuple(
            NodeOutcome(
                f"{'test' if name.startswith('is_') else 'model'}.shop.{name}",
                Verdict.FAILED if name in self.failing else Verdict.DONE,
                0.1,
            )
            for name in sorted(names)
        )


DBT = FailingDbt()


def job() -> dg.JobDefinition:
    """Build the job of an hour of five models, one of them with a test."""
    nodes = {name: node("model", name, SOURCE, fqn=["shop", name]) for name in NAMES}
    tested = node("test", "is_good", "model.shop.c", attached_node="model.shop.c", fqn=["shop", "is_good"])
    models = models_of(manifest(**nodes, is_good=tested), {dg.AssetKey(["raw", "orders"]): document()})
    hour = dg.define_asset_job("hour", selection=[models], executor_def=dg.in_process_executor)
    return dg.Definitions(assets=[models], jobs=[hour], resources={"dbt": DBT}).resolve_job_def("hour")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    DBT.failing.clear()
    DBT.asked.clear()
    with dg.instance_for_test() as own:
        yield own


def attempt(instance: dg.DagsterInstance, *failing: str, of: str | None = None, **tags: str) -> str:
    """Run the job, or repeat a run of it from its failure; return the id."""
    DBT.failing = set(failing)
    again = dg.ReexecutionOptions.from_failure(of, instance) if of else None
    tags = {"dagster/partition": HOUR, **({TAG_FROM_FAILURE: "true"} if of else {}), **tags}
    with dg.execute_job(dg.reconstructable(job), instance, tags=tags, reexecution_options=again) as result:
        assert result.success is not bool(failing)
        return result.run_id


def test_of_five_models_the_two_that_failed_are_built_again(instance: dg.DagsterInstance) -> None:
    """A third attempt knows both; the materializations of a retry name the run that built."""
    first = attempt(instance, "d", "e")
    second = attempt(instance, "e", of=first)
    attempt(instance, of=second)
    assert [{*NAMES, "is_good"}, {"d", "e"}, {"e"}] == DBT.asked
    last = instance.get_latest_materialization_event(dg.AssetKey("a"))
    assert last is not None
    assert last.asset_materialization is not None
    assert first == last.asset_materialization.metadata["built_by"].value


def test_a_model_whose_test_was_red_is_built_again(instance: dg.DagsterInstance) -> None:
    """The test runs again as well."""
    first = attempt(instance, "is_good")
    attempt(instance, of=first)
    assert [{*NAMES, "is_good"}, {"c", "is_good"}] == DBT.asked


def test_a_run_that_repeats_everything_builds_everything(instance: dg.DagsterInstance) -> None:
    """A person who asks for all of it gets it."""
    first = attempt(instance, "d")
    attempt(instance, of=first, **{TAG_FROM_FAILURE: "false"})
    assert [{*NAMES, "is_good"}, {*NAMES, "is_good"}] == DBT.asked

"""Which hours a model lacks, and which hop keeps it behind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flink_jobs.contracts.layout import Hour
from orchestration.dbt_runner.built_hours import BuiltHour
from orchestration.dbt_runner.model_status import Block, BuildState, ModelStatus, ProvenModels, UpToDate, statuses
from orchestration.dbt_runner.specs import Manifest

SOURCE, OTHER = "source.shop.raw.orders", "source.shop.raw.rates"
STAGED, COUNTS, USAGE, SEED = ("model.shop.staged", "model.shop.counts", "model.shop.usage", "seed.shop.zones")
NINE, TEN = Hour.from_label("2025-08-01T09"), Hour.from_label("2025-08-01T10")
NOW = datetime(2025, 8, 1, 12, tzinfo=UTC)


def source(stream: str) -> Mapping[str, Any]:
    return {"resource_type": "source", "config": {"meta": {"hourglass": {"stream": stream}}}}


def node(kind: str, *parents: str, **config: str) -> Mapping[str, Any]:
    return {
        "resource_type": kind,
        "name": parents[0].rpartition(".")[2],
        "relation_name": f"db.dev.{parents[0].rpartition('.')[2]}",
        "depends_on": {"nodes": list(parents[1:])},
        "config": {"materialized": "incremental", "incremental_strategy": "proven", **config},
    }


PROJECT = Manifest(
    {
        STAGED: node("model", STAGED, SOURCE),
        COUNTS: node("model", COUNTS, SOURCE, STAGED, SEED),
        USAGE: node("model", USAGE, COUNTS, materialized="view", incremental_strategy=""),
        SEED: node("seed", SEED, materialized="seed", incremental_strategy=""),
        "model.shop.plain": node("model", "model.shop.plain", SEED, materialized="table", incremental_strategy=""),
    },
    {SOURCE: source("orders"), OTHER: source("rates")},
)
MODELS = ProvenModels(PROJECT)
BUILT = (
    BuiltHour(STAGED, "stream:orders", NINE, "f9", "s1", NOW),
    BuiltHour(STAGED, "stream:orders", TEN, "f10", "s2", NOW),
    BuiltHour(COUNTS, "stream:orders", NINE, "f9", "c1", NOW),
    BuiltHour(COUNTS, STAGED, NINE, "s1", "c1", NOW),
    BuiltHour(COUNTS, "stream:orders", TEN, "f10", "c2", NOW),
    BuiltHour(COUNTS, STAGED, TEN, "s2", "c2", NOW),
)
PUBLISHED = {"orders": {NINE: "f9", TEN: "f10"}}


def answers(
    built: tuple[BuiltHour, ...] = BUILT,
    published: Mapping[str, Mapping[Hour, str]] = PUBLISHED,
    blocks: tuple[Block, ...] = (),
    views: frozenset[str] = frozenset({"USAGE"}),
) -> dict[str, ModelStatus]:
    found = statuses(MODELS, BuildState(published, built), {"orders": blocks}, views)
    return {one.model: one for one in found}


def hops(one: ModelStatus) -> list[tuple[str, str]]:
    return [(block.hop, block.where) for block in one.blocks]


def test_only_what_rests_on_proven_hours_has_a_status_in_the_order_of_its_inputs() -> None:
    """Inputs are those of the macro: streams and models, through views; a seed has no hours."""
    assert [STAGED, COUNTS, USAGE] == list(MODELS.inputs)
    assert {"stream:orders", STAGED} == MODELS.inputs[COUNTS]
    assert {"orders"} == MODELS.streams(USAGE)
    assert (STAGED, COUNTS, USAGE) == MODELS.rests_on(USAGE)


def test_models_that_were_built_from_what_is_proven_are_up_to_date() -> None:
    """The newest hour is that of the model; a view has none of its own."""
    found = answers()
    assert {UpToDate.YES} == {one.answer for one in found.values()}
    assert (TEN, None) == (found[COUNTS].newest, found[USAGE].newest)


def test_an_amended_hour_makes_its_model_and_all_behind_it_stale() -> None:
    """The first block is that of the model that must be built first."""
    found = answers(published={"orders": {NINE: "amended", TEN: "f10"}})
    assert [("built", STAGED), ("built", COUNTS)] == hops(found[USAGE])
    assert (NINE,) == found[STAGED].blocks[0].hours
    assert "dbt run --select staged+" == found[STAGED].blocks[0].repair
    assert UpToDate.BEHIND is found[USAGE].answer


def test_a_model_that_was_built_again_makes_only_its_readers_stale() -> None:
    """Another version of its rows, though no fingerprint of a stream changed."""
    moved = (BuiltHour(STAGED, "stream:orders", TEN, "f10", "s3", NOW), *(one for one in BUILT if one != BUILT[1]))
    found = answers(moved)
    assert UpToDate.YES is found[STAGED].answer
    assert [("built", COUNTS)] == hops(found[COUNTS])
    assert (TEN,) == found[COUNTS].blocks[0].hours


def test_a_model_of_two_inputs_waits_for_the_hour_of_both() -> None:
    """The hour that its input lacks is that input's block, not its own."""
    found = answers(tuple(one for one in BUILT if (one.model, one.hour) not in {(STAGED, TEN), (COUNTS, TEN)}))
    assert [("built", STAGED)] == hops(found[COUNTS])


def test_hours_before_the_build_block_first() -> None:
    """A stream whose hour did not land makes every model of it behind."""
    found = answers(BUILT[:1], blocks=(Block("landed", "orders", (TEN,), "it waits", "hourglass job status"),))
    assert [("landed", "orders"), ("built", STAGED), ("built", COUNTS)] == hops(found[USAGE])


def test_a_table_that_python_writes_blocks_its_readers() -> None:
    """Its hours are those of its stream; without one of them nothing behind it is up to date."""
    table = {
        **source("orders"),
        "database": "db", "schema": "dev", "identifier": "scores",
        "config": {"meta": {"hourglass": {"stream": "orders", "built": True}}},
    }  # fmt: skip
    reader = node("model", "model.shop.ranks", "source.shop.python.scores")
    models = ProvenModels(Manifest({"model.shop.ranks": reader}, {"source.shop.python.scores": table}))
    written = tuple(BuiltHour("table:DB.DEV.SCORES", None, hour, None, f"v-{hour}", NOW) for hour in (NINE, TEN))
    read = tuple(BuiltHour("model.shop.ranks", one.model, one.hour, one.version, "r", NOW) for one in written)
    for built, expected in ((written + read, []), (written[:1] + read[:1], ["table:DB.DEV.SCORES"])):
        (found,) = statuses(models, BuildState(PUBLISHED, built), {}, ())
        assert expected == [block.where for block in found.blocks]


def test_a_view_that_is_not_there_is_behind() -> None:
    """As after a new view, before the run of the next hour."""
    found = answers(views=frozenset())
    assert ([("built", USAGE)], UpToDate.YES) == (hops(found[USAGE]), found[COUNTS].answer)


def test_what_cannot_be_asked_is_unknown_unless_something_else_blocks() -> None:
    """Behind is known as soon as one hop is."""
    away = Block("published", "orders", (), "the bucket is away", is_known=False)
    assert {UpToDate.UNKNOWN} == {one.answer for one in answers(blocks=(away,)).values()}
    assert UpToDate.BEHIND is answers(BUILT[:1], blocks=(away,))[STAGED].answer

"""The Dagster instance of the local stack beside the one of production."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import yaml

from infra.local.servers.dagster import PRODUCTION, prepare
from infra.local.settings import LocalSettings


def test_the_local_instance_is_the_one_of_production_but_for_storage_logs_and_run_limit(tmp_path: Path) -> None:
    """Retries, pools, monitoring and freshness are the same, so the local stack tries what production runs."""
    prepare(LocalSettings(data_dir=tmp_path, run_concurrency=3))
    home = tmp_path / "dagster"
    local, production = (yaml.safe_load(path.read_text()) for path in (home / "dagster.yaml", PRODUCTION))
    runs = production["concurrency"].pop("runs")
    assert {**runs, "max_concurrent_runs": 3} == local["concurrency"].pop("runs") != runs
    assert {"storage", "compute_logs"} == production.keys() - local.keys()
    assert {"nux"} == local.keys() - production.keys()
    assert all(local[name] == production[name] for name in local.keys() & production.keys())


def test_dagster_takes_the_local_instance(tmp_path: Path) -> None:
    """A run that failed is retried, and no two runs refresh one stage.

    A run whose code server is away is launched again, and one whose process ended without a word is given up.
    """
    prepare(LocalSettings(data_dir=tmp_path, run_concurrency=3))
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        assert instance.run_retries_enabled
        assert instance.get_concurrency_config().pool_config.default_pool_limit == 1
        assert instance.run_monitoring_max_runtime_seconds > 0
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 3
        assert [{"key": "dagster/backfill", "limit": 2}] == list(queue.tag_concurrency_limits)
        assert queue.max_user_code_failure_retries > 0

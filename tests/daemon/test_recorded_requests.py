"""The requests of Dagster, as they are recorded for the policy of its role."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster_aws.s3.compute_log_manager import S3ComputeLogManager

from infra.local.servers.dagster import PRODUCTION
from orchestration.landing.proof.compaction import compact_ledger
from orchestration.landing.proof.evidence import Stream
from orchestration.landing.report.restatement import read_restatements
from orchestration.landing.verification.days import wrong_days
from orchestration.landing.verification.seals import verify_chain
from orchestration.landing.verification.verify import sealed_hours, verify_hours
from orchestration.metapipeline.pipeline.clients import open_state
from orchestration.settings import StreamAccess
from orchestration.stream.binding import proven_stream
from orchestration.stream.catalog import read_streams
from tests.daemon.station import Station
from tests.daemon.verdict import wait_until_published
from tests.daemon.world import WorldBroker, WorldClock
from tests.faults.recording_s3 import recording_s3
from tests.policies.corpus import require_recorded, shapes_of

ENDPOINT = "HOURGLASS_S3_ENDPOINT"


def test_dagster_sends_the_recorded_requests_and_no_others(
    station: Station, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ticks, runs, an amendment, the compaction, every verification, the output of runs, the metapipeline's state."""
    with recording_s3(station.settings) as s3:
        station.replace_code_server(variables={ENDPOINT: s3.address})
        station.start_daemon()
        first, second = station.land(2)
        wait_until_published(station, {first: 1, second: 1})
        station.stream.land_late(first, 3)
        station.write_world(ahead=timedelta(minutes=1))  # past the rest between two runs of an hour
        wait_until_published(station, {first: 2})
        station.stop_daemon()
        for _ in range(24):  # a day of emission is over, and is compacted
            station.land(1)
        monkeypatch.setenv(ENDPOINT, s3.address)
        prove(
            replace(proven_stream(read_streams()[0].document, StreamAccess()), broker=WorldBroker(), clock=WorldClock())
        )
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", station.settings.s3_access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", station.settings.s3_secret_access_key.get_secret_value())
        keep_output(s3.address, station.settings.bucket, tmp_path)
        keep_state(station.settings.bucket)
        station.replace_code_server()
    require_recorded("dagster", shapes_of(s3.calls(), station.settings.stream))


def prove(stream: Stream) -> None:
    """Compact the ledger twice, and verify all that there is, line by line."""
    assert compact_ledger(stream, open_day=True)
    assert [] == compact_ledger(stream, open_day=True)
    assert [] == [*verify_chain(stream), *wrong_days(stream.bucket, stream.layout)]
    assert verify_hours(stream, sealed_hours(stream), read=True)
    assert read_restatements(stream.bucket, stream.layout)


def keep_output(endpoint: str, bucket: str, folder: Path) -> None:
    """Upload and read the output of a run as the instance of production does."""
    config = yaml.safe_load(PRODUCTION.read_text())["compute_logs"]["config"]
    manager = S3ComputeLogManager(**config | {"bucket": bucket, "endpoint_url": endpoint, "local_dir": str(folder)})
    key = ["run", "compute_logs", "step"]
    printed = Path(manager.local_manager.get_captured_local_path(key, "out"))
    printed.parent.mkdir(parents=True)
    printed.write_text("printed")
    manager.upload_to_cloud_storage(key, ComputeIOType.STDOUT)
    manager.get_log_keys_for_log_key_prefix(key[:2], ComputeIOType.STDOUT)
    manager.upload_to_cloud_storage(key, ComputeIOType.STDOUT, partial=True)
    manager.download_from_cloud_storage(key, ComputeIOType.STDOUT)
    assert manager.cloud_storage_has_logs(key, ComputeIOType.STDOUT)
    assert not manager.cloud_storage_has_logs(key, ComputeIOType.STDERR)


def keep_state(bucket: str) -> None:
    """Write, replace and read the state of the metapipeline."""
    state = open_state(f"s3://{bucket}/metapipeline")
    state.write("written.json", b"1")
    version = state.replace("replaced.json", b"1", None)
    state.replace("replaced.json", b"2", version)
    kept = state.read("replaced.json")
    assert kept is not None
    assert kept.content == b"2"

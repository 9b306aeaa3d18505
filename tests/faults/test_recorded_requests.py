"""The requests of the landing job and of its commands, as they are recorded for the policy of its role."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from flink_jobs.contracts.layout import Kind
from flink_jobs.deploy import sweep as janitor
from flink_jobs.s3.bucket import Bucket
from flink_jobs.settings import StartingOffsets
from infra.local.servers import object_store
from tests.faults.crash_points import Crashes, CrashPoint, build_agent
from tests.faults.landing_stack import LandingStack, Raw, event
from tests.faults.recording_s3 import recording_s3
from tests.policies.corpus import require_recorded, shapes_of
from tests.policies.operations import Call
from tests.stacks.seam import Servers

ORPHAN = "2025/08/01/03/part-0123456789ab.1-orphan-0.jsonl.zst"


def records(first: int) -> list[Raw]:
    """Make events over all partitions, and one record that is rejected."""
    return [*(Raw(event(number), partition=number % 4) for number in range(first, first + 100)), Raw(b"no json")]


def test_the_job_and_its_commands_send_the_recorded_requests_and_no_others(servers: Servers) -> None:
    """The life of a job with both writers of parts: from memory, and Flink's own, which more open objects need."""
    build_agent()
    shapes: set[Call] = set()
    for stream, signed in {"recorded": False, "recorded-by-flink": True}.items():
        with (
            recording_s3(servers.settings) as s3,
            LandingStack(servers, stream, s3_endpoint=s3.address, s3_signed_parts=signed) as stack,
        ):
            live(stack)
        shapes |= shapes_of(s3.calls(), stream)
    require_recorded("landing", shapes)


def live(stack: LandingStack) -> None:
    """Land, crash between checkpoint and commit, leave uploads; start from a checkpoint, the ledger and a new topic."""
    crashes = Crashes(stack.landing.data_dir / "crashes")
    stack.start_job(crashes.environment)
    stack.wait_until_landed(stack.produce(records(0)))
    crashes.arm(CrashPoint.AFTER_CHECKPOINT_BEFORE_COMMIT)
    sent = stack.produce(records(100))
    stack.wait_until_job_ends()
    leave_orphan(stack)
    stack.start_job()
    stack.wait_until_landed(sent)
    stack.stop_job()
    leave_orphan(stack)
    sweep(stack)
    check_ledger(stack)
    crashes.arm(CrashPoint.AFTER_CHECKPOINT_BEFORE_COMMIT)
    stack.start_job(crashes.environment)
    sent = stack.produce(records(200))
    stack.wait_until_job_ends()
    stack.start_job(offsets=StartingOffsets.LEDGER)
    stack.wait_until_landed(sent)
    stack.stop_job()
    stack.recreate_topic()
    stack.start_job(offsets=StartingOffsets.NEW_TOPIC)
    stack.stop_job()


def leave_orphan(stack: LandingStack) -> None:
    """Begin an upload, past the proxy, that nothing completes."""
    bucket, key = stack.landing.bucket, stack.landing.layout.prefix(Kind.LANDING) + ORPHAN
    client = object_store.client(stack.settings)
    upload_id = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    client.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=1, Body=b"1234")


def sweep(stack: LandingStack) -> None:
    """Remove every leftover, also savepoints."""
    bucket = Bucket.of(stack.landing)
    stock = janitor.take_inventory(stack.landing, bucket)
    margin = timedelta(0)
    janitor.sweep(bucket, janitor.leftovers(stack.landing, stock, datetime.now(UTC), margin=margin), print)


def check_ledger(stack: LandingStack) -> None:
    """Run `hourglass ledger check --read`, which reads the compacted days, too: one that is damaged."""
    key = stack.landing.layout.ledger_day_key(date(2025, 8, 1), revision=1)
    object_store.client(stack.settings).put_object(Bucket=stack.landing.bucket, Key=key, Body=b"{}")
    environment = stack.settings.environment() | stack.landing.job_environment() | {"HOURGLASS_TARGET": "remote"}
    command = [str(Path(sys.executable).with_name("hourglass")), "ledger", "check", "--read"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert "ledger-days/2025-08-01" in checked.stdout, checked

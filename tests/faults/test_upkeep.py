"""Damaged restore points, jar upgrades, and leftovers of former jobs, with real processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from zipfile import ZipFile

import pytest

from flink_jobs import deploy
from flink_jobs.contracts.layout import Kind
from flink_jobs.deploy import sweep as janitor
from flink_jobs.errors import RestoreRefusedError
from flink_jobs.flink.jars import MANIFEST, NAME, UPLOADS, LandingJars, jar_version
from flink_jobs.restore.orphaned_uploads import stream_uploads
from flink_jobs.restore.points import complete_points, find_points
from flink_jobs.s3.bucket import Bucket
from flink_jobs.s3.objects import StoredObject
from tests.faults.conftest import NewStack
from tests.faults.crash_points import Crashes, CrashPoint, build_agent
from tests.faults.landing_stack import LandingStack, Raw, event
from tests.integration.truth import read_landed, topic_positions, wait_for


def records(first: int, count: int) -> list[Raw]:
    """Make events over all partitions."""
    return [Raw(event(number), partition=number % 4) for number in range(first, first + count)]


def assert_each_once(stack: LandingStack) -> None:
    """Every record of the topic is in exactly one finished object."""
    landed = read_landed(stack.settings)
    assert topic_positions(stack.settings) == set(landed.accepted) | set(landed.rejected)
    assert set() == landed.doubled


def test_a_restore_point_that_flink_cannot_read_is_refused_and_nothing_lands(new_stack: NewStack) -> None:
    """A truncated restore point begins like a good one; Flink detects it, and the error names the repair.

    A start from an older savepoint or without any is refused, too.
    """
    stack = new_stack()
    sent = stack.produce(records(0, 200))
    older = savepoint_of(stack, stack.start_job().job_id)
    sent |= stack.produce(records(200, 200))
    stack.wait_until_landed(sent)
    newest = stack.stop_job()
    before = read_landed(stack.settings)
    stack.produce(records(400, 200))
    bucket = Bucket.of(stack.landing)
    key = newest.removeprefix(stack.landing.url("") + "/") + "/_metadata"
    good = bucket.read(key)
    assert good
    with pytest.raises(RestoreRefusedError, match=f"{older} is older than {newest}"):
        deploy.start(stack.landing, savepoint=older)
    bucket.put(key, good[: len(good) // 2])
    with pytest.raises(RestoreRefusedError, match=f"{newest} cannot be restored: java.io.EOFException"):
        stack.start_job()
    assert not stack.job_lives()
    assert before == read_landed(stack.settings)
    bucket.put(key, good)
    stack.start_job()
    stack.wait_until_landed(topic_positions(stack.settings))
    stack.stop_job()
    assert_each_once(stack)


def savepoint_of(stack: LandingStack, job_id: str) -> str:
    """Trigger a savepoint of a running job, and return its path."""
    address, bucket = f"{stack.landing.flink_rest}/jobs/{job_id}/savepoints", Bucket.of(stack.landing)
    body = json.dumps({"target-directory": stack.landing.url(stack.landing.savepoint_prefix), "cancel-job": False})
    with urlopen(Request(address, body.encode(), {"Content-Type": "application/json"}), timeout=10):  # noqa: S310 - http on this machine
        pass

    def made() -> list[StoredObject]:
        return complete_points(bucket.objects(stack.landing.savepoint_prefix))

    wait_for(lambda: bool(made()), seconds_max=60, what="the savepoint")
    return stack.landing.url(made()[0].key.removesuffix("/_metadata"))


def other_build(jars: LandingJars, folder: Path, *, version: str, works: bool) -> LandingJars:
    """Copy these landing jars with another version; if they must not work, the class of the uploads is broken."""
    other = LandingJars.of_build(folder / version / NAME)
    other.operator.parent.mkdir()
    old = f"Implementation-Version: {jar_version(jars).version}".encode()
    for jar, made in ((jars.operator, other.operator), (jars.uploads, other.uploads)):
        with ZipFile(jar) as source, ZipFile(made, "w") as target:
            for name in source.namelist():
                body = source.read(name)
                if name == MANIFEST:
                    body = body.replace(old, f"Implementation-Version: {version}".encode())
                if name == UPLOADS and not works:
                    body = b"no class"
                target.writestr(name, body)
            target.writestr("io/hourglass/landing/other.txt", version)
    return other


@pytest.fixture
def own_home(tmp_path: Path) -> Path:
    """Make a Flink home of links, so that an upgrade does not change the jar of another test."""
    home = tmp_path / "home"
    original = Path(os.environ.get("HOURGLASS_FLINK_HOME", ".runtime/flink")).absolute()
    shutil.copytree(original, home, symlinks=True)
    return home


def test_an_upgrade_carries_the_state_over_and_jars_that_do_not_work_are_taken_back(
    new_stack: NewStack, own_home: Path, tmp_path: Path
) -> None:
    """The command continues the job after the last landed offset, with both new jars, or with both old ones."""
    stack = new_stack(flink_home=own_home)
    original = LandingJars.installed(own_home)
    original = LandingJars(original.operator.resolve(), original.uploads.resolve())
    better = other_build(original, tmp_path, version="9.1", works=True)
    broken = other_build(original, tmp_path, version="9.2", works=False)
    sent = stack.produce(records(0, 200))
    stack.start_job()
    stack.wait_until_landed(sent)

    upgraded = hourglass_job(stack, "upgrade", "--jar", str(better.operator))
    assert (0, str(jar_version(better))) == (upgraded.returncode, deploy.status(stack.landing).jar)
    sent |= stack.produce(records(200, 200))
    stack.wait_until_landed(sent)

    failed = hourglass_job(stack, "upgrade", "--jar", str(broken.operator))
    assert re.search(r"9\.2 .* does not work; 9\.1 .* runs again", failed.stderr.replace("\n", " ")), failed
    assert (1, str(jar_version(better))) == (failed.returncode, deploy.status(stack.landing).jar)
    assert jar_version(better) == jar_version(LandingJars.installed(own_home))
    sent |= stack.produce(records(400, 200))
    stack.wait_until_landed(sent)
    stack.stop_job()
    assert_each_once(stack)


def hourglass_job(stack: LandingStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the job on this stack."""
    environment = stack.settings.environment() | stack.landing.job_environment() | {"HOURGLASS_TARGET": "remote"}
    command = [str(Path(sys.executable).with_name("hourglass")), "job", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


def test_a_sweep_takes_orphans_and_leaves_what_the_restore_needs(new_stack: NewStack) -> None:
    """The job dies between a checkpoint and its commits; its uploads stay, and the next start completes them."""
    build_agent()
    stack = new_stack()
    crashes = Crashes(stack.landing.data_dir / "crashes")
    bucket = Bucket.of(stack.landing)
    stack.start_job(crashes.environment)
    sent = stack.produce(records(0, 200))
    stack.wait_until_landed(sent)
    orphan = begin_upload(stack, bucket)
    folders = {point.key for point in find_points(stack.landing, bucket)}
    wait_for(
        lambda: len({point.key for point in find_points(stack.landing, bucket)} - folders) > 1,
        seconds_max=60,
        what="two checkpoints more",
    )
    crashes.arm(CrashPoint.AFTER_CHECKPOINT_BEFORE_COMMIT)
    sent |= stack.produce(records(200, 200))
    stack.wait_until_job_ends()
    needed = ids(stack, bucket) - {orphan}
    assert needed

    def found() -> list[janitor.Leftover]:
        stock = janitor.take_inventory(stack.landing, bucket)
        return janitor.leftovers(stack.landing, stock, datetime.now(UTC), margin=timedelta(0))

    before = read_landed(stack.settings)
    assert [(orphan, 4)] == [(one.upload.upload_id, one.size_bytes) for one in found() if one.upload]
    janitor.sweep(bucket, found(), print)
    assert [] == found()
    assert needed == ids(stack, bucket)
    assert before == read_landed(stack.settings)
    former = find_points(stack.landing, bucket)[-1].key.rpartition("/")[0]
    stack.start_job()
    sent |= stack.produce(records(400, 200))
    stack.wait_until_landed(sent)
    assert {former} == {one.key.rpartition("/chk-")[0] for one in found() if "chk-" in one.key}
    stack.stop_job()
    assert_each_once(stack)


def ids(stack: LandingStack, bucket: Bucket) -> set[str]:
    """Return the ids of the open uploads of a stream."""
    return {upload.upload_id for upload in stream_uploads(stack.landing, bucket)}


def begin_upload(stack: LandingStack, bucket: Bucket) -> str:
    """Begin an upload of lines that is never completed; four bytes of it are stored."""
    name = "2025/08/01/03/part-0123456789ab.1-orphan-0.jsonl.zst"
    target: dict[str, Any] = {"Bucket": stack.landing.bucket, "Key": stack.landing.layout.prefix(Kind.LANDING) + name}
    upload_id = bucket._client.create_multipart_upload(**target)["UploadId"]
    bucket._client.upload_part(**target, UploadId=upload_id, PartNumber=1, Body=b"1234")
    return str(upload_id)


def test_the_command_shows_what_can_go_and_changes_nothing_without_being_told(new_stack: NewStack) -> None:
    """`hourglass job sweep --json` prints keys, ages, bytes and reasons; exit code 0."""
    stack = new_stack()
    stale = [f"{stack.landing.lease_prefix}{number:08d}.json" for number in (1, 2)]
    bucket = Bucket.of(stack.landing)
    for key in stale:
        bucket.put(key, b"{}")

    def run(*options: str) -> list[dict[str, object]]:
        done = hourglass_job(stack, "sweep", "--json", *options)
        result: list[dict[str, object]] = json.loads(done.stdout)
        return result

    assert [("lease", stale[0], 2)] == [(one["what"], one["key"], one["bytes"]) for one in run()]
    assert 1 == len(run("--apply"))
    assert [] == run()
    assert [stale[1]] == [stored.key for stored in bucket.objects(stack.landing.lease_prefix)]

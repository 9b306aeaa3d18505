"""The task of a peer of the benchmark, with addresses that nothing listens on."""

from pathlib import Path

from benchmarks.landing.peer import Task

TASK = Task(
    bootstrap_servers="127.0.0.1:1",
    topic="events",
    partitions=4,
    records=10,
    codec="plain",
    bucket="bucket",
    prefix="run-1/",
    s3_endpoint="http://127.0.0.1:2",
    s3_region="us-east-1",
    s3_access_key_id="the-key",
    s3_secret_access_key="the-secret",
    work_dir=Path("work"),
    install_dir=Path("install"),
    roll_seconds=10,
)

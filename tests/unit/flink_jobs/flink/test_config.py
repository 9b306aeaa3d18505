from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from flink_jobs.flink.config import cluster_config, flink_config, heap_options, logging_config
from flink_jobs.flink.home import wheel_home
from flink_jobs.settings import FlinkTarget, LandingSettings, LogFormat

WHEEL = "--add-opens=java.base/java.lang=ALL-UNNAMED --add-opens=java.base/java.net=ALL-UNNAMED"
OPTIONS = [
    *WHEEL.split(),
    "-XX:+UseSerialGC",
    "-XX:+UseTransparentHugePages",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:Tier4InvocationThreshold=100000",
    "-XX:Tier4MinInvocationThreshold=30000",
    "-XX:Tier4CompileThreshold=300000",
    "-XX:Tier4BackEdgeThreshold=800000",
    "-Dpekko.scheduler.tick-duration=100ms",
    "-Dcom.amazonaws.services.s3.disablePutObjectMD5Validation=true",
]
LOCAL = {
    "env.java.opts.client": " ".join(["-Xmx768m", "-Xms224m", "-Xmn112m", *OPTIONS]),
    "env.log.dir": "/data/logs",
    "io.tmp.dirs": "/data/flink/tmp",
    "rest.address": "127.0.0.1",
    "rest.bind-address": "127.0.0.1",
    "rest.port": 8085,
    "rest.bind-port": "8085",
    "parallelism.default": 2,
    "taskmanager.numberOfTaskSlots": 2,
    "taskmanager.memory.network.min": "8mb",
    "taskmanager.memory.network.max": "8mb",
    "taskmanager.memory.managed.size": "0",
    "execution.checkpointing.mode": "EXACTLY_ONCE",
    "pipeline.auto-watermark-interval": "0 ms",
    "execution.checkpointing.dir": "hourglass-state://hourglass/flink/orders/checkpoints",
    "execution.checkpointing.savepoint-dir": "hourglass-state://hourglass/flink/orders/savepoints",
    "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    "execution.checkpointing.num-retained": 2,
    "execution.checkpointing.timeout": "5 min",
    "execution.checkpointing.tolerable-failed-checkpoints": 3,
    "restart-strategy.type": "failure-rate",
    "restart-strategy.failure-rate.max-failures-per-interval": 30,
    "restart-strategy.failure-rate.failure-rate-interval": "10 min",
    "restart-strategy.failure-rate.delay": "10 s",
    "s3.directory.marker.retention": "keep",
    "s3.upload.min.part.size": "16777216",
    "s3.endpoint.region": "us-east-1",
    "s3.endpoint": "http://127.0.0.1:9000",
    "s3.path.style.access": "true",
    "s3.access-key": "hourglass",
    "s3.secret-key": 'se"c: #ret',
    "s3.aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
}


@pytest.fixture
def settings() -> LandingSettings:
    return LandingSettings(
        _env_file=None,
        stream="orders",
        parallelism=2,
        data_dir=Path("/data"),
        flink_rest="http://127.0.0.1:8085",
        s3_endpoint="http://127.0.0.1:9000",
        s3_access_key_id="hourglass",
        s3_secret_access_key=SecretStr('se"c: #ret'),
    )


def read(settings: LandingSettings) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(flink_config(settings, WHEEL))
    return found


def test_the_configuration_is_what_was_proven(settings: LandingSettings) -> None:
    """Tests with kills have proven every key necessary; a secret with any content survives YAML."""
    assert LOCAL == read(settings)


@pytest.mark.parametrize(
    ("heap_max", "parallelism", "options"),
    [
        ("768m", 1, ["-Xmx768m", "-Xms192m", "-Xmn96m"]),
        ("2g", 4, ["-Xmx2g", "-Xms288m", "-Xmn144m"]),
        ("64m", 1, ["-Xmx64m", "-Xms64m", "-Xmn32m"]),
    ],
)
def test_the_heap_begins_small_and_never_above_its_limit(heap_max: str, parallelism: int, options: list[str]) -> None:
    """Java refuses to start with an initial size above the limit."""
    assert options == heap_options(heap_max, parallelism)


def test_a_client_knows_where_the_cluster_is_and_nothing_of_its_machines(settings: LandingSettings) -> None:
    """The checkpoint settings belong to the job; slots, memory and metrics are the cluster's."""
    changes = {"flink_target": FlinkTarget.SESSION, "flink_rest": "http://flink.example:8082", "metrics_port": 9249}
    names = ("env.java.opts.client", "env.log.dir", "io.tmp.dirs")
    expected = {name: value for name, value in LOCAL.items() if name in names or name.startswith("s3.")}
    assert expected | {"rest.address": "flink.example", "rest.port": 8082} == read(settings.model_copy(update=changes))


def test_the_machines_of_a_cluster_need_the_bucket_and_look_for_silent_clients(settings: LandingSettings) -> None:
    """No setting belongs to one stream or to one machine, because any number of jobs may run there."""
    expected = {name: value for name, value in LOCAL.items() if name.startswith(("s3.", "taskmanager.memory."))}
    found = yaml.safe_load(cluster_config(settings, WHEEL))
    assert OPTIONS == found.pop("env.java.opts.all").split()
    assert expected | {"$internal.dispatcher.client-aliveness-check.interval": "2 s"} == found


def test_on_aws_the_default_chain_finds_keys_and_endpoint(settings: LandingSettings) -> None:
    aws = settings.model_copy(update={"s3_endpoint": None, "s3_access_key_id": None, "s3_secret_access_key": None})
    absent = {"s3.endpoint", "s3.path.style.access", "s3.access-key", "s3.secret-key"}
    assert LOCAL.keys() - absent == read(aws).keys()


def test_metrics_are_served_where_a_port_is_set(settings: LandingSettings) -> None:
    """Flink's reporter listens on every interface, so it is off by default."""
    asked = {
        "metrics.reporters": "prometheus",
        "metrics.reporter.prometheus.factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
        "metrics.reporter.prometheus.port": "9249",
    }
    assert LOCAL | asked == read(settings.model_copy(update={"metrics_port": 9249}))


FORGED = 'rejected\n2026-01-01T00:00:00.000Z INFO  Landing all is well\r\nand "more" {'
LOG_ONCE = """
class LogOnce {
    public static void main(String[] message) {
        org.apache.logging.log4j.LogManager.getLogger("io.hourglass.Landing").warn(message[0]);
    }
}
"""


def logged(log_format: LogFormat, folder: Path) -> list[str]:
    """Write one message through Log4j as the job's process does, and return the lines of its log."""
    configuration, program = folder / "log4j-cli.properties", folder / "LogOnce.java"
    configuration.write_text(logging_config(log_format))
    program.write_text(LOG_ONCE)
    jars = ":".join(map(str, (wheel_home() / "lib").glob("log4j-*.jar")))
    command = ["java", "-cp", jars, f"-Dlog4j2.configurationFile={configuration}", str(program), FORGED]
    subprocess.run(command, check=True, env=os.environ | {"FLINK_LOG_DIR": str(folder)})
    return (folder / "flink.log").read_text().splitlines()


def test_a_message_never_begins_a_line_of_the_text_log(tmp_path: Path) -> None:
    """A message with line breaks is one line; forged text follows the real time and level."""
    (line,) = logged(LogFormat.TEXT, tmp_path)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z WARN  Landing rejected\\n2026-01-01T.*", line)


def test_a_message_is_one_json_object_of_the_json_log(tmp_path: Path) -> None:
    """The message can be read back unchanged."""
    (line,) = logged(LogFormat.JSON, tmp_path)
    assert FORGED == json.loads(line)["message"]

"""The configuration of the Flink process, of a job's client, and of a cluster's machines, as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from flink_jobs.flink.rest import CLIENT_CHECK
from flink_jobs.flink.s3_properties import s3_properties
from flink_jobs.settings import FlinkTarget, LandingSettings, LogFormat

FAILURES_MAX = 30
FAILURE_WINDOW = "10 min"
RESTART_DELAY = "10 s"
"""A job that fails at once gives up after five minutes; rare failures (a broker restarts) never add up."""

CLIENT_CHECK_SECONDS = 2

YOUNG_MEGABYTES = 80
YOUNG_MEGABYTES_OF_A_SUBTASK = 16

JAVA_OPTIONS = (
    "-XX:+UseSerialGC",  # one or two busy threads and a small heap: the least memory and CPU
    "-XX:+UseTransparentHugePages",  # a twentieth less CPU where the system offers them
    "-XX:+ExitOnOutOfMemoryError",  # a JVM without memory must end: half a job renews its lease and lands nothing
    # Twenty times Java's: C2 compiles what runs for every record, and not what runs for every fetch, part, checkpoint.
    "-XX:Tier4InvocationThreshold=100000",
    "-XX:Tier4MinInvocationThreshold=30000",
    "-XX:Tier4CompileThreshold=300000",
    "-XX:Tier4BackEdgeThreshold=800000",
    "-Dpekko.scheduler.tick-duration=100ms",  # 10 ms costs an idle job a quarter of its CPU; its timers are in seconds
    "-Dcom.amazonaws.services.s3.disablePutObjectMD5Validation=true",  # Flink's writer signs a SHA-256 of each part
)


def java_options(wheel_java_options: str) -> list[str]:
    """List the options of the Java process without the size of its heap.

    Args:
        wheel_java_options: `env.java.opts.all` of the wheel, without which Java 17 refuses Flink's reflection.
    """
    return [*wheel_java_options.split(), *JAVA_OPTIONS]


def heap_options(heap_max: str, parallelism: int) -> list[str]:
    """Size the heap for records that live no longer than their poll.

    The young generation holds some polls: large enough for rare collections, small enough for the processor's cache.
    The heap begins small, because memory that was never used is not resident.

    Args:
        heap_max: as Java writes it, `768m`.
        parallelism: subtasks that poll at the same time.
    """
    young = YOUNG_MEGABYTES + YOUNG_MEGABYTES_OF_A_SUBTASK * parallelism
    limit = int(heap_max[:-1]) * (1024 if heap_max.endswith("g") else 1)
    return [f"-Xmx{heap_max}", f"-Xms{min(2 * young, limit)}m", f"-Xmn{min(young, limit // 2)}m"]


def flink_config(settings: LandingSettings, wheel_java_options: str) -> str:
    """Write `config.yaml` of the process that `hourglass job start` starts: the job itself, or its client.

    It holds the bucket's secret: keep the file readable for its owner alone.

    Args:
        settings: of the job.
        wheel_java_options: see `java_options`.
    """
    options = [*heap_options(settings.flink_heap, settings.parallelism), *java_options(wheel_java_options)]
    ours: dict[str, str | int] = {
        "env.java.opts.client": " ".join(options),  # beside FLINK_ENV_JAVA_OPTS, which would replace the ones of `all`
        "env.log.dir": str(settings.log_dir),
        "io.tmp.dirs": str(settings.state_dir / "tmp"),
    }
    if settings.flink_target is FlinkTarget.SESSION:
        where: dict[str, str | int] = {"rest.address": settings.rest_host, "rest.port": settings.rest_port}
    else:
        where = {
            "rest.address": "127.0.0.1",
            "rest.bind-address": settings.flink_rest_bind,
            "rest.port": settings.rest_port,
            "rest.bind-port": str(settings.rest_port),
            "parallelism.default": settings.parallelism,
            "taskmanager.numberOfTaskSlots": settings.parallelism,
            **_MEMORY,
            **checkpoint_properties(settings),
            **_metrics(settings),
        }
    return _text(ours | where | _bucket(settings))


def cluster_config(settings: LandingSettings, wheel_java_options: str) -> str:
    """Write what the `config.yaml` of every machine of a cluster needs beside the cluster's own addresses and sizes.

    It names no stream, because jobs bring their own checkpoints. It holds the bucket's secret, too.
    """
    return _text(
        {
            "env.java.opts.all": " ".join(java_options(wheel_java_options)),
            CLIENT_CHECK: f"{CLIENT_CHECK_SECONDS} s",
            **_MEMORY,
            **_metrics(settings),
            **_bucket(settings),
        }
    )


def _bucket(settings: LandingSettings) -> dict[str, str]:
    return {
        **s3_properties(settings),
        **({"s3.create.storage.class": str(settings.s3_storage_class)} if settings.s3_storage_class else {}),
    }


def _text(values: Mapping[str, str | int]) -> str:
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in values.items())


_MEMORY = {
    # One chain of one task: nothing crosses the network, nothing sorts, no state lives outside the heap.
    "taskmanager.memory.network.min": "8mb",
    "taskmanager.memory.network.max": "8mb",
    "taskmanager.memory.managed.size": "0",
}


def checkpoint_properties(settings: LandingSettings) -> dict[str, str | int]:
    """Return where the stream's checkpoints lie, and what happens to a job that fails; both belong to the job."""
    return {
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "pipeline.auto-watermark-interval": "0 ms",  # nothing waits for watermarks
        "execution.checkpointing.dir": settings.checkpoint_url,
        "execution.checkpointing.savepoint-dir": settings.savepoint_url,
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        "execution.checkpointing.num-retained": 2,
        "execution.checkpointing.timeout": "5 min",
        "execution.checkpointing.tolerable-failed-checkpoints": 3,
        "restart-strategy.type": "failure-rate",
        "restart-strategy.failure-rate.max-failures-per-interval": FAILURES_MAX,
        "restart-strategy.failure-rate.failure-rate-interval": FAILURE_WINDOW,
        "restart-strategy.failure-rate.delay": RESTART_DELAY,
    }


def _metrics(settings: LandingSettings) -> dict[str, str]:
    if settings.metrics_port is None:
        return {}
    return {
        "metrics.reporters": "prometheus",
        "metrics.reporter.prometheus.factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
        "metrics.reporter.prometheus.port": str(settings.metrics_port),
    }


_PATTERNS = {
    # What a record brings along never begins a line of the log: its line breaks and controls are escaped.
    LogFormat.TEXT: "%d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}{UTC} %-5p %c{1} %enc{%m}{CRLF}%n",
    LogFormat.JSON: (
        '{"time":"%d{yyyy-MM-dd\'T\'HH:mm:ss.SSS\'Z\'}{UTC}","level":"%p","logger":"%enc{%c}{JSON}",'
        '"thread":"%enc{%t}{JSON}","message":"%enc{%m}{JSON}","error":"%enc{%xEx}{JSON}"}%n'
    ),
}


def logging_config(log_format: LogFormat) -> str:
    """Write `log4j-cli.properties`: one file, which never grows beyond 80 MB."""
    pattern = _PATTERNS[log_format].replace("\\", "\\\\")
    always = str(log_format is LogFormat.TEXT).lower()
    return _LOGGING + (
        f"appender.file.layout.pattern = {pattern}\nappender.file.layout.alwaysWriteExceptions = {always}\n"
    )


_LOGGING = """\
rootLogger.level = INFO
rootLogger.appenderRef.file.ref = File
appender.file.name = File
appender.file.type = RollingFile
appender.file.fileName = ${env:FLINK_LOG_DIR}/flink.log
appender.file.filePattern = ${env:FLINK_LOG_DIR}/flink.log.%i
appender.file.layout.type = PatternLayout
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 20MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
logger.kafka.name = org.apache.kafka
logger.kafka.level = WARN
logger.hadoop.name = org.apache.hadoop
logger.hadoop.level = WARN
logger.metrics.name = org.apache.hadoop.metrics2
logger.metrics.level = ERROR
logger.netty.name = org.apache.flink.shaded.netty4.io.netty
logger.netty.level = WARN
logger.python.name = org.apache.flink.client.python.PythonEnvUtils
logger.python.level = WARN
logger.types.name = org.apache.flink.api.java.typeutils.TypeExtractor
logger.types.level = WARN
"""

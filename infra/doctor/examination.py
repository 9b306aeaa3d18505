"""All checks of a set-up, in the order of the chain.

An image has the modules of its own program alone, so each area imports its own when it is asked. What an image cannot
ask is `unknown`, with the module that it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

from flink_jobs.contracts.clock import Clock
from infra.doctor.checks import Area, Check, Finding, Verdict, examine
from infra.doctor.demands import Demands

ELSEWHERE = "run it where all of Hourglass is installed: in the image hourglass/dagster, or in a checkout"


@dataclass(frozen=True, slots=True)
class _Examination:
    """The checks of one area.

    Args:
        checks: in their order.
        errors: of the clients that they use.
    """

    checks: Iterator[Check]
    errors: tuple[type[Exception], ...]


def examine_set_up(areas: Collection[Area], demands: Demands, clock: Clock) -> Iterator[Finding]:
    """Ask broker, bucket, Snowflake, Dagster and the Flink home of the settings, and yield each answer as it comes.

    Args:
        areas: to ask.
        demands: what the set-up must have.
        clock: of this machine, with which those of the servers are compared.

    Raises:
        StackError: the document of a stream has a mistake.
        DocumentError: the document of an object has one.
    """
    asked: Mapping[Area, Callable[[], _Examination]] = {
        Area.BROKER: partial(_broker, demands),
        Area.LANDING_JOB: _jars,
        Area.BUCKET: partial(_buckets, demands, clock),
        Area.DAGSTER: partial(_dagster, demands, clock),
        Area.SNOWFLAKE: partial(_snowflake, demands, clock),
    }
    for area, prepare in asked.items():
        if area in areas:
            yield from _examined(area, prepare)


def _examined(area: Area, prepare: Callable[[], _Examination]) -> Iterator[Finding]:
    try:
        examination = prepare()
    except ModuleNotFoundError as exc:
        yield Finding(area, "modules", Verdict.UNKNOWN, f"this installation has no module {exc.name}", ELSEWHERE)
        return
    yield from examine(examination.checks, examination.errors)


def _broker(demands: Demands) -> _Examination:
    from infra.doctor.broker import broker_checks
    from infra.local.streams import streams
    from orchestration.landing.clients.kafka import KafkaBroker
    from orchestration.landing.errors import LandingError
    from producers.kafka import KafkaAccess

    documents = [entry.document for entry in streams()]
    return _Examination(broker_checks(KafkaBroker(KafkaAccess()), documents, demands), (LandingError,))


def _jars() -> _Examination:
    from flink_jobs.errors import LandingJobError
    from flink_jobs.settings import LandingSettings
    from infra.doctor.jars import jar_checks

    return _Examination(jar_checks(LandingSettings().flink_home), (LandingJobError,))


def _buckets(demands: Demands, clock: Clock) -> _Examination:
    from botocore.exceptions import BotoCoreError, ClientError

    from flink_jobs.contracts.s3_access import S3Access
    from infra.doctor.bucket import BucketProbe, bucket_checks

    def checks() -> Iterator[Check]:
        for name, prefix in prefixes.items():
            yield from bucket_checks(BucketProbe.of(S3Access(), name, prefix), demands, clock)

    prefixes = _prefixes_by_bucket()
    return _Examination(checks(), (BotoCoreError, ClientError))


def _prefixes_by_bucket() -> Mapping[str, str]:
    """Return the first stream of each bucket; an image without documents has the stream of its job."""
    if find_spec("orchestration.stream") is None:
        from flink_jobs.settings import LandingSettings

        settings = LandingSettings()
        return {settings.bucket: settings.stream}
    from infra.local.streams import streams

    return {entry.document.bucket: entry.document.prefix for entry in reversed(streams())}


def _dagster(demands: Demands, clock: Clock) -> _Examination:
    from dagster import DagsterError
    from sqlalchemy.exc import SQLAlchemyError

    from infra.doctor.dagster_instance import dagster_checks

    return _Examination(dagster_checks(demands, clock), (DagsterError, SQLAlchemyError))


def _snowflake(demands: Demands, clock: Clock) -> _Examination:
    from infra.doctor.snowflake import snowflake_checks
    from orchestration.stream.catalog import DEFS
    from snowflake_components.applying.project import read_objects
    from snowflake_components.connection import SnowflakeSettings
    from snowflake_components.errors import SnowflakeError

    checks = snowflake_checks(SnowflakeSettings(), read_objects(DEFS), demands, clock)
    return _Examination(checks, (SnowflakeError,))

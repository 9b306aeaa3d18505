"""All checks of a set-up, in the order of the chain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from botocore.exceptions import BotoCoreError, ClientError
from dagster import DagsterError
from sqlalchemy.exc import SQLAlchemyError

from flink_jobs.contracts.clock import Clock
from flink_jobs.contracts.s3_access import S3Access
from flink_jobs.errors import LandingJobError
from flink_jobs.settings import LandingSettings
from infra.doctor.broker import broker_checks
from infra.doctor.bucket import BucketProbe, bucket_checks
from infra.doctor.checks import Area, Check, Finding, examine
from infra.doctor.dagster_instance import dagster_checks
from infra.doctor.demands import Demands
from infra.doctor.jars import jar_checks
from infra.doctor.snowflake import snowflake_checks
from infra.local.streams import streams
from orchestration.landing.clients.kafka import KafkaBroker
from orchestration.landing.errors import LandingError
from orchestration.stream.catalog import DEFS
from orchestration.stream.document import StreamDocument
from producers.kafka import KafkaAccess
from snowflake_components.applying.project import read_objects
from snowflake_components.connection import SnowflakeSettings
from snowflake_components.errors import SnowflakeError

_ERRORS = (BotoCoreError, ClientError, DagsterError, LandingError, LandingJobError, SnowflakeError, SQLAlchemyError)


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
    documents = [entry.document for entry in streams()]
    asked: Mapping[Area, Callable[[], Iterator[Check]]] = {
        Area.BROKER: lambda: broker_checks(KafkaBroker(KafkaAccess()), documents, demands),
        Area.LANDING_JOB: lambda: jar_checks(LandingSettings().flink_home),
        Area.BUCKET: lambda: _buckets(documents, demands, clock),
        Area.DAGSTER: lambda: dagster_checks(demands, clock),
        Area.SNOWFLAKE: lambda: snowflake_checks(SnowflakeSettings(), read_objects(DEFS), demands, clock),
    }
    for area, checks in asked.items():
        if area in areas:
            yield from examine(checks(), _ERRORS)


def _buckets(documents: Collection[StreamDocument], demands: Demands, clock: Clock) -> Iterator[Check]:
    """Yield the checks of each bucket, at the first stream that has it."""
    first = {document.bucket: document.prefix for document in reversed(tuple(documents))}
    for name, prefix in first.items():
        yield from bucket_checks(BucketProbe.of(S3Access(), name, prefix), demands, clock)

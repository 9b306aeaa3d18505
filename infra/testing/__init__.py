"""Containers of the chain for the tests of any project: docs/testing.md."""

from infra.testing.dagster import DagsterContainer, PostgresContainer
from infra.testing.kafka import KafkaContainer
from infra.testing.landing_job import LandingJobContainer
from infra.testing.local_snowflake import LocalSnowflakeContainer
from infra.testing.object_store import ObjectStoreContainer

__all__ = [
    "DagsterContainer",
    "KafkaContainer",
    "LandingJobContainer",
    "LocalSnowflakeContainer",
    "ObjectStoreContainer",
    "PostgresContainer",
]

"""Fixtures of the containers, one of each in a session: `pytest_plugins = ["infra.testing.pytest_plugin"]`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from testcontainers.core.network import Network

from infra.testing.kafka import KafkaContainer
from infra.testing.landing_job import LandingJobContainer
from infra.testing.local_snowflake import LocalSnowflakeContainer
from infra.testing.object_store import ObjectStoreContainer
from infra.testing.stream import Chain, StreamUnderTest

NewJob = Callable[..., LandingJobContainer]
NewStream = Callable[..., StreamUnderTest]


@pytest.fixture(scope="session")
def chain_network() -> Iterator[Network]:
    """The network of the containers."""
    with Network() as network:
        yield network


@pytest.fixture(scope="session")
def kafka_container(chain_network: Network) -> Iterator[KafkaContainer]:
    """A broker."""
    with KafkaContainer(chain_network) as kafka:
        yield kafka


@pytest.fixture(scope="session")
def object_store_container(chain_network: Network) -> Iterator[ObjectStoreContainer]:
    """An S3 server with the bucket `hourglass`."""
    with ObjectStoreContainer(chain_network) as store:
        yield store


@pytest.fixture(scope="session")
def local_snowflake_container(
    chain_network: Network, object_store_container: ObjectStoreContainer
) -> Iterator[LocalSnowflakeContainer]:
    """A local Snowflake that reads the S3 server; login and queries do not ask the metadata servers of three clouds."""
    with (
        pytest.MonkeyPatch.context() as patch,
        LocalSnowflakeContainer(chain_network, object_store_container) as snowflake,
    ):
        patch.setenv("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")
        yield snowflake


@pytest.fixture
def new_landing_job(
    chain_network: Network, kafka_container: KafkaContainer, object_store_container: ObjectStoreContainer
) -> Iterator[NewJob]:
    """Start landing jobs: `new_landing_job("orders", codec="plain")`; create the topic of that name before.

    All end with the test.
    """
    with ExitStack() as jobs:

        def start(stream: str, **changes: Any) -> LandingJobContainer:
            job = LandingJobContainer.of(chain_network, kafka_container, object_store_container, stream, **changes)
            return jobs.enter_context(job)

        yield start


@pytest.fixture
def new_stream(
    chain_network: Network,
    kafka_container: KafkaContainer,
    object_store_container: ObjectStoreContainer,
    local_snowflake_container: LocalSnowflakeContainer,
) -> Iterator[NewStream]:
    """Run the stream of a folder of documents: `new_stream("orchestration/defs/orders")`. All end with the test."""
    chain = Chain(chain_network, kafka_container, object_store_container, local_snowflake_container)
    with ExitStack() as streams:

        def start(folder: str | Path, **changes: Any) -> StreamUnderTest:
            return streams.enter_context(StreamUnderTest(chain, Path(folder), **changes))

        yield start

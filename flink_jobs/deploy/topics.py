"""Count the partitions of topics. The deploy commands reach Kafka only through this module."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from flink_jobs.errors import SetupError, UnreachableError
from producers.kafka import KafkaAccess

ANSWER_SECONDS_MAX = 8.0
TRY_SECONDS = 1.0
_SILENT = {"log_level": 0, "reconnect.backoff.ms": 500, "reconnect.backoff.max.ms": 2000}
"""Without this the client logs twenty lines a second while a broker is away."""


class Broker:
    """Ask about topics.

    Args:
        access: addresses and login.
        clock: monotonic seconds.
    """

    def __init__(self, access: KafkaAccess, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._clock = clock

    def partitions(self, topics: Iterable[str]) -> Mapping[str, int]:
        """Count the partitions of those topics that exist.

        Raises:
            UnreachableError: no broker answers within `ANSWER_SECONDS_MAX`.
            SetupError: a broker refuses our login, or shows a certificate that we do not trust.
        """
        known = self._ask()
        return {topic: len(known[topic].partitions) for topic in topics if topic in known}

    def _ask(self) -> Mapping[str, Any]:
        errors: list[KafkaError] = []
        client = self._connect(errors)
        give_up_at = self._clock() + ANSWER_SECONDS_MAX
        while True:
            try:
                topics: Mapping[str, Any] = client.list_topics(timeout=TRY_SECONDS).topics
            except KafkaException as exc:
                client.poll(0)
                self._refuse_if_hopeless([*errors, exc.args[0]], exc, out_of_time=self._clock() >= give_up_at)
            else:
                return topics

    def _connect(self, errors: list[KafkaError]) -> AdminClient:
        settings: dict[str, Any] = {**self._access.librdkafka(), **_SILENT, "error_cb": errors.append}
        try:
            return AdminClient(settings, logger=None)
        except (KafkaException, ValueError) as exc:
            raise SetupError(
                f"Kafka's client refuses the settings ({exc}): check {self._access.login_variables}"
            ) from exc

    def _refuse_if_hopeless(self, errors: list[KafkaError], exc: KafkaException, *, out_of_time: bool) -> None:
        if refusal := self._access.refusal(errors):
            raise SetupError(refusal) from exc
        if out_of_time:
            raise UnreachableError(self._access.absence(errors[0])) from exc

"""Mock brokers of librdkafka: they use the real protocol, and fail on request."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import confluent_kafka

PRODUCE, INIT_PRODUCER_ID = 0, 22
"""Numbers of requests in Kafka's protocol."""

_FOLDER = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
_POINTER, _TEXT, _INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int


class MockKafka:
    """A cluster with one topic `platform-events`. It has neither durable storage nor ACLs."""

    def __init__(self, brokers: int = 1, partitions: int = 4) -> None:
        self._lib = ctypes.CDLL(str(next(_FOLDER.glob("librdkafka*"))))
        handle_text = ctypes.create_string_buffer(512)
        self._handle = self._call("new", _POINTER, _INT(0), self._call("conf_new", _POINTER), handle_text, _INT(512))
        self._cluster = self._call("mock_cluster_new", _POINTER, self._handle, _INT(brokers))
        self._mock("topic_create", _TEXT(b"platform-events"), _INT(partitions), _INT(brokers))
        self.brokers = brokers
        self.servers: str = self._call("mock_cluster_bootstraps", _TEXT, self._cluster).decode()

    def fail_next(self, *codes: int, request: int = PRODUCE) -> None:
        """Answer the next requests of a kind with these error codes, one each."""
        errors = (ctypes.c_int * len(codes))(*codes)
        self._mock("push_request_errors_array", ctypes.c_int16(request), ctypes.c_size_t(len(codes)), errors)

    def set_down(self, *, down: bool = True) -> None:
        """Stop all brokers, or start them again."""
        for broker in range(1, self.brokers + 1):
            self._mock("broker_set_down" if down else "broker_set_up", _INT(broker))

    def close(self) -> None:
        """Destroy the cluster."""
        self._call("mock_cluster_destroy", None, self._cluster)
        self._call("destroy", None, self._handle)

    def _mock(self, name: str, *arguments: object) -> None:
        self._call(f"mock_{name}", _INT, self._cluster, *arguments)

    def _call(self, name: str, returns: type | None, *arguments: object) -> Any:
        function = getattr(self._lib, f"rd_kafka_{name}")
        function.restype = returns
        result = function(*arguments)
        # a bare integer would be passed on as 32 bits
        return _POINTER(result) if returns is _POINTER else result


@contextmanager
def mock_kafka(brokers: int = 1) -> Iterator[MockKafka]:
    """Run a cluster for a test."""
    cluster = MockKafka(brokers)
    try:
        yield cluster
    finally:
        cluster.close()

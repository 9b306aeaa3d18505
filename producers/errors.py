"""What can go wrong between a producer and Kafka.

ProducerError
├── ProducerSetupError          nothing was sent: repair the configuration or the broker, then start again
│   ├── BrokerUnavailableError
│   ├── AuthenticationError
│   └── TopicMissingError
├── EventTooLargeError          this event can never be sent
├── RecordRefusedError          the client library refuses this record at once
├── QueueFullError              the broker takes nothing for longer than the limit: the same send may be tried again
├── FatalProducerError          this producer can send nothing any more: flush, report, leave
└── ClosedProducerError         a send after the end: a mistake in the caller
"""

from __future__ import annotations


class ProducerError(Exception):
    """Every error that sending raises; the message names the repair."""


class ProducerSetupError(ProducerError):
    """The producer cannot start: nothing was sent."""


class BrokerUnavailableError(ProducerSetupError):
    """No broker answers at the configured addresses."""


class AuthenticationError(ProducerSetupError):
    """The broker refuses the credentials or the certificate."""


class TopicMissingError(ProducerSetupError):
    """The topic does not exist, or these credentials may not see it."""


class EventTooLargeError(ProducerError):
    """The event is over the limit; the message has its size and never its content."""


class RecordRefusedError(ProducerError):
    """The client library did not take the record, for a reason that trying again does not change."""


class QueueFullError(ProducerError):
    """The queue of unsent records stayed full for the whole limit; the record was not taken."""


class FatalProducerError(ProducerError):
    """The idempotent producer lost its guarantees: it must not continue, records in flight are unknown."""


class ClosedProducerError(ProducerError):
    """The producer was closed before this call."""

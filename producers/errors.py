"""Errors of the producer.

ProducerError
├── ProducerSetupError          nothing was sent: repair the settings or the broker, then start again
│   ├── BrokerUnavailableError
│   ├── AuthenticationError
│   └── TopicMissingError
├── EventTooLargeError          this event can never be sent
├── RecordRefusedError          the client library refuses this record
├── QueueFullError              the broker accepted nothing for longer than the limit: send the event again later
├── FatalProducerError          this producer cannot send any more: close it and start a new one
└── ClosedProducerError         `send` after `close`: a defect of the caller
"""

from __future__ import annotations


class ProducerError(Exception):
    """Base of the errors of the producer; the message names the repair."""


class ProducerSetupError(ProducerError):
    """The producer cannot start: nothing was sent."""


class BrokerUnavailableError(ProducerSetupError):
    """No broker answers at the configured addresses."""


class AuthenticationError(ProducerSetupError):
    """The broker refuses the credentials or the certificate."""


class TopicMissingError(ProducerSetupError):
    """The topic does not exist, or these credentials have no right to see it."""


class EventTooLargeError(ProducerError):
    """The event is larger than the limit; the message has its size and never its content."""


class RecordRefusedError(ProducerError):
    """The client library refused the record; a retry does not help."""


class QueueFullError(ProducerError):
    """The queue stayed full for the whole limit; the record was not queued."""


class FatalProducerError(ProducerError):
    """The idempotent producer lost its guarantees; the outcome of records in flight is unknown."""


class ClosedProducerError(ProducerError):
    """The producer is closed."""

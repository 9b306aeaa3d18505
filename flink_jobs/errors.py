"""What can go wrong around the landing job, each with a message that names the repair.

LandingJobError
├── UnreachableError     broker, bucket or REST interface does not answer: may be tried again
├── SetupError           a setting, topic, bucket or installation is not as the job needs it
├── AlreadyRunsError     a job of this data folder lives
├── LeaseHeldError       a job of another data folder, or of another machine, holds the stream
├── LeaseLostError       this job no longer holds its stream: its lease ran out, or another job has taken it
├── NotRunningError      there is no job to stop or to ask
├── ObjectGoneError      an object of the bucket is not there
├── TopicChangedError    a topic is not the one that has landed, or its log is shorter than what has landed
├── TopicUnchangedError  a new topic was to be accepted, and every topic is the one that has landed
├── RestoreRefusedError  no restore point is as new as the ledger, readable, and of this stream and topic
├── JobFailedError       the job's process ended, or did not reach its state in time
│   └── NoSavepointError the job cannot make a savepoint now, so it was not stopped
├── JobCancelledError    the job was ended without a savepoint
└── UpgradeFailedError   a new jar did not work; the message names the one that runs now
"""

from __future__ import annotations


class LandingJobError(Exception):
    """The landing job cannot be started, stopped or queried; the message names the repair."""


class UnreachableError(LandingJobError):
    """An outside system does not answer. Trying again later can help."""


class SetupError(LandingJobError):
    """A setting, topic, bucket or installation is not as the job needs it. Trying again cannot help."""


class AlreadyRunsError(LandingJobError):
    """A job of this data folder lives: two jobs would land every record twice."""


class LeaseHeldError(LandingJobError):
    """Another living job lands on the same path."""


class LeaseLostError(LandingJobError):
    """The lease ran out, or another job has taken the stream: this job must not land anything more."""


class NotRunningError(LandingJobError):
    """There is no job to stop or to ask."""


class ObjectGoneError(LandingJobError):
    """An object of the bucket is not there, though it was listed or named."""


class TopicChangedError(LandingJobError):
    """A topic is not the one that has landed, or its log is shorter: the same offsets count other records."""


class TopicUnchangedError(LandingJobError):
    """A new topic was to be accepted, and every topic is the one that has landed."""


class RestoreRefusedError(LandingJobError):
    """Data has landed, and no restore point is as new as it: a start would land records twice, or lose them."""


class JobFailedError(LandingJobError):
    """The job's process ended or did not reach its state in time."""


class NoSavepointError(JobFailedError):
    """The job cannot make a savepoint now, so it was not stopped."""


class JobCancelledError(LandingJobError):
    """The job was ended without a savepoint: the next start continues from its newest checkpoint."""


class UpgradeFailedError(LandingJobError):
    """A new jar of the job did not work."""

"""Name the corrupt objects of an hour whose rows are not queryable: a cut line, other bytes than the suffix promises.

An hour that passes costs no read. An object without bytes is found earlier, in the listing (`checks.compare_objects`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from orchestration.landing.clients.s3 import Bucket
from orchestration.landing.comparison.checks import Comparison
from orchestration.landing.proof.seal import Seal, SealedObject
from orchestration.landing.verification.lines import unreadable_lines
from snowflake_components.errors import SnowflakeError, SnowflakeUnavailableError

READ_BYTES_MAX = 256 * 1024 * 1024
"""Objects are read until so many bytes; `hourglass hours verify --read` reads all of them."""
_NAMED_MAX = 10


def naming_corrupt_objects(bucket: Bucket, seal: Seal, compare: Callable[[], Comparison]) -> Comparison:
    """Compare the rows of an hour; if they differ or cannot be read, read the objects and name the corrupt ones.

    Raises:
        SnowflakeError: the rows cannot be read, and no object is corrupt.
    """
    try:
        comparison = compare()
    except SnowflakeUnavailableError:
        raise
    except SnowflakeError as exc:
        corrupt = _corrupt(bucket, seal)
        if not corrupt:
            raise
        return _named(Comparison(False, f"{seal.hour}: its rows cannot be read: {exc}"), seal, corrupt)
    return comparison if comparison.passed else _named(comparison, seal, _corrupt(bucket, seal))


def _named(comparison: Comparison, seal: Seal, corrupt: list[str]) -> Comparison:
    numbers = {"revision": seal.revision, **comparison.numbers, "corrupt_object": corrupt[:_NAMED_MAX]}
    first = f"; {len(corrupt)} corrupt objects, the first is {corrupt[0]}" if corrupt else ""
    return Comparison(False, f"{comparison.sentence}{first}", numbers)


def _corrupt(bucket: Bucket, seal: Seal) -> list[str]:
    return [f"{key}: {what}" for key, what in unreadable_lines(bucket, _first_bytes(seal))]


def _first_bytes(seal: Seal) -> Iterator[SealedObject]:
    left = READ_BYTES_MAX
    for item in seal.landing().values():
        left -= item.bytes
        if left < 0:
            return
        yield item

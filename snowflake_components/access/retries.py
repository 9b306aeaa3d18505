"""The pauses between the connector's own retries of one request, for a limited time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from snowflake.connector.errors import OperationalError

_PAUSE_SECONDS_MAX = 16


def pauses(seconds_max: float, monotonic: Callable[[], float] = time.monotonic) -> Iterator[int]:
    """Yield 1, 2, 4 to 16 seconds, while less than `seconds_max` passed since the first failure.

    The connector's own limit, `network_timeout`, also cancels a statement that takes as long while the server answers.

    Raises:
        OperationalError: of the connector, as for a server that is gone.
    """
    pause = 1
    # the connector takes the first pause before it sends the request, and the next ones after a failure
    yield pause
    started = monotonic()
    while True:
        pause = min(2 * pause, _PAUSE_SECONDS_MAX)
        yield pause
        if monotonic() - started > seconds_max:
            raise OperationalError(msg=f"no answer since {seconds_max:.0f} s", errno=250003)

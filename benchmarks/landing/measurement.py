"""Run one measurement (peer, codec, topic, run) in a separate process that adopts every process it starts.

`python -m benchmarks.landing.measurement` reads an `Order` as JSON from its standard input and writes an `Outcome`
to the file that the order names. Its own CPU time, polling included, is not counted.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.landing.counting.usage import Usage, measured
from benchmarks.landing.peer import PeerFailed, Task
from benchmarks.landing.peers.hourglass import Hourglass
from benchmarks.landing.registry import peer_named

STARTS_AFTER_KILL_MAX = 3


@dataclass(frozen=True, slots=True)
class Order:
    """What to measure.

    Args:
        peer: its name.
        task: its work.
        kill_after_seconds: kill -9 all of its processes after this time, and run it again; None for no fault.
        limit_seconds: kill everything that takes longer; the measurement then fails.
        outcome: file to write to.
        parallelism: of ours; each peer has the one that suits it best.
        by_counters: watch ours through Flink's counters, because it has no ledger.
    """

    peer: str
    task: Task
    kill_after_seconds: float | None
    limit_seconds: float
    outcome: Path
    parallelism: int = 1
    by_counters: bool = False

    def to_json(self) -> str:
        """Return the order as JSON; `from_json` reads it."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Order:
        """Read an order."""
        read: dict[str, Any] = json.loads(text)
        folders = {name: Path(read["task"][name]) for name in ("work_dir", "install_dir")}
        return cls(**{**read, "task": Task(**{**read["task"], **folders}), "outcome": Path(read["outcome"])})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an order; `failure` is the reason why a peer did not land everything, else None."""

    usage: Usage
    killed: bool
    failure: str | None


def carry_out(order: Order) -> Outcome:
    """Run the peer and count what it spends."""
    peer = (
        Hourglass(order.parallelism, by_counters=order.by_counters)
        if order.peer == "hourglass"
        else peer_named(order.peer)
    )
    failures: list[str] = []

    def work() -> None:
        for _ in range(STARTS_AFTER_KILL_MAX if order.kill_after_seconds else 1):
            try:
                peer.run(order.task)
            except PeerFailed as exc:
                failures.append(str(exc))
            else:
                failures.clear()
                return

    usage, killed = measured(work, limit_seconds=order.limit_seconds, kill_after_seconds=order.kill_after_seconds)
    return Outcome(usage, killed, failures[-1] if failures else None)


if __name__ == "__main__":
    the_order = Order.from_json(sys.stdin.read())
    the_order.outcome.write_text(json.dumps(asdict(carry_out(the_order))))

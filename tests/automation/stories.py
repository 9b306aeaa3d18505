"""Twelve stories of a day behind hourly data: what happens, what Dagster's `eager()` builds, and what `proven` builds.

A story is a function that does things to its world and yields where the automation may act. The two lists of a story
have what was built at each of these moments: days, `all` for the asset behind the days, in the order of the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

OLD, LAST = "old", "last"
"""Three days ago, and yesterday: the latest time window, to which `eager()` keeps."""
ALL_DAY = range(24)


class StoryWorld(Protocol):
    """What a story can do."""

    def publish(self, day: str, hours: Iterable[int], version: str = "1") -> None:
        """Publish hours of a day, or amend them with another version."""

    def model(self, name: str, day: str, hours: Iterable[int]) -> None:
        """Build the hourly model of some hours, as the runs of these hours do."""

    def build(self, day: str, *, code: str = "1", amended_meanwhile: int | None = None) -> None:
        """Build a day by hand with some code, and the table of all days.

        An hour may be amended after the build of the day has read its inputs.
        """

    def fail(self, is_failing: bool) -> None:
        """Let every build of a day fail, or let them succeed again."""

    def wait(self, minutes: int) -> None:
        """Let time pass."""


Steps = Callable[[StoryWorld], Iterator[None]]


@dataclass(frozen=True)
class Story:
    """One row of the table.

    Args:
        name: of the story.
        happens: in one sentence.
        steps: what happens.
        eager: what `eager()` builds at each moment.
        proven: what `proven` builds at each moment; it is what is right.
        models: hourly models between the published hours and the day; without one, the day reads the hours.
        reads_hours: whether the day reads the published hours beside its models.
        first_hour: of LAST, before which the hours have no partitions.
    """

    name: str
    happens: str
    steps: Steps
    eager: Sequence[Sequence[str]]
    proven: Sequence[Sequence[str]]
    models: tuple[str, ...] = ()
    reads_hours: bool = False
    first_hour: int | None = None


def late(world: StoryWorld) -> Iterator[None]:
    world.publish(OLD, range(23))
    yield
    world.publish(OLD, [23])
    yield


def amended(world: StoryWorld) -> Iterator[None]:
    world.publish(OLD, ALL_DAY)
    world.build(OLD)
    yield
    world.publish(OLD, [5], "2")
    yield


def missing(world: StoryWorld) -> Iterator[None]:
    yield
    world.publish(LAST, range(5, 24))
    yield


def failed(world: StoryWorld) -> Iterator[None]:
    yield
    world.fail(True)
    world.publish(LAST, ALL_DAY)
    yield
    world.fail(False)
    world.wait(6)
    yield


def cancelled(world: StoryWorld) -> Iterator[None]:
    world.publish(LAST, ALL_DAY)
    world.model("model", LAST, ALL_DAY)
    world.build(LAST)
    yield
    world.publish(LAST, [5], "2")  # and the run is cancelled before its model
    yield
    world.model("model", LAST, [5])
    yield


def code_version(world: StoryWorld) -> Iterator[None]:
    world.publish(OLD, ALL_DAY)
    world.build(OLD, code="0")
    yield


def reload(world: StoryWorld) -> Iterator[None]:
    world.publish(LAST, ALL_DAY)
    world.build(LAST)
    world.publish(LAST, [5], "2")
    yield


def two_parents(world: StoryWorld) -> Iterator[None]:
    world.publish(LAST, ALL_DAY)
    world.model("left", LAST, ALL_DAY)
    world.model("right", LAST, ALL_DAY)
    world.build(LAST)
    yield
    world.publish(LAST, [5], "2")
    world.model("left", LAST, [5])
    yield
    world.model("right", LAST, [5])
    yield


def reset_in_a_tick(world: StoryWorld) -> Iterator[None]:
    world.publish(LAST, ALL_DAY)
    world.build(LAST)
    yield
    world.build(LAST, amended_meanwhile=5)
    yield


def backfill(world: StoryWorld) -> Iterator[None]:
    world.publish(LAST, ALL_DAY)
    world.model("model", LAST, ALL_DAY)
    world.build(LAST)
    yield
    world.publish(LAST, [5, 6, 7], "2")
    world.model("model", LAST, [5])
    yield
    world.model("model", LAST, [6])
    yield
    world.model("model", LAST, [7])
    yield


def same_content(world: StoryWorld) -> Iterator[None]:
    world.publish(LAST, ALL_DAY)
    world.build(LAST)
    yield
    world.publish(LAST, [5], "1")
    yield


def chain(world: StoryWorld) -> Iterator[None]:
    world.publish(OLD, ALL_DAY)
    world.build(OLD)
    yield
    world.publish(OLD, [5, 6], "2")
    yield


STORIES = (
    Story("late", "The last hour of a day is published two days later.", late, [[], []], [[], [OLD, "all"]]),
    Story(
        "amended", "An hour of a day that was built is amended two days later.", amended, [[], []], [[], [OLD, "all"]]
    ),
    Story(
        "missing", "The hours of a stream begin at 05:00: its first day has 19 of 24.", missing,
        [[], [LAST, "all"]], [[], []], first_hour=5,
    ),
    Story(
        "failed", "The run of the day fails; its cause is gone six minutes later.", failed,
        [[], [], []], [[], [], [LAST, "all"]],
    ),
    Story(
        "cancelled", "The run of an amended hour is cancelled between the publication and its model.", cancelled,
        [[], [LAST], [LAST]], [[], [], [LAST, "all"]], models=("model",), reads_hours=True,
    ),
    Story("code version", "The code version of the day changes.", code_version, [[]], [[OLD, "all"]]),
    Story("reload", "An hour is amended before the first tick after a reload.", reload, [[]], [[LAST, "all"]]),
    Story(
        "two parents", "Two models of an amended hour are built one after the other.", two_parents,
        [[], [LAST], [LAST]], [[], [], [LAST, "all"]], models=("left", "right"),
    ),
    Story(
        "reset in a tick", "An hour is amended while the day is built; one tick sees both.", reset_in_a_tick,
        [[], []], [[], [LAST, "all"]],
    ),
    Story(
        "backfill", "A backfill builds three amended hours again, one after the other.", backfill,
        [[], [LAST], [LAST], [LAST]], [[], [], [], [LAST, "all"]], models=("model",),
    ),
    Story(
        "same content", "An hour is published again with the same content.", same_content, [[], [LAST]], [[], []]
    ),
    Story(
        "chain", "Two hours below a day and a table of all days are amended.", chain, [[], []], [[], [OLD, "all"]]
    ),
)  # fmt: skip
